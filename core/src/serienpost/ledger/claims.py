"""Which process works on which messages: claims, releases, and what a dead process leaves."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from sqlalchemy import or_, select

from serienpost.ledger.delivery import cancel_pending
from serienpost.ledger.owners import is_dead
from serienpost.ledger.schema import attempt, message
from serienpost.ledger.schema import run as runs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from sqlalchemy import ColumnElement, Row

    from serienpost.ledger.store import Ledger, Tx


class Outgoing(NamedTuple):
    """What delivering reads of a message; the review's columns stay where they are."""

    run: str
    no: int
    row_id: str
    fence: int
    block: int
    ref: str
    content_hash: str
    macro_values: dict[str, Any]
    person: str
    occasion: str | None
    occasion_at: datetime | None
    expires_at: datetime | None
    address: str
    address_hash: str
    override: dict[str, Any] | None
    attempts: int
    attempts_before: int
    first_attempt_at: datetime | None
    part: int | None
    cost: dict[str, Any] | None

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        """Out of a row of the ledger with more columns."""
        return cls._make(getattr(row, name) for name in cls._fields)


_READ = [message.c[name] for name in Outgoing._fields]


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
    """Take all pending messages of up to `limit` parts that are due, part by part."""
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
    statement = (
        tx.update(message)
        .where(message.c.run == run, chosen, message.c.state == "pending")
        .values(
            state="claimed",
            owner=owner,
            lease_until=tx.now + lease,
            fence=message.c.fence + 1,
            updated_at=tx.now,
        )
        .returning(*_READ)
    )
    found = tx.connection.execute(statement).all()
    return sorted(map(Outgoing._make, found), key=attrgetter("no"))


def release(tx: Tx, run: str, owner: str, numbers: Sequence[int] | None = None) -> int:
    """Give claimed messages back: those named, else all that this owner holds."""
    mine = [message.c.run == run, message.c.owner == owner, message.c.state == "claimed"]
    if numbers is not None:
        mine.append(message.c.no.in_(numbers))
    return tx.execute(
        tx.update(message)
        .where(*mine)
        .values(
            state="pending",
            owner=None,
            lease_until=None,
            fence=message.c.fence + 1,
            updated_at=tx.now,
        )
    )


def renew(tx: Tx, run: str, owner: str, lease: timedelta) -> int:
    """Extend the lease of everything that this owner holds."""
    return tx.execute(
        tx.update(message)
        .where(
            message.c.run == run,
            message.c.owner == owner,
            message.c.state.in_(("claimed", "sending")),
        )
        .values(lease_until=tx.now + lease)
    )


def living_owner(ledger: Ledger, run: str) -> str | None:
    """The owner id of a living process that works on this run, if there is one."""
    with ledger.read() as tx:
        owners = _owners(tx, run)
    return next((owner for owner, _ in owners if not is_dead(ledger, owner)), None)


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
    from sqlalchemy import func

    rows = tx.all(
        tx.select(message, message.c.owner, func.min(message.c.lease_until).label("lease"))
        .where(message.c.run == run, message.c.state.in_(("claimed", "sending")))
        .group_by(message.c.owner)
    )
    return [(row.owner, row.lease) for row in rows if row.owner]


def _free(ledger: Ledger, run: str, owner: str, lease: datetime | None, *, repeatable: bool) -> int:
    with ledger.begin("takeover") as tx:
        held = [message.c.run == run, message.c.owner == owner]
        if lease:
            held.append(message.c.lease_until < lease)
        sending = tx.all(
            tx.select(message, message.c.no, message.c.attempts).where(
                *held, message.c.state == "sending"
            )
        )
        for row in sending:
            tx.execute(
                tx.update(attempt)
                .where(
                    attempt.c.run == run,
                    attempt.c.no == row.no,
                    attempt.c.attempt == row.attempts,
                    attempt.c.outcome.is_(None),
                )
                .values(finished_at=tx.now, outcome="unknown", stage="crash")
            )
        common = {
            "owner": None,
            "lease_until": None,
            "fence": message.c.fence + 1,
            "updated_at": tx.now,
        }
        became = "pending" if repeatable else "in_doubt"
        changed = tx.execute(
            tx.update(message)
            .where(*held, message.c.state == "sending")
            .values(state=became, code=None if repeatable else "crash", **common)
        )
        changed += tx.execute(
            tx.update(message)
            .where(*held, message.c.state == "claimed")
            .values(state="pending", **common)
        )
        state = tx.scalar(tx.select(runs, runs.c.state).where(runs.c.id == run))
        if state == "cancelled":
            cancel_pending(tx, run, [row.no for row in sending])
    return changed
