"""The send loop's side of the ledger; everything here runs on the committing thread."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from sqlalchemy import func

from serienpost.ledger import claims
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
from serienpost.run.send.recheck import elapsed, oldest_fresh

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

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
    """

    run_state: str
    is_owner: bool
    seen_at: float
    calls: Calls = field(default_factory=dict)
    left: list[Ready] = field(default_factory=list)
    free_at: datetime | None = None


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

    def claim(self, limit: int) -> list[Outgoing]:
        """Take pending messages that are due; where there are parts, `limit` counts those."""
        take = claims.claim_parts if self.takes_parts else claims.claim
        with self.ledger.begin("claim", counted=False) as tx:
            return take(tx, self.run_id, self.owner, limit, self.lease)

    def release(self) -> None:
        """Give back what was claimed and not sent."""
        with self.ledger.begin("release", counted=False) as tx:
            claims.release(tx, self.run_id, self.owner)

    def next_attempt(self) -> datetime | None:
        """When the next pending message is due; None if none is pending.

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
        if rows is None or rows.pending == 0:
            return None
        return rows.next if rows.later == rows.pending else tx.now

    def commit(self, results: Sequence[Result], calls: Calls, renew: bool) -> Committed:
        """Write outcomes, and the intents of as many calls as run state and rate permit."""
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
