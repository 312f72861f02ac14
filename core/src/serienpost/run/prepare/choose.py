"""People chosen before there is a text: asked for, read, judged; each reading replaces the last.

They may be found first (number, name and occasion alone) and judged later, for a kind of contact
and a purpose that somebody names then: those that are marked among them. Or both at once.

Rows are read as those of a run (`batches.py`) and judged as those of a run (`decide_rows` in
`review.py`), but for nothing of a text: no macro has a value, and no source is asked for a field
that the address, the name and the number do not need. While they are read they belong to nothing
that anybody sees; the last transaction puts them in the place of those that were read before.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from serienpost.config.uploads import naming_uploads
from serienpost.contracts.rows import CountsFromLastRun
from serienpost.errors import (
    ConfigError,
    LedgerError,
    Problem,
    SerienpostError,
    StillOpenError,
    cause_of,
)
from serienpost.gc_tuning import seldom_collected
from serienpost.ledger.drafts import drafts_writing_to, give_lists, lists_of, runs_reading
from serienpost.ledger.owners import ownership
from serienpost.ledger.reviewed import rows_of_selection
from serienpost.ledger.schema import selected, selection
from serienpost.ledger.selections import (
    SelectionCounts,
    SelectionRow,
    count_selected,
    end_reading,
    found_in,
    lock_selection,
    reading_into,
    require_read,
)
from serienpost.ledger.store import new_ref
from serienpost.ledger.transitions import NEW_SELECTION, move_selection
from serienpost.run.prepare.batches import batches
from serienpost.run.prepare.people import People
from serienpost.run.prepare.people_check import (
    address_problems,
    check_selections,
    consent_problems,
    placed_at,
    told_by_sources,
)
from serienpost.run.prepare.plan import Block, Scope, plain_selection
from serienpost.run.prepare.reasons import because
from serienpost.run.prepare.review import decide_rows, row_columns
from serienpost.run.prepare.stable_ids import UNSTABLE_IDS
from serienpost.run.prepare.uploaded_files import as_uploads
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from datetime import date

    from sqlalchemy import ColumnElement

    from serienpost.config.mailing import Mailing
    from serienpost.context import PracticeContext
    from serienpost.contracts.rows import Row
    from serienpost.ledger.store import Ledger, Tx

_ = Texts(__name__)

# What a row says that a person unmarked, and how `because` calls it.
BY_HAND = "excluded"
UNMARKED: dict[str, Any] = {
    "code": BY_HAND,
    "reason": _("unmarked in the review"),
    "includable": True,
}
# Of people who are known by their place in a file alone, which was changed since then.
_UNKNOWN: dict[str, Any] = {
    "code": "not_known_again",
    "reason": _("new since the list was changed, after people had been unmarked in it"),
    "includable": True,
}
# Of people who were found and not judged; nobody is marked before a person marks them.
_FOUND = {"allowed": False, "marked": False}
# What stays when the people are read anew.
_KEPT = {one["code"]: one for one in (UNMARKED, _UNKNOWN)}


class ReadLaterError(Exception):
    """This process reads no more; another one is to do it."""


def check_hits(context: PracticeContext, mailing: Mailing, due: date) -> People:
    """Check whom somebody looks for, before a kind of contact, an account and a purpose are named.

    Args:
        context: the practice.
        mailing: without a text, as loaded and validated by its models; its account and purpose say
            nothing.
        due: the date that relative days count from.

    Raises:
        SerienpostError: all problems at once.
    """
    scope = Scope(
        kind="",
        channel="",
        account="",
        purpose="",
        due=due.isoformat(),
        blocks=tuple(Block(one.source, plain_selection(one.selection)) for one in mailing.blocks),
        limit=mailing.row_limit,
        order_by=mailing.order,
        extra=told_by_sources(context, mailing),
    )
    people = People(context, scope)
    check_selections(mailing, people)
    if problems := list(_counting_problems(people, mailing)):
        raise ConfigError(*problems)
    return people


def check_people(context: PracticeContext, mailing: Mailing, due: date) -> People:
    """Check whom a mailing without a text is for, as `check_mailing` does.

    Args:
        context: the practice.
        mailing: as loaded and validated by its models.
        due: the date that relative days count from.

    Raises:
        SerienpostError: all problems at once.
    """
    account = context.config.accounts[mailing.account]
    channel = context.registry.channels[account.channel]
    scope = replace(
        check_hits(context, mailing, due).header,
        kind=context.registry.kind(channel).name,
        channel=channel.name,
        account=mailing.account,
        purpose=mailing.purpose,
    )
    people = People(context, scope)
    if problems := [*consent_problems(context, mailing), *address_problems(people)]:
        raise ConfigError(*problems)
    return people


def _counting_problems(people: People, mailing: Mailing) -> Iterator[Problem]:
    """A selection belongs to no mailing, so that nothing counts from the last run of one."""
    for block in people.blocks:
        source = block.source
        if isinstance(source, CountsFromLastRun):
            written = source.since_last_run(block.selection, people.due, None)
            if written != block.selection:
                said = _("this counts from the last run of a mailing; a selection belongs to none")
                yield placed_at(mailing, "select", Problem(said, _("write the days that you mean")))


def ask(people: People, ledger: Ledger, user: str, lists: Collection[str] = ()) -> str:
    """Note that these people are to be read; returns the id of the selection.

    Args:
        people: whom to read, and what to judge them by, if anything.
        ledger: the practice's ledger.
        user: who asks; recorded.
        lists: ids of files that wait for a selection, and are its own from now on.

    Raises:
        LedgerError: an older ledger, which cannot hold it; or such a file is gone.
    """
    scope = people.header
    with ledger.begin("selection", counted=False) as tx:
        tx.require(selection)
        selection_id = _new_id(scope.due)
        while tx.first(tx.select(selection, selection.c.id).where(selection.c.id == selection_id)):
            selection_id = _new_id(scope.due)
        row = {
            "id": selection_id,
            **_judged_by(scope),
            "due": scope.due,
            "state": NEW_SELECTION,
            "created_at": tx.now,
            "created_by": user,
        }
        tx.insert(selection, [row])
        if lists and give_lists(tx, selection_id, lists) != len(lists):
            raise LedgerError(_("the list is no longer there"), hint=_("choose it again"))
        tx.note(user, "select", selection_id)
    return selection_id


def _judged_by(scope: Scope) -> dict[str, Any]:
    """What a scope says people are judged by, as the ledger keeps it."""
    return {
        "kind": scope.kind or None,
        "account": scope.account or None,
        "purpose": scope.purpose or None,
        "header": scope.to_json(),
    }


def ask_to_check(people: People, ledger: Ledger, selection_id: str, user: str) -> None:
    """Note that the people who are marked among those found are to be read and judged.

    Args:
        people: whom the selection found, and what to judge them by.
        ledger: the practice's ledger.
        selection_id: a selection whose people were found.
        user: who asks; recorded.

    Raises:
        LedgerError: nobody is marked, or they are checked already.
        StillOpenError: its people are being read.
    """
    with ledger.begin("selection", counted=False) as tx:
        row = require_read(tx, selection_id)
        if row.state != "found":
            raise LedgerError(
                _("the people of selection {selection} are checked already", selection=row.id)
            )
        hits = found_in(row.id)
        if not count_selected(tx, hits).get(hits, SelectionCounts()).marked:
            raise LedgerError(_("nobody is marked"), hint=_("mark at least one person"))
        move_selection(tx, row.id, "found", "reading", **_judged_by(people.header))
        detail = {"account": people.header.account, "purpose": people.header.purpose}
        tx.note(user, "check selection", row.id, detail=detail)


def back_to_hits(ledger: Ledger, selection_id: str, user: str) -> None:
    """Forget how people were judged, and come back to those who were found, with their marks; who
    reads them now notices.

    Raises:
        LedgerError: it was never only found, or a draft writes to it.
    """
    with ledger.begin("selection", counted=False) as tx:
        row = lock_selection(tx, selection_id)
        if row.found_at is None:
            said = _("the people of selection {selection} were checked at once", selection=row.id)
            raise LedgerError(said, hint=_("look for them again"))
        refuse_used(tx, row.id)
        scope = replace(Scope.from_json(row.header), kind="", channel="", account="", purpose="")
        end_reading(tx, row.id, "found", **_judged_by(scope))
        move_selection(tx, row.id, ("ready", "failed"), "found", read_at=None, **_judged_by(scope))
        tx.execute(tx.delete(selected).where(selected.c.selection == row.id))
        tx.note(user, "back to hits", row.id)


def refuse_used(tx: Tx, selection_id: str) -> None:
    """Make sure that no draft writes to a selection, and that no run reads a list of it again.

    Raises:
        LedgerError: one does.
    """
    for draft in drafts_writing_to(tx, selection_id):
        raise LedgerError(
            _("the draft {title} writes to these people", title=draft.title),
            hint=_("discard it first, or give it other people"),
        )
    for run in runs_reading(tx, lists_of(tx, selection_id)):
        raise LedgerError(
            _("run {run} still reads the list of these people", run=run),
            hint=_("wait until the run is finished or cancelled"),
        )


def _new_id(due: str) -> str:
    return f"s{due.replace('-', '')}-{new_ref(6).lower()}"


def ask_again(ledger: Ledger, selection_id: str, user: str) -> None:
    """Note that the people of a selection are to be read and judged anew.

    Raises:
        StillOpenError: they are being read.
    """
    with ledger.begin("selection", counted=False) as tx:
        row = lock_selection(tx, selection_id)
        if row.state == "reading":
            if row.owner is not None:
                raise _busy(selection_id)
            return
        move_selection(tx, selection_id, ("found", "ready", "failed"), "reading")
        tx.note(user, "select again", selection_id)


def read(
    context: PracticeContext,
    ledger: Ledger,
    selection_id: str,
    progress: Callable[[int], None] = lambda _: None,
    *,
    failed_too: bool = False,
    ready: Callable[[Tx], None] = lambda _: None,
) -> None:
    """Read and judge the people of a selection that waits to be read.

    Who was unmarked by hand stays so. A process that dies here leaves a selection that has failed,
    with the rows of the last reading.

    Args:
        context: the practice.
        ledger: its ledger.
        selection_id: the selection.
        progress: is called with the number of rows read so far; it raises `ReadLaterError` to leave
            the selection to another process.
        failed_too: whether it is also read where the last reading has failed.
        ready: is called in the transaction that makes the selection ready; where it raises, the
            selection has failed.

    Raises:
        SourceError: the source cannot deliver; the selection has failed.
        LedgerError: it was read already.
        StillOpenError: another process reads it.
    """
    with ownership(ledger) as owner:
        row = _take_up(ledger, selection_id, owner, failed_too=failed_too)
        with ledger.read() as tx:
            lists = as_uploads(lists_of(tx, selection_id))
        people = People(context, Scope.from_json(row.header))
        with _failing(ledger, selection_id, owner):
            with naming_uploads(lists), seldom_collected():
                _fill(people, ledger, row, owner, progress)
            with ledger.begin("selection", counted=False) as tx:
                _mine(tx, selection_id, owner)
                if row.kind is None:
                    _replace_found(tx, selection_id)
                else:
                    _replace(tx, selection_id, people.header)
                ready(tx)


def _take_up(ledger: Ledger, selection_id: str, owner: str, *, failed_too: bool) -> SelectionRow:
    with ledger.begin("selection", counted=False) as tx:
        row = lock_selection(tx, selection_id)
        if failed_too and move_selection(tx, selection_id, "failed", "reading"):
            row = row._replace(state="reading")
        if row.state == "reading" and row.owner is None:
            end_reading(tx, selection_id, "reading", owner=owner)
            return row
        refusal = _busy(selection_id) if row.state == "reading" else _was_read(row)
    raise refusal


def _busy(selection_id: str) -> StillOpenError:
    return StillOpenError(_("selection {selection} is being read", selection=selection_id))


def _was_read(row: SelectionRow) -> LedgerError:
    if row.state == "failed":
        said = _(
            "selection {selection} could not be read: {why}", selection=row.id, why=row.reason or ""
        )
    else:
        said = _("selection {selection} was read already", selection=row.id)
    return LedgerError(said, hint=_("check it again"))


@contextmanager
def _failing(ledger: Ledger, selection_id: str, owner: str) -> Iterator[None]:
    """Write down why a selection could not be read; of an error that is none of ours its kind
    alone, since its text may name a person."""
    try:
        yield
    except BaseException as error:
        why = error.sentence if isinstance(error, SerienpostError) else cause_of(error)
        with ledger.begin("selection", counted=False) as tx:
            still = tx.select(selection, selection.c.id)
            is_mine = selection.c.id == selection_id, selection.c.owner == owner
            if tx.first(still.where(*is_mine)):
                if isinstance(error, ReadLaterError):
                    end_reading(tx, selection_id, "reading")
                else:
                    end_reading(tx, selection_id, "failed", reason=why)
        raise


def _fill(
    people: People,
    ledger: Ledger,
    row: SelectionRow,
    owner: str,
    progress: Callable[[int], None],
) -> None:
    into = rows_of_selection(reading_into(row.id))
    now, number = ledger.clock(), 0
    judged_on = people.leaves_on(now)
    for batch in batches(people, ledger, into, now):
        if row.kind is None:
            found = [
                {**_FOUND, **row_columns(one, batch.block, no)}
                for no, one in enumerate(batch.rows, start=number + 1)
            ]
        else:
            rows = batch.rows
            if row.found_at is not None:
                rows = marked_hits(ledger, row.id, rows)
            found = [
                {**one.judged(people, ledger, no), "because": because(one, ledger)}
                for no, one in enumerate(
                    decide_rows(people, rows, batch.block, judged_on), start=number + 1
                )
            ]
        with ledger.begin("selected", counted=False) as tx:
            _mine(tx, row.id, owner)
            tx.insert(selected, [{"selection": into.id, **one} for one in found])
        number += len(found)
        progress(number)


def marked_hits(ledger: Ledger, selection_id: str, rows: Sequence[Row]) -> list[Row]:
    """Those of these rows that are marked among the people whom a selection found."""
    c = selected.c
    mine = c.selection == found_in(selection_id), c.marked, c.row_id.in_([row.id for row in rows])
    with ledger.read() as tx:
        marked = {row.row_id for row in tx.all(tx.select(selected, c.row_id).where(*mine))}
    return [row for row in rows if row.id in marked]


def _mine(tx: Tx, selection_id: str, owner: str) -> str:
    """Make sure that a selection is still there, and read by this process.

    Raises:
        LedgerError: it was discarded.
        StillOpenError: this process lost it.
    """
    if lock_selection(tx, selection_id).owner != owner:
        raise _busy(selection_id)
    return selection_id


def _replace(tx: Tx, selection_id: str, scope: Scope) -> None:
    """Put what was read in the place of what was read before; who was unmarked stays so."""
    c, new = selected.c, reading_into(selection_id)
    before = select(c.row_id).where(c.practice == tx.practice, c.selection == selection_id)
    now = select(c.row_id).where(c.practice == tx.practice, c.selection == new)
    if UNSTABLE_IDS in scope.extra:
        lost = c.selection == selection_id, c.because.in_(_KEPT), c.row_id.not_in(now)
        if tx.first(tx.select(selected, c.no).where(*lost).limit(1)):
            _unmark(tx, new, _UNKNOWN, c.row_id.not_in(before))
    for unmarked in _KEPT.values():
        theirs = before.where(c.because == unmarked["code"])
        _unmark(tx, new, unmarked, c.row_id.in_(theirs))
    tx.execute(tx.delete(selected).where(c.selection == selection_id))
    tx.execute(tx.update(selected).where(c.selection == new).values(selection=selection_id))
    move_selection(tx, selection_id, "reading", "ready", read_at=tx.now)


def _replace_found(tx: Tx, selection_id: str) -> None:
    """Put who was found in the place of who was found before; who was marked stays so."""
    c, new, old = selected.c, reading_into(selection_id), found_in(selection_id)
    before = select(c.row_id).where(c.practice == tx.practice, c.selection == old, c.marked)
    again = c.selection == new, c.row_id.in_(before)
    tx.execute(tx.update(selected).where(*again).values(marked=True))
    tx.execute(tx.delete(selected).where(c.selection == old))
    tx.execute(tx.update(selected).where(c.selection == new).values(selection=old))
    move_selection(tx, selection_id, "reading", "found", found_at=tx.now)


def _unmark(tx: Tx, new: str, unmarked: dict[str, Any], *which: ColumnElement[bool]) -> None:
    change = tx.update(selected).where(selected.c.selection == new, selected.c.marked, *which)
    tx.execute(change.values(marked=False, unmarked=unmarked, because=unmarked["code"]))
