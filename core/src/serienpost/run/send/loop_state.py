"""What is where between ledger and wire, and what is told of it."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime  # noqa: TC003  # part of records
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

    from serienpost.ledger.delivery import Result
    from serienpost.ledger.rows import Outgoing
    from serienpost.run.send.reachability import Reachability
    from serienpost.run.send.recheck import Ready

# After so many seconds without a word it is told that an answer is awaited.
SILENCE = 2.0


@dataclass(frozen=True, slots=True)
class LoopProgress:
    """What the loop is doing, for the progress line; `why` it waits, where that can be said."""

    settled: int
    waiting: str | None = None
    until: datetime | None = None
    why: str = ""


@dataclass
class LoopState:
    """What is where between ledger and wire; `heard` is when a call last began or ended."""

    ready: deque[Ready] = field(default_factory=deque)
    claimed: list[Outgoing] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    claims_empty: bool = False
    blocked_until: datetime | None = None
    blocked_by: str = "rate"
    failures: int = 0
    settled: int = 0
    rate: float = 0.0
    heard: float = field(default_factory=time.monotonic)

    def fresh_count(self) -> int:
        """How many may leave without passing the recheck again; the oldest stand on the left."""
        stale = 0
        for one in self.ready:
            if one.is_fresh:
                break
            stale += 1
        return len(self.ready) - stale

    def progress(self, reachability: Reachability, awaited_since: float | None) -> LoopProgress:
        """How far it is, and what it waits for.

        Args:
            reachability: whether the provider answers.
            awaited_since: since when an answer is awaited, if one is.
        """
        if self.blocked_until:
            why = reachability.why if self.blocked_by == "connection" else ""
            return LoopProgress(self.settled, self.blocked_by, self.blocked_until, why)
        if reachability.is_doubtful:
            return LoopProgress(self.settled, "connection", None, reachability.why)
        if awaited_since is not None and time.monotonic() - awaited_since >= SILENCE:
            return LoopProgress(self.settled, "answer", None, reachability.account)
        return LoopProgress(self.settled)
