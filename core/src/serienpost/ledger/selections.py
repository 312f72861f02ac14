"""Selections in the ledger: find them, find out that their reader died, what may be done with them.

An older ledger, used as it is while a run is open, has no selections.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import and_, func, select

from serienpost.errors import LedgerError, StillOpenError
from serienpost.ledger.drafts import lists_of, runs_reading
from serienpost.ledger.owners import is_gone
from serienpost.ledger.schema import draft, journal, selected, selection, uploaded
from serienpost.ledger.transitions import move_selection
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import ColumnElement

    from serienpost.ledger.store import Tx

_ = Texts(__name__)


class SelectionRow(NamedTuple):
    """A selection, as `schema.selection` describes it."""

    id: str
    kind: str | None
    account: str | None
    purpose: str | None
    due: str
    header: dict[str, Any]
    state: str
    reason: str | None
    owner: str | None
    created_at: datetime
    created_by: str
    found_at: datetime | None
    read_at: datetime | None

    @property
    def rows(self) -> str:
        """To what the rows belong that it shows now: those that were judged, or only found."""
        return found_in(self.id) if self.kind is None else self.id


class SelectionCounts(NamedTuple):
    """Rows of a selection: `selected`, of these `reachable`, `allowed` and `marked`."""

    selected: int = 0
    reachable: int = 0
    allowed: int = 0
    marked: int = 0


_SELECTION = [selection.c[name] for name in SelectionRow._fields]
_FOUND = "~"
_READER_DIED = _("the process that read it has ended")


def find_selection(tx: Tx, selection_id: str) -> SelectionRow:
    """The selection of this id.

    Raises:
        LedgerError: there is none.
    """
    tx.require(selection)
    row = tx.first(tx.select(selection, *_SELECTION).where(selection.c.id == selection_id))
    if row is None:
        raise _missing(selection_id)
    return SelectionRow._make(row)


def lock_selection(tx: Tx, selection_id: str) -> SelectionRow:
    """The selection of this id, which no other process changes before this transaction ends; one
    whose reader died has failed.

    Raises:
        LedgerError: there is none.
    """
    tx.require(selection)
    mine = tx.select(selection, *_SELECTION).where(selection.c.id == selection_id)
    row = tx.first(mine.with_for_update())
    if row is None:
        raise _missing(selection_id)
    found = SelectionRow._make(row)
    if found.owner is None or not is_gone(tx, found.owner):
        return found
    end_reading(tx, found.id, "failed", reason=_READER_DIED)
    return found._replace(state="failed", owner=None, reason=_READER_DIED)


def require_ready(tx: Tx, selection_id: str) -> SelectionRow:
    """The selection of this id, whose people were judged, and which no other process changes before
    this transaction ends.

    Raises:
        LedgerError: there is none, it could not be read, or its people were only found.
        StillOpenError: it is being read.
    """
    row = require_read(tx, selection_id)
    if row.state == "found":
        raise LedgerError(
            _("the people of selection {selection} are not checked yet", selection=selection_id),
            hint=_("say for which kind of contact and purpose, and check them"),
        )
    return row


def require_read(tx: Tx, selection_id: str) -> SelectionRow:
    """The selection of this id, whose people were found or judged, and which no other process
    changes before this transaction ends.

    Raises:
        LedgerError: there is none, or it could not be read.
        StillOpenError: it is being read.
    """
    row = lock_selection(tx, selection_id)
    if row.state == "reading":
        raise StillOpenError(
            _("selection {selection} is being read", selection=selection_id),
            hint=_("wait until that is done"),
        )
    if row.state == "failed":
        raise LedgerError(
            _(
                "selection {selection} could not be read: {why}",
                selection=selection_id,
                why=row.reason or "",
            ),
            hint=_("check it again"),
        )
    return row


def all_selections(tx: Tx) -> list[SelectionRow]:
    """All selections, the newest first."""
    if not tx.has(selection):
        return []
    c = selection.c
    newest = tx.select(selection, *_SELECTION).order_by(c.created_at.desc(), c.id)
    return list(map(SelectionRow._make, tx.all(newest)))


def count_selected(tx: Tx, *ids: str) -> dict[str, SelectionCounts]:
    """The counts of what rows belong to (see `SelectionRow.rows`); of what has none nothing."""
    c = selected.c
    counts = tx.select(
        selected,
        c.selection,
        func.count().label("selected"),
        func.count().filter(c.unreachable.is_(None)).label("reachable"),
        func.count().filter(c.allowed).label("allowed"),
        func.count().filter(c.marked).label("marked"),
    )
    rows = tx.all(counts.where(c.selection.in_(ids)).group_by(c.selection))
    return {row.selection: SelectionCounts(*row[1:]) for row in rows}


def reading_into(selection_id: str) -> str:
    """To what the rows belong that are being read; no selection is called so."""
    return f"{selection_id}+"


def found_in(selection_id: str) -> str:
    """To what the rows belong that were found and not judged; no selection is called so."""
    return f"{selection_id}{_FOUND}"


def of_selection() -> ColumnElement[bool]:
    """The condition that a row belongs to a selection, be it judged or only found."""
    c, s = selected.c, selection.c
    return and_(s.practice == c.practice, c.selection.in_((s.id, s.id + _FOUND)))


def end_reading(tx: Tx, selection_id: str, state: str, **values: Any) -> int:  # noqa: ANN401
    """End the reading of a selection without what was read; returns 1, or 0 where nobody read."""
    tx.execute(tx.delete(selected).where(selected.c.selection == reading_into(selection_id)))
    return move_selection(tx, selection_id, "reading", state, **values)


def forget_selection(tx: Tx, selection_id: str) -> list[str]:
    """Remove a selection with its rows and what the journal tells of it; returns the ids of its
    files, whose rows are gone too."""
    files = [row.id for row in lists_of(tx, selection_id)]
    tx.execute(tx.delete(uploaded).where(uploaded.c.selection == selection_id))
    for one in (selection_id, reading_into(selection_id), found_in(selection_id)):
        tx.execute(tx.delete(selected).where(selected.c.selection == one))
    tx.execute(tx.delete(journal).where(journal.c.run == selection_id))
    tx.execute(tx.delete(selection).where(selection.c.id == selection_id))
    return files


def old_selections(
    tx: Tx, before: datetime, *, without_drafts: Collection[str] = ()
) -> dict[str, datetime]:
    """The selections that were asked for before this moment, and when, but for those that a draft
    writes to or that a run still reads a list of; as if some drafts were not there."""
    if not tx.has(selection):
        return {}
    used = select(draft.c.selection).where(
        draft.c.practice == tx.practice,
        draft.c.selection.is_not(None),
        draft.c.id.not_in(without_drafts),
    )
    c = selection.c
    mine = c.created_at < before, c.id.not_in(used)
    old = tx.all(tx.select(selection, c.id, c.created_at).where(*mine).order_by(c.id))
    return {row.id: row.created_at for row in old if not runs_reading(tx, lists_of(tx, row.id))}


def _missing(selection_id: str) -> LedgerError:
    return LedgerError(
        _("there is no selection {selection}", selection=selection_id),
        hint=_("it may be over its time, or somebody has discarded it; choose the people again"),
    )
