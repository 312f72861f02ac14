"""The send loop's side of the ledger; everything here runs on the committing thread."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from sqlalchemy import func

from serienpost.ledger import claims
from serienpost.ledger.connections import leave, take_share
from serienpost.ledger.delivery import (
    NOT_STARTED,
    Result,
    cancel_pending,
    lock_state,
    write_intents,
    write_results,
)
from serienpost.ledger.owners import is_held
from serienpost.ledger.permits import take_permits
from serienpost.ledger.schema import message
from serienpost.ledger.states import OWNED
from serienpost.run.send.breaker import find_series
from serienpost.run.send.recheck import elapsed, oldest_fresh

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from serienpost.ledger.connections import Share
    from serienpost.ledger.rows import Outgoing
    from serienpost.ledger.store import Ledger, Tx
    from serienpost.run.prepare.renderer import RunRenderer
    from serienpost.run.send.recheck import Ready


# Wire requests: the messages of each, by the slot that it goes out on.
Calls: TypeAlias = dict[int, list["Ready"]]


@dataclass
class Committed:
    """What a commit let pass: calls to start now, messages left for later, and until when.

    Args:
        run_state: the run's state.
        is_owner: whether this process has its lock.
        seen_at: when both were looked at, in seconds of `elapsed`.
        calls: to start now, by slot.
        left: messages for later.
        free_at: when the rate has room again.
        share: what this process has of its account's connections, where that was asked.
    """

    run_state: str
    is_owner: bool
    seen_at: float
    calls: Calls = field(default_factory=dict)
    left: list[Ready] = field(default_factory=list)
    free_at: datetime | None = None
    share: Share | None = None


class Waiting(NamedTuple):
    """What is still to come when nothing is in hand.

    Args:
        next_at: when the next pending message is due; None if none is pending.
        others: how many messages other processes have in hand.
    """

    next_at: datetime | None
    others: int


class Committer:
    """Moves messages of one run between states, under one owner."""

    def __init__(
        self, renderer: RunRenderer, ledger: Ledger, run_id: str, owner: str, lease: timedelta
    ) -> None:
        self.ledger = ledger
        self.run_id = run_id
        self.owner = owner
        self.lease = lease
        self.takes_parts = renderer.header.part_size is not None
        self.account_name = renderer.header.account
        self.account = renderer.account
        self.repeatable = renderer.channel.repeatable

    def take_share(self, total: int, open_now: int, expected: int) -> Share:
        """Join the processes that deliver with this account; see `ledger/connections.py`."""
        with self.ledger.begin("share", counted=False) as tx:
            return self._share(tx, total, open_now, expected)

    def _share(self, tx: Tx, total: int, open_now: int, expected: int) -> Share:
        whose, terms = (self.owner, self.run_id, self.account_name), (total, open_now)
        share = take_share(tx, *whose, *terms, lease=self.lease, expected=expected)
        # Nothing leaves the machine of letters; each process has as many as it makes itself.
        return share._replace(open=total, fair=total) if self.repeatable else share

    def claim(self, limit: int) -> list[Outgoing]:
        """Take pending messages that are due; where there are parts, `limit` counts those."""
        take = claims.claim_parts if self.takes_parts else claims.claim
        with self.ledger.begin("claim", counted=False) as tx:
            return take(tx, self.run_id, self.owner, limit, self.lease)

    def release(self) -> None:
        """Give back what was claimed and not sent; the connections are closed."""
        with self.ledger.begin("release", counted=False) as tx:
            claims.release(tx, self.run_id, self.owner)
            leave(tx, self.owner)

    def take_over(self) -> int:
        """Take over what other processes left that are dead or let their leases run out."""
        return claims.take_over(self.ledger, self.run_id, repeatable=self.repeatable)

    def is_refused(self) -> bool:
        """Whether the refusals of all processes in a row pause the run."""
        with self.ledger.read() as tx:
            series = find_series(tx, self.run_id)
        return series is not None and series.is_open

    def waiting(self) -> Waiting:
        """What is still to come.

        Nothing is in hand now: what a claim took whose answer was lost is given back first.
        """
        with self.ledger.begin("idle", counted=False) as tx:
            claims.release(tx, self.run_id, self.owner)
            rows = tx.first(
                tx.select(
                    message,
                    func.count().label("pending"),
                    func.min(message.c.next_attempt_at).label("next"),
                    func.count(message.c.next_attempt_at).label("later"),
                ).where(message.c.run == self.run_id, message.c.state == "pending")
            )
            held = message.c.run == self.run_id, message.c.state.in_(OWNED)
            others = int(tx.scalar(tx.select(message, func.count()).where(*held)))
        if rows is None or rows.pending == 0:
            return Waiting(None, others)
        return Waiting(rows.next if rows.later == rows.pending else tx.now, others)

    def commit(
        self,
        results: Sequence[Result],
        calls: Calls,
        renew: bool,
        shares: tuple[int, int, int] | None = None,
    ) -> Committed:
        """Write outcomes, and the intents of as many calls as run state and rate permit.

        Args:
            results: outcomes.
            calls: that are to start, by slot.
            renew: extend the lease of what this process holds.
            shares: connections of the account, those that this process may have open, and how many
                processes are expected: share them out.
        """
        with self.ledger.begin("commit", counted=bool(results or calls)) as tx:
            answered = any(r.attempt is not None and r.outcome != NOT_STARTED for r in results)
            state = lock_state(tx, self.run_id, progress=answered)
            seen_at = elapsed()
            write_results(tx, self.run_id, self.owner, results)
            if state == "cancelled":
                cancel_pending(tx, self.run_id, [result.no for result in results])
            if renew:
                claims.renew(tx, self.run_id, self.owner, self.lease)
            committed = Committed(state, is_held(tx, self.owner), seen_at)
            if shares and committed.is_owner:
                committed.share = self._share(tx, *shares)
            if state == "sending" and committed.is_owner:
                self._write_calls(tx, calls, committed)
            else:
                committed.left = [one for call in calls.values() for one in call]
        return committed

    def under_way(self) -> claims.UnderWay:
        """What this process may be sending at this moment."""
        with self.ledger.read() as tx:
            return claims.under_way(tx, self.run_id, self.owner)

    def _write_calls(self, tx: Tx, calls: Calls, committed: Committed) -> None:
        oldest = oldest_fresh()
        ready = [one for call in calls.values() for one in call]
        fresh = [one for one in ready if one.read_at >= oldest]
        committed.left = [one for one in ready if one.read_at < oldest]
        if not fresh:
            return
        given, committed.free_at = take_permits(
            tx, self.account_name, self.account.rate, len(fresh), spread=self.account.spread
        )
        committed.left += fresh[given:]
        taken = set(map(id, write_intents(tx, self.run_id, self.owner, fresh[:given], self.lease)))
        for slot, call in calls.items():
            leaving = [one for one in call if id(one) in taken]
            if leaving:
                committed.calls[slot] = leaving
