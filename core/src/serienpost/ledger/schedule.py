"""How far the schedules of mailings are entered in the table of due dates.

A due date is entered in the transaction that moves the mark of its schedule, and only by the
process that found the mark where it was; so each is entered once, whoever dies in between.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from serienpost.ledger.runs import released_runs
from serienpost.ledger.schema import due, schedule
from serienpost.ledger.transitions import NEW_DUE, move_due

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement

    from serienpost.ledger.store import Ledger, Tx

# Who enters due dates, before the mailing's id.
SCHEDULE = "schedule:"


class ScheduleRow(NamedTuple):
    """A mailing whose schedule was seen: what it said, and until when its due dates are entered."""

    mailing: str
    rule: str
    entered_until: datetime


class NewDue(NamedTuple):
    """A due date whose moment has come: why it is there, and when nobody is served any more."""

    day: str
    reason: str
    until: datetime


_ROW = [schedule.c[name] for name in ScheduleRow._fields]


def schedules(tx: Tx) -> dict[str, ScheduleRow] | None:
    """All schedules that were seen, by mailing; None where the ledger is too old to hold any."""
    if not tx.has(schedule):
        return None
    return {row.mailing: ScheduleRow._make(row) for row in tx.all(tx.select(schedule, *_ROW))}


def begin_schedule(ledger: Ledger, mailing: str, rule: str, before: ScheduleRow | None) -> None:
    """Remember a schedule that is new, or another than `before`: from now on, nothing of the
    past. A process that comes second changes nothing."""
    with ledger.begin("schedule") as tx:
        values = {"rule": rule, "entered_until": tx.now}
        if before is None:
            tx.insert_new(schedule, [{"mailing": mailing, **values}])
        else:
            tx.execute(tx.update(schedule).where(*_as_found(before)).values(**values))


def enter_due_dates(
    ledger: Ledger, row: ScheduleRow, until: datetime, name: str, dates: Sequence[NewDue]
) -> bool:
    """Enter the due dates of a schedule, each once, ever; False where another process did.

    One that a person sent already is done; one that stands there in whatever state stays so.

    Args:
        ledger: the practice's ledger.
        row: the schedule as it was found.
        until: what is entered from here on: the moment of the last of the dates.
        name: how the mailing is named.
        dates: in their order.
    """
    by = f"{SCHEDULE}{row.mailing}"
    with ledger.begin("schedule") as tx:
        mine = tx.update(schedule).where(*_as_found(row))
        if not tx.execute(mine.values(entered_until=until)):
            return False
        same = {"mailing": row.mailing, "name": name, "state": NEW_DUE, "put_off_by": by}
        fresh = {"put_off_at": tx.now, "tried_at": tx.now, "tries": 0, "told": False}
        for new in dates:
            values = {"due": new.day, "reason": new.reason, "until": new.until}
            tx.insert_new(due, [same | fresh | values])
            _end_if_sent(tx, row.mailing, new.day)
            tx.note(by, "due", detail={"mailing": row.mailing, "due": new.day})
    return True


def end_sent(ledger: Ledger, mailing: str, day: str) -> None:
    """End a due date of a schedule that a person sent while it was entered."""
    with ledger.begin("schedule") as tx:
        _end_if_sent(tx, mailing, day)


def _end_if_sent(tx: Tx, mailing: str, day: str) -> None:
    """End a due date of a schedule for which a run was released already."""
    released = released_runs(tx, mailing, day)
    mine = due.c.put_off_by.startswith(SCHEDULE, autoescape=True)
    if released:
        move_due(tx, mailing, day, "open", "done", mine, run=released[-1])


def forget_schedules(ledger: Ledger, mailings: Collection[str]) -> None:
    """Forget mailings that have no schedule any more: one that they get later is a new one."""
    with ledger.begin("schedule") as tx:
        tx.execute(tx.delete(schedule).where(schedule.c.mailing.in_(mailings)))


def _as_found(row: ScheduleRow) -> tuple[ColumnElement[bool], ...]:
    c = schedule.c
    return c.mailing == row.mailing, c.rule == row.rule, c.entered_until == row.entered_until
