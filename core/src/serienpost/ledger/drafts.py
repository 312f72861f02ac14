"""Drafts: mailings that somebody writes at the desk, and the files that were given to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Text, cast, or_

from serienpost.errors import LedgerError
from serienpost.ledger.schema import draft, run, uploaded
from serienpost.ledger.states import RELEASED
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from serienpost.config.uploads import UploadKind
    from serienpost.ledger.store import Tx

_ = Texts(__name__)


class DraftRow(NamedTuple):
    """A draft, as `schema.draft` describes it."""

    id: str
    mailing: str
    title: str
    user: str
    version: int
    keys: dict[str, Any]
    selection: str | None
    run: str | None
    run_version: int | None
    created_at: datetime
    saved_at: datetime
    saved_by: str


class UploadRow(NamedTuple):
    """A file that was given to a draft or a selection, as `schema.uploaded` describes it."""

    id: str
    draft: str | None
    kind: UploadKind
    name: str
    size: int
    selection: str | None = None


# By name, since `keys` is a method of a table's columns.
_DRAFT = [draft.c[name] for name in DraftRow._fields]
_UPLOAD = [uploaded.c[name] for name in UploadRow._fields]


def has_drafts(tx: Tx) -> bool:
    """Whether the ledger can hold drafts; an older one with open runs cannot."""
    return tx.has(draft)


def find_draft(tx: Tx, draft_id: str, *, lock: bool = False) -> DraftRow:
    """The draft of this id.

    Args:
        tx: reads or changes the ledger.
        draft_id: the id.
        lock: whether no other process may change it before this transaction ends.

    Raises:
        LedgerError: there is none, or the ledger is too old to hold any.
    """
    tx.require(draft)
    wanted = tx.select(draft, *_DRAFT).where(draft.c.id == draft_id)
    row = tx.first(wanted.with_for_update() if lock else wanted)
    if row is None:
        raise LedgerError(_("there is no draft {draft}", draft=draft_id), hint=_GONE)
    return DraftRow._make(row)


_GONE = _("somebody discarded it, or it was too old to be kept")


def all_drafts(tx: Tx, draft_id: str | None = None) -> list[tuple[DraftRow, str | None]]:
    """All drafts, or one, with the state of the newest run of each, the one that was saved last
    first."""
    of_run = (run.c.practice == draft.c.practice) & (run.c.id == draft.c.run)
    wanted = tx.select(draft, *_DRAFT, run.c.state).select_from(draft.outerjoin(run, of_run))
    if draft_id is not None:
        wanted = wanted.where(draft.c.id == draft_id)
    rows = tx.all(wanted.order_by(draft.c.saved_at.desc(), draft.c.id))
    return [(DraftRow._make(row[:-1]), row[-1]) for row in rows]


def draft_of_run(tx: Tx, run_id: str) -> DraftRow | None:
    """The draft whose newest run this is; None where there is none."""
    if not has_drafts(tx):
        return None
    row = tx.first(tx.select(draft, *_DRAFT).where(draft.c.run == run_id))
    return DraftRow._make(row) if row else None


def add_draft(tx: Tx, row: DraftRow) -> None:
    """Insert a draft."""
    tx.insert(draft, [row._asdict()])


def save_draft(tx: Tx, saved: DraftRow, version: int) -> bool:
    """Write keys, title and selection over those of one version, which becomes the next one.

    Returns:
        False where the draft has another version by now; nothing is changed then.
    """
    values = {name: getattr(saved, name) for name in ("keys", "title", "selection", "saved_by")}
    this = draft.c.id == saved.id, draft.c.version == version
    change = tx.update(draft).where(*this)
    return tx.execute(change.values({**values, "version": version + 1, "saved_at": tx.now})) == 1


def name_run(tx: Tx, draft_id: str, run_id: str, version: int) -> None:
    """Note the newest run of a draft, and which version of it was prepared."""
    made = {"run": run_id, "run_version": version}
    tx.execute(tx.update(draft).where(draft.c.id == draft_id).values(made))


def change_keys(tx: Tx, row: DraftRow, keys: dict[str, Any], title: str, user: str) -> None:
    """Change a draft in between the saves of those who write it: whoever has it open sees both. It
    is kept no longer for that."""
    values = {"keys": keys, "title": title, "version": row.version + 1, "saved_by": user}
    tx.execute(tx.update(draft).where(draft.c.id == row.id).values(values))


def remove_draft(tx: Tx, draft_id: str) -> list[str]:
    """Remove a draft; returns the ids of its files, whose rows are gone too."""
    files = [row.id for row in uploads_of(tx, draft_id)]
    for table, column in ((uploaded, uploaded.c.draft), (draft, draft.c.id)):
        tx.execute(tx.delete(table).where(column == draft_id))
    return files


def old_drafts(tx: Tx, before: datetime) -> list[DraftRow]:
    """The drafts that nobody saved since, and none of whose files a run still reads."""
    wanted = tx.select(draft, *_DRAFT).where(draft.c.saved_at < before)
    rows = map(DraftRow._make, tx.all(wanted.order_by(draft.c.id)))
    return [row for row in rows if not runs_reading(tx, uploads_of(tx, row.id))]


def runs_reading(tx: Tx, uploads: Collection[UploadRow]) -> list[str]:
    """The runs whose people are read again from one of these lists before each message leaves:
    without the list nobody could tell whether they still stand on it."""
    lists = [row.id for row in uploads if row.kind == "list"]
    names = [cast(run.c.header, Text).contains(one, autoescape=True) for one in lists]
    if not names:
        return []
    is_open = run.c.state.in_(("preparing", "prepared", *RELEASED))
    open_runs = tx.select(run, run.c.id).where(is_open, or_(*names))
    return [row.id for row in tx.all(open_runs.order_by(run.c.id))]


def add_upload(tx: Tx, row: UploadRow, user: str) -> None:
    """Note a file that was given to a draft."""
    tx.insert(uploaded, [{**row._asdict(), "added_at": tx.now, "added_by": user}])


def uploads_of(tx: Tx, draft_id: str) -> list[UploadRow]:
    """The files of a draft, the oldest first."""
    c = uploaded.c
    wanted = tx.select(uploaded, *_UPLOAD).where(c.draft == draft_id)
    return [UploadRow._make(row) for row in tx.all(wanted.order_by(c.added_at, c.id))]


def lists_of(tx: Tx, selection_id: str) -> list[UploadRow]:
    """The lists that people of a selection are read from."""
    if not tx.has(uploaded):
        return []
    wanted = tx.select(uploaded, *_UPLOAD).where(uploaded.c.selection == selection_id)
    return [UploadRow._make(row) for row in tx.all(wanted.order_by(uploaded.c.id))]


def waiting_lists(tx: Tx, ids: Collection[str]) -> list[UploadRow]:
    """Those of these lists that wait for a selection."""
    c = uploaded.c
    mine = c.id.in_(ids), c.draft.is_(None), c.selection.is_(None)
    wanted = tx.select(uploaded, *_UPLOAD).where(*mine)
    return [UploadRow._make(row) for row in tx.all(wanted.order_by(c.id))]


def give_lists(tx: Tx, selection_id: str, ids: Collection[str]) -> int:
    """Give lists that wait for a selection to this one; returns how many they were."""
    c = uploaded.c
    mine = c.id.in_(ids), c.draft.is_(None), c.selection.is_(None)
    return tx.execute(tx.update(uploaded).where(*mine).values(selection=selection_id))


def forget_waiting_lists(tx: Tx, before: datetime) -> None:
    """Remove the rows of lists that wait for a selection since before this moment."""
    c = uploaded.c
    waiting = c.draft.is_(None), c.selection.is_(None), c.added_at < before
    tx.execute(tx.delete(uploaded).where(*waiting))


def drafts_writing_to(tx: Tx, selection_id: str) -> list[DraftRow]:
    """The drafts that write to a selection, the one that was saved last first."""
    if not has_drafts(tx):
        return []
    wanted = tx.select(draft, *_DRAFT).where(draft.c.selection == selection_id)
    rows = tx.all(wanted.order_by(draft.c.saved_at.desc(), draft.c.id))
    return [DraftRow._make(row) for row in rows]


def remove_upload(tx: Tx, draft_id: str, upload_id: str) -> bool:
    """Remove the row of a file; False where the draft has no such file."""
    c = uploaded.c
    return tx.execute(tx.delete(uploaded).where(c.draft == draft_id, c.id == upload_id)) == 1


def known_uploads(tx: Tx, ids: Collection[str]) -> set[str]:
    """Those of these files that a draft knows."""
    wanted = tx.select(uploaded, uploaded.c.id).where(uploaded.c.id.in_(ids))
    return {row.id for row in tx.all(wanted)} if has_drafts(tx) else set()


class DraftHead(NamedTuple):
    """The id under which a draft is sent, its title and its keys."""

    mailing: str
    title: str
    keys: dict[str, Any]


def draft_heads(tx: Tx) -> list[DraftHead]:
    """Of all drafts."""
    wanted = tx.select(draft, *(draft.c[name] for name in DraftHead._fields))
    return [DraftHead._make(row) for row in tx.all(wanted)] if has_drafts(tx) else []
