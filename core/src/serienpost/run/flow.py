"""What the send loop has in hand, and how it is watched and stopped from outside."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from datetime import datetime

    from serienpost.ledger.claims import Outgoing
    from serienpost.ledger.delivery import Result
    from serienpost.run.courier import Call
    from serienpost.run.door import Ready


@dataclass(frozen=True, slots=True)
class Progress:
    """What the loop is doing, for the progress line."""

    settled: int
    waiting: str | None = None
    until: datetime | None = None


@dataclass
class Stop:
    """Asks the loop to stop: once after the calls under way, twice at once."""

    wake: Callable[[], None] = lambda: None
    requests: int = 0

    def request(self) -> None:
        self.requests += 1
        self.wake()


@dataclass
class Flow:
    """What is where between ledger and wire."""

    ready: deque[Ready] = field(default_factory=deque)
    claimed: list[Outgoing] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    free: list[int] = field(default_factory=list)
    tasks: dict[asyncio.Task[None], Call] = field(default_factory=dict)
    claims_empty: bool = False
    blocked_until: datetime | None = None
    blocked_by: str = "rate"
    failures: int = 0
    settled: int = 0
    rate: float = 0.0

    def fresh_count(self) -> int:
        """How many may leave without passing the door again; the oldest stand on the left."""
        stale = 0
        for one in self.ready:
            if one.is_fresh:
                break
            stale += 1
        return len(self.ready) - stale
