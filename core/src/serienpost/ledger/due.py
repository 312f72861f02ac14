"""Due dates of mailings that are prepared unattended: put off or brought by a schedule, taken up,
ended.

One process at a time takes a date up, under an owner's lock that the system drops with it. It is
`done` in the transaction that releases its run, and only if nobody ended it before; so two that
prepare the same date release one run, wherever a process dies.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from serienpost.errors import LedgerError, StillOpenError
from serienpost.ledger.owners import is_dead, ownership
from serienpost.ledger.schema import due
from serienpost.ledger.transitions import NEW_DUE, move_due
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from serienpost.ledger.store import Ledger, Tx


_ = Texts(__name__)


class DueRow(NamedTuple):
    """A due date that was put off, as `schema.due` describes it."""

    mailing: str
    due: str
    name: str
    archive: str | None
    state: str
    reason: str
    put_off_by: str
    put_off_at: datetime
    until: datetime
    tries: int
    tried_at: datetime
    owner: str | None
    run: str | None
    told: bool


_DUE = [due.c[name] for name in DueRow._fields]


def due_rows(tx: Tx, *states: str) -> list[DueRow]:
    """All due dates in these states, the earliest first."""
    if not tx.has(due):
        return []
    order = due.c.due, due.c.put_off_at, due.c.mailing
    found = tx.all(tx.select(due, *_DUE).where(due.c.state.in_(states)).order_by(*order))
    return list(map(DueRow._make, found))


def find_due(tx: Tx, mailing: str, day: str) -> DueRow | None:
    """This mailing's due date, if it was ever put off."""
    if not tx.has(due):
        return None
    mine = tx.select(due, *_DUE).where(due.c.mailing == mailing, due.c.due == day)
    found = tx.first(mine)
    return DueRow._make(found) if found else None


def put_off(
    ledger: Ledger,
    mailing: str,
    day: str,
    *,
    name: str,
    archive: str | None,
    reason: str,
    by: str,
    until: datetime,
) -> None:
    """Remember that this due date is to be prepared again; one that is open learns the reason.

    Args:
        ledger: the practice's ledger.
        mailing: the mailing's id.
        day: the due date.
        name: how the mailing was named.
        archive: what was answered for the records.
        reason: what cannot answer, without a person's data.
        by: who wanted it sent.
        until: when nobody is served by it any more.

    Raises:
        StillOpenError: the ledger is an older one, which cannot hold it.
    """
    with ledger.begin("due") as tx:
        if not tx.has(due):
            raise StillOpenError(
                _("{mailing} for {day}: {reason}", mailing=mailing, day=day, reason=reason),
                hint=_(
                    "end the open runs of this older ledger; until then run the same line again"
                ),
            )
        fresh = {"put_off_by": by, "put_off_at": tx.now, "name": name, "archive": archive}
        tried = {"reason": reason, "until": until, "tried_at": tx.now}
        new = {"mailing": mailing, "due": day, "state": NEW_DUE, "tries": 0, "told": False}
        tx.insert_new(due, [new | fresh | tried])
        again = {**tried, "tries": due.c.tries + 1}
        if not move_due(tx, mailing, day, "open", "open", **again):
            fresh |= {"tries": 1, "run": None, "told": False}
            move_due(tx, mailing, day, ("done", "given_up", "removed"), "open", **tried, **fresh)
        tx.note(by, "put off", detail={"mailing": mailing, "due": day, "reason": reason})


@contextmanager
def taken_up(ledger: Ledger, mailing: str, day: str) -> Iterator[str | None]:
    """Let this process alone prepare a due date for as long as the block runs.

    Gives the owner's id; None where the date was not put off.

    Raises:
        StillOpenError: another process prepares it.
    """
    with ledger.read() as tx:
        row = find_due(tx, mailing, day)
    if row is None or row.state != "open":
        yield None
        return
    busy = StillOpenError(
        _("{mailing} for {day}: another process prepares it now", mailing=mailing, day=day)
    )
    if row.owner and not is_dead(ledger, row.owner):
        raise busy
    with ownership(ledger) as owner:
        with ledger.begin("due") as tx:
            same = due.c.owner == row.owner if row.owner else due.c.owner.is_(None)
            if not move_due(tx, mailing, day, "open", "open", same, owner=owner):
                raise busy
        try:
            yield owner
        finally:
            with suppress(LedgerError):  # the end of the lock says the same
                _leave(ledger, mailing, day, owner)


def _leave(ledger: Ledger, mailing: str, day: str, owner: str) -> None:
    """Give the date back, where it is still this process's."""
    with ledger.begin("due") as tx:
        move_due(tx, mailing, day, "open", "open", due.c.owner == owner)


def end_due(tx: Tx, mailing: str, day: str, run_id: str, owner: str | None) -> None:
    """In the transaction that releases the run of a due date: it is not prepared again.

    Args:
        tx: this transaction.
        mailing: the mailing's id.
        day: the due date.
        run_id: the run.
        owner: of `taken_up`; None where the date was not put off when preparing began.

    Raises:
        StillOpenError: somebody else released or ended the date meanwhile.
    """
    if not tx.has(due):
        return
    mine = () if owner is None else (due.c.owner == owner,)
    if not move_due(tx, mailing, day, "open", "done", *mine, run=run_id) and owner:
        raise ended_meanwhile(mailing, day)


def ended_meanwhile(mailing: str, day: str) -> StillOpenError:
    """That somebody else released or ended a due date."""
    return StillOpenError(
        _("{mailing} for {day} was ended by somebody else meanwhile", mailing=mailing, day=day)
    )


def still_open(ledger: Ledger, row: DueRow, reason: str) -> None:
    """Write down why a due date that was tried again is still not released."""
    with ledger.begin("due") as tx:
        again = {"reason": reason, "tried_at": tx.now, "tries": due.c.tries + 1}
        move_due(tx, row.mailing, row.due, "open", "open", due.c.owner.is_(None), **again)


def give_up(ledger: Ledger, row: DueRow) -> bool:
    """Give a due date up whose time ran out; False where somebody prepares or ended it."""
    if row.owner and not is_dead(ledger, row.owner):
        return False
    with ledger.begin("due") as tx:
        same = due.c.owner == row.owner if row.owner else due.c.owner.is_(None)
        over = due.c.until <= tx.now
        return bool(move_due(tx, row.mailing, row.due, "open", "given_up", same, over))


def was_told(ledger: Ledger, row: DueRow) -> None:
    """Remember that somebody heard that a date was given up."""
    with ledger.begin("due") as tx:
        move_due(tx, row.mailing, row.due, "given_up", "given_up", told=True)


def remove_due(ledger: Ledger, mailing: str, day: str, by: str) -> DueRow:
    """A person takes a due date off: it is not prepared again, or no more shown as given up.

    Raises:
        LedgerError: there is nothing to take off.
    """
    with ledger.begin("due") as tx:
        waits = find_due(tx, mailing, day)
        if not waits or not move_due(tx, mailing, day, ("open", "given_up"), "removed"):
            raise LedgerError(
                _("{mailing} for {day} does not wait to be prepared", mailing=mailing, day=day),
                hint=_("serienpost runs lists what does"),
            )
        tx.note(by, "take off", detail={"mailing": mailing, "due": day})
        found: Any = find_due(tx, mailing, day)
    return DueRow(*found)
