"""How far the schedules of mailings are entered in the table of due dates.

A due date is entered in the transaction that moves the mark of its schedule, and only by the
process that found the mark where it was; so each is entered once, whoever dies in between.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple

from serienpost.ledger.runs import released_runs
from serienpost.ledger.schema import due, journal, schedule
from serienpost.ledger.store import AHEAD
from serienpost.ledger.transitions import NEW_DUE, move_due

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from sqlalchemy import ColumnElement

    from serienpost.ledger.store import Ledger, Tx

# Who enters due dates, before the mailing's id.
SCHEDULE = "schedule:"

# So long a schedule whose file is gone is kept.
_KEPT = timedelta(days=1)

_MISSED, _FOUND, _FORGOT = "miss schedule", "find schedule", "forget schedule"


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


def begin_schedule(ledger: Ledger, mailing: str, rule: str, before: ScheduleRow | None) -> bool:
    """Remember a schedule that is new, or another than `before`: from now on, nothing of the
    past. A process that comes second changes nothing; False for it."""
    by, detail = f"{SCHEDULE}{mailing}", {"mailing": mailing, "rule": rule}
    with ledger.begin("schedule") as tx:
        values = {"rule": rule, "entered_until": tx.now}
        if before is None:
            if mailing in (schedules(tx) or {}):
                return False
            tx.insert_new(schedule, [{"mailing": mailing, **values}])
            tx.note(by, "begin schedule", detail=detail)
        else:
            if not tx.execute(tx.update(schedule).where(*_as_found(before)).values(**values)):
                return False
            tx.note(by, "change schedule", detail={**detail, "before": before.rule})
    return True


def set_back(ledger: Ledger, row: ScheduleRow, zone: tzinfo) -> ScheduleRow | None:
    """Set the mark of a schedule back that a clock set which was ahead. What that clock entered and
    did not send comes again, each at its moment.

    Returns:
        The schedule as it is then; None where another process did it.

    Args:
        ledger: the practice's ledger.
        row: the schedule as it was found.
        zone: in which a day begins.
    """
    by, c = f"{SCHEDULE}{row.mailing}", due.c
    with ledger.begin("schedule") as tx:
        unsent = (
            c.mailing == row.mailing,
            c.put_off_by == by,
            c.put_off_at > tx.now + AHEAD,
            c.state.in_(("open", "given_up")),
            c.owner.is_(None),
        )
        days = sorted(one.due for one in tx.all(tx.select(due, c.due).where(*unsent)))
        first = [datetime.fromisoformat(day).replace(tzinfo=zone) for day in days[:1]]
        until = min([tx.now, *first]).astimezone(UTC)
        if not tx.execute(tx.update(schedule).where(*_as_found(row)).values(entered_until=until)):
            return None
        tx.execute(tx.delete(due).where(*unsent))
        tx.note(by, "set schedule back", detail={"mailing": row.mailing, "due": days})
    return row._replace(entered_until=until)


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


def forget_schedule(ledger: Ledger, row: ScheduleRow) -> bool:
    """Forget a mailing that has no schedule any more: one that it gets later is a new one. False
    where another process did."""
    with ledger.begin("schedule") as tx:
        return _forget(tx, row)


def miss_schedule(ledger: Ledger, row: ScheduleRow) -> Literal["missed", "forgotten"] | None:
    """Note that the file of a schedule is gone; after a day the schedule is forgotten.

    Returns:
        What this process did first; None where nothing is new.
    """
    by = f"{SCHEDULE}{row.mailing}"
    with ledger.begin("schedule") as tx:
        since = missed(tx).get(row.mailing)
        if since is None:
            tx.note(by, _MISSED, detail={"mailing": row.mailing})
            return "missed"
        return "forgotten" if since <= tx.now - _KEPT and _forget(tx, row) else None


def find_schedule(ledger: Ledger, mailing: str) -> None:
    """Note that the file of a schedule is there again."""
    with ledger.begin("schedule") as tx:
        tx.note(f"{SCHEDULE}{mailing}", _FOUND, detail={"mailing": mailing})


def missed(tx: Tx) -> dict[str, datetime]:
    """The mailings whose file is gone, and since when."""
    c = journal.c
    lines = c.run.is_(None), c.action.in_((_MISSED, _FOUND, _FORGOT))
    found: dict[str, datetime] = {}
    for line in tx.all(tx.select(journal, c.user, c.action, c.at).where(*lines).order_by(c.at)):
        mailing = line.user.removeprefix(SCHEDULE)
        if line.action == _MISSED:
            found.setdefault(mailing, line.at)
        else:
            found.pop(mailing, None)
    return found


def _forget(tx: Tx, row: ScheduleRow) -> bool:
    if not tx.execute(tx.delete(schedule).where(*_as_found(row))):
        return False
    tx.note(f"{SCHEDULE}{row.mailing}", _FORGOT, detail={"mailing": row.mailing})
    return True


def _as_found(row: ScheduleRow) -> tuple[ColumnElement[bool], ...]:
    c = schedule.c
    return c.mailing == row.mailing, c.rule == row.rule, c.entered_until == row.entered_until
