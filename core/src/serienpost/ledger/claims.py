"""Which process works on which messages: claims, releases, and what a dead process leaves."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, TypeAlias

from sqlalchemy import func, or_, select

from serienpost.ledger.delivery import cancel_pending
from serienpost.ledger.owners import is_dead, is_held
from serienpost.ledger.rows import OUTGOING, Outgoing
from serienpost.ledger.schema import attempt, message
from serienpost.ledger.schema import run as runs
from serienpost.ledger.states import OWNED
from serienpost.ledger.transitions import move, move_messages

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from sqlalchemy import ColumnElement

    from serienpost.ledger.store import Ledger, Tx


# Number and fence of messages of which a process sends, under a lease that has not run out.
UnderWay: TypeAlias = frozenset[tuple[int, int]]


def claim(tx: Tx, run: str, owner: str, limit: int, lease: timedelta) -> list[Outgoing]:
    """Take up to `limit` pending messages that are due, in order."""
    due = (
        select(message.c.no)
        .where(message.c.practice == tx.practice, message.c.run == run, *_due(tx))
        .order_by(message.c.no)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    return _taken(tx, run, owner, lease, message.c.no.in_(select(due.c.no)))


def claim_parts(tx: Tx, run: str, owner: str, limit: int, lease: timedelta) -> list[Outgoing]:
    """Take all pending messages of up to `limit` parts that are due, part by part.

    It locks the run: two processes that took from the same parts would tear them.
    """
    tx.first(tx.select(runs, runs.c.id).where(runs.c.id == run).with_for_update())
    parts = (
        tx.select(message, message.c.part)
        .where(message.c.run == run, *_due(tx))
        .distinct()
        .order_by(message.c.part)
        .limit(limit)
    )
    due = [row.part for row in tx.all(parts)]
    taken = _taken(tx, run, owner, lease, message.c.part.in_(due))
    return sorted(taken, key=attrgetter("part", "no"))


def _due(tx: Tx) -> tuple[ColumnElement[bool], ...]:
    next_at = message.c.next_attempt_at
    return message.c.state == "pending", or_(next_at.is_(None), next_at <= tx.now)


def _taken(
    tx: Tx, run: str, owner: str, lease: timedelta, chosen: ColumnElement[bool]
) -> list[Outgoing]:
    held = {"owner": owner, "lease_until": tx.now + lease}
    statement = move(tx, run, "pending", "claimed", chosen, **held).returning(*OUTGOING)
    found = tx.connection.execute(statement).all()
    return sorted(map(Outgoing._make, found), key=attrgetter("no"))


def release(tx: Tx, run: str, owner: str, numbers: Sequence[int] | None = None) -> int:
    """Give claimed messages back: those named, else all that this owner holds."""
    mine = [message.c.owner == owner]
    if numbers is not None:
        mine.append(message.c.no.in_(numbers))
    return move_messages(tx, run, "claimed", "pending", *mine)


def renew(tx: Tx, run: str, owner: str, lease: timedelta) -> int:
    """Extend the lease of everything that this owner holds."""
    return tx.execute(
        tx.update(message)
        .where(
            message.c.run == run,
            message.c.owner == owner,
            message.c.state.in_(OWNED),
        )
        .values(lease_until=tx.now + lease)
    )


def under_way(tx: Tx, run: str, owner: str) -> UnderWay:
    """What this owner may be sending; nothing where the run is paused or over, or the owner has
    lost its lock."""
    state = tx.scalar(tx.select(runs, runs.c.state).where(runs.c.id == run))
    if state != "sending" or not is_held(tx, owner):
        return frozenset()
    c = message.c
    mine = c.run == run, c.owner == owner, c.state == "sending", c.lease_until > tx.now
    return frozenset(
        (row.no, row.fence) for row in tx.all(tx.select(message, c.no, c.fence).where(*mine))
    )


def is_on_the_wire(tx: Tx, run: str, process: int) -> bool:
    """Whether a process of this number, on whatever machine, may be sending a message of a run."""
    c = message.c
    sends = c.run == run, c.state == "sending", c.owner.startswith(f"{process}-")
    return tx.first(tx.select(message, c.no).where(*sends)) is not None


def take_over(ledger: Ledger, run: str, *, repeatable: bool) -> int:
    """Free what dead processes hold, and what living ones hold beyond their lease.

    `claimed` goes back to pending; `sending` may be on the wire and becomes in_doubt, on a
    repeatable channel pending. Returns how many messages changed.
    """
    with ledger.read() as tx:
        owners = _owners(tx, run)
        now = tx.now
    freed = 0
    for owner, lease_until in owners:
        if is_dead(ledger, owner):
            freed += _free(ledger, run, owner, None, repeatable=repeatable)
        elif lease_until and lease_until < now:
            freed += _free(ledger, run, owner, now, repeatable=repeatable)
    return freed


def _owners(tx: Tx, run: str) -> list[tuple[str, datetime | None]]:
    rows = tx.all(
        tx.select(message, message.c.owner, func.min(message.c.lease_until).label("lease"))
        .where(message.c.run == run, message.c.state.in_(OWNED))
        .group_by(message.c.owner)
    )
    return [(row.owner, row.lease) for row in rows if row.owner]


def _free(ledger: Ledger, run: str, owner: str, lease: datetime | None, *, repeatable: bool) -> int:
    c = message.c
    held = [c.owner == owner]
    if lease:
        held.append(c.lease_until < lease)
    with ledger.begin("takeover") as tx:
        sending = tx.all(
            tx.select(message, c.no, c.attempts).where(c.run == run, *held, c.state == "sending")
        )
        for row in sending:
            _close_attempt(tx, run, row.no, row.attempts)
        became = "pending" if repeatable else "in_doubt"
        code = None if repeatable else "crash"
        changed = move_messages(tx, run, "sending", became, *held, code=code)
        changed += move_messages(tx, run, "claimed", "pending", *held)
        state = tx.scalar(tx.select(runs, runs.c.state).where(runs.c.id == run))
        if state == "cancelled":
            cancel_pending(tx, run, [row.no for row in sending])
    return changed


def _close_attempt(tx: Tx, run: str, no: int, number: int) -> None:
    """Of an attempt whose process is gone nobody knows how it ended."""
    a = attempt.c
    tx.execute(
        tx.update(attempt)
        .where(a.run == run, a.no == no, a.attempt == number, a.outcome.is_(None))
        .values(finished_at=tx.now, outcome="unknown", stage="crash")
    )
