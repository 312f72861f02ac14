"""Orders that a provider holds until their time: `send --at` with `hand_over: now`.

They are given away at once and count as accepted. What happens until then cannot be undone from
here, so it is watched and told: an order whose recipient may no longer be written to must be
withdrawn by a person in the provider's portal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func

from serienpost.errors import LedgerError
from serienpost.ledger.claims import Outgoing
from serienpost.ledger.schema import message, run

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Row

    from serienpost.context import Context
    from serienpost.ledger.store import Ledger, Tx
    from serienpost.run.blueprint import Blueprint

HELD = ("sending", "accepted", "in_doubt")
"""States of messages that may lie with the provider."""

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """An order that must not go out any more: row, its reference at the provider, and why."""

    row: str
    ref: str
    code: str
    reason: str


def held_until(row: Row[Any]) -> datetime | None:
    """The time given to the provider with each order of this run; None where it gets none."""
    send_at: datetime | None = row.send_at
    return send_at if row.header.get("hand_over") == "now" else None


def judged_at(row: Row[Any], now: datetime) -> datetime:
    """When a message handed over now goes out: expiry and quiet hours are judged for this time."""
    return max(now, held_until(row) or now)


def held_runs(tx: Tx) -> list[Row[Any]]:
    """Runs with orders that lie with a provider and have not gone out."""
    later = tx.all(tx.select(run).where(run.c.send_at > tx.now).order_by(run.c.created_at))
    return [row for row in later if held_until(row) and _held(tx, row.id)]


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


def to_withdraw(blueprint: Blueprint, ledger: Ledger, run_id: str) -> list[Withdrawal]:
    """Orders of a run whose recipients are gone or no longer allowed by now.

    Raises:
        SerienpostError: the source or a consent check cannot answer.
    """
    from serienpost.run.approving import find_run
    from serienpost.run.door import Door

    c = message.c
    with ledger.read() as tx:
        at = judged_at(find_run(tx, run_id), tx.now)
        held = tx.all(tx.select(message).where(c.run == run_id, c.state.in_(HELD)).order_by(c.no))
    door = Door(blueprint, ledger)
    found = [
        Withdrawal(row.row_id, row.ref, "erased", "the person's data were erased")
        for row in held
        if row.address is None
    ]
    rows = [Outgoing.of(row) for row in held if row.address is not None]
    for start in range(0, len(rows), _AT_ONCE):
        batch = rows[start : start + _AT_ONCE]
        by_no = {row.no: row for row in batch}
        _, closed = door.judge(batch, at)
        found += [
            Withdrawal(by_no[one.no].row_id, by_no[one.no].ref, one.code or "", one.text or "")
            for one in closed
        ]
    return found


def refuse_cancel(context: Context, ledger: Ledger, run_id: str) -> None:
    """Say that orders which are all with the provider cannot be cancelled from here.

    Raises:
        LedgerError: they are.
    """
    with ledger.read() as tx:
        mine = [row for row in held_runs(tx) if row.id == run_id and row.state == "finished"]
    for row in mine:
        raise LedgerError(sentence(context, row), hint=f"serienpost show {run_id} names them")


def sentence(context: Context, row: Row[Any]) -> str:
    """What a person must know about a run whose orders lie with the provider."""
    at = row.send_at.astimezone(context.zone)
    return (
        f"the orders of run {row.id} lie in the provider's portal until {at:%Y-%m-%d %H:%M}; "
        "withdraw them there"
    )
