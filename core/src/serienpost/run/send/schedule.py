"""When a run may be delivered: schedule, quiet hours, how old is too old.

Some providers take orders before their time and hold them; what lies there can only be withdrawn
there.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import func

from serienpost.errors import LedgerError
from serienpost.ledger.rows import OUTGOING, RUN, Outgoing, RunRow
from serienpost.ledger.runs import find_run
from serienpost.ledger.schema import message, run
from serienpost.ledger.states import HELD, RELEASED
from serienpost.run.prepare.plan import Header
from serienpost.run.send.outcomes import StopReason
from serienpost.run.send.recheck import Recheck
from serienpost.translation import Texts

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from serienpost.context import PracticeContext
    from serienpost.ledger.store import Ledger, Tx
    from serienpost.run.prepare.renderer import RunRenderer

_ = Texts(__name__)

_AT_ONCE = 500


class Withdrawal(NamedTuple):
    """An order that must not go out any more: row, its reference at the provider, and why."""

    row: str
    ref: str
    code: str
    reason: str


def not_now(context: PracticeContext, row: RunRow, now: datetime) -> StopReason | None:
    """Why this run must wait for its time: `--at`, the end of a quota, quiet hours."""
    if row.send_at and row.send_at > now and not held_until(row):
        return StopReason("schedule", _("waits for its time"), row.send_at)
    if row.state == "paused" and row.until and row.until > now and row.reason == "quota":
        return StopReason("quota", row.reason_text or "", row.until)
    return quiet_hours(context, row.kind, judged_at(row, now))


def quiet_hours(context: PracticeContext, kind: str, now: datetime) -> StopReason | None:
    """Whether messages of this kind must rest now."""
    quiet = context.config.quiet.get(kind)
    until = quiet_until(quiet, now, context.zone) if quiet else None
    return (
        StopReason("quiet", _("quiet hours {hours}", hours=quiet or ""), until) if until else None
    )


def is_stale(row: RunRow, stale_after: timedelta, now: datetime) -> bool:
    """Whether nothing happened for so long that a person must confirm."""
    known = [t for t in (row.progress_at, row.send_at, row.until, row.approved_at) if t]
    return bool(known) and now - max(known) > stale_after


def quiet_until(hours: str, now: datetime, zone: ZoneInfo) -> datetime | None:
    """The end of quiet hours `20:00-08:00` (practice time) that `now` lies in, else None.

    Where the clocks change, an hour that comes twice is quiet both times, and one that does not
    exist makes them no shorter.
    """
    begin, end = (time.fromisoformat(part.strip()) for part in hours.split("-"))
    today = now.astimezone(zone).date()
    for day in (today - timedelta(days=1), today):
        last = day if end > begin else day + timedelta(days=1)
        start = min(_both_times(day, begin, zone))
        stop = max(_both_times(last, end, zone))
        if start <= now < stop:
            return stop.astimezone(zone)
    return None


def _both_times(day: date, at: time, zone: ZoneInfo) -> list[datetime]:
    """The moments that a time of a day may mean; one, where no clock changes."""
    local = datetime.combine(day, at, zone)
    return [local.replace(fold=fold).astimezone(UTC) for fold in (0, 1)]


def held_until(row: RunRow) -> datetime | None:
    """The time given to the provider with each order of this run; None where it gets none."""
    if row.send_at is None or row.purged_at:
        return None
    return row.send_at if Header.from_json(row.header).hand_over == "now" else None


def scheduled_for(row: RunRow, now: datetime) -> datetime | None:
    """When a released run leaves, by its own order or its provider's, while that lies ahead."""
    if row.send_at is None or row.state not in (*RELEASED, "finished"):
        return None
    waits = row.send_at > now or row.reason == "schedule"
    return row.send_at if waits and (row.state != "finished" or held_until(row)) else None


def judged_at(row: RunRow, now: datetime) -> datetime:
    """When a message handed over now goes out: expiry and quiet hours are judged for this time."""
    return max(now, held_until(row) or now)


def held_runs(tx: Tx) -> list[RunRow]:
    """Runs with orders that lie with a provider and have not gone out."""
    later = tx.select(run, *RUN).where(run.c.send_at > tx.now).order_by(run.c.created_at)
    rows = map(RunRow._make, tx.all(later))
    return [row for row in rows if held_until(row) and _held(tx, row.id)]


def _held(tx: Tx, run_id: str) -> int:
    c = message.c
    return int(
        tx.scalar(tx.select(message, func.count()).where(c.run == run_id, c.state.in_(HELD)))
    )


def owed(ledger: Ledger, account: str) -> float:
    """What the account's orders that have not gone out will still cost."""
    c = message.c
    with ledger.read() as tx:
        mine = [row.id for row in held_runs(tx) if row.account == account]
        cost = func.sum(c.cost["amount"].as_float())
        total = tx.scalar(tx.select(message, cost).where(c.run.in_(mine), c.state.in_(HELD)))
    return float(total or 0)


def to_withdraw(renderer: RunRenderer, ledger: Ledger, run_id: str) -> list[Withdrawal]:
    """Orders of a run whose recipients are gone or no longer allowed by now.

    Raises:
        SerienpostError: the source or a consent check cannot answer.
    """
    c = message.c
    with ledger.read() as tx:
        at = judged_at(find_run(tx, run_id), tx.now)
        lying = c.run == run_id, c.state.in_(HELD)
        held = tx.all(tx.select(message, *OUTGOING).where(*lying).order_by(c.no))
    recheck = Recheck(renderer, ledger)
    found = [
        Withdrawal(row.row_id, row.ref, "erased", _("the person's data were erased"))
        for row in held
        if row.address is None
    ]
    rows = [Outgoing._make(row) for row in held if row.address is not None]
    for start in range(0, len(rows), _AT_ONCE):
        batch = rows[start : start + _AT_ONCE]
        by_no = {row.no: row for row in batch}
        closed = recheck.decide(batch, at)[1]
        found += [
            Withdrawal(by_no[one.no].row_id, by_no[one.no].ref, one.code or "", one.text or "")
            for one in closed
        ]
    return found


def refuse_cancel(context: PracticeContext, ledger: Ledger, run_id: str) -> None:
    """Say that orders which are all with the provider cannot be cancelled from here.

    Raises:
        LedgerError: they are.
    """
    with ledger.read() as tx:
        mine = [row for row in held_runs(tx) if row.id == run_id and row.state == "finished"]
    for row in mine:
        raise LedgerError(
            sentence(context, row), hint=_("serienpost show {run} names them", run=run_id)
        )


def sentence(context: PracticeContext, row: RunRow) -> str:
    """What a person must know about a run whose orders lie with the provider."""
    if row.send_at is None:
        return _(
            "the orders of run {run} lie in the provider's portal; withdraw them there", run=row.id
        )
    return _(
        "the orders of run {run} lie in the provider's portal until {until}; withdraw them there",
        run=row.id,
        until=row.send_at.astimezone(context.zone),
    )
