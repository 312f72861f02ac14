"""How much of an account's allowance is used, and that it is never exceeded, in a simulated clock.

Two workers take permits in turn from one ledger on disk; now and then one of them ends and another
opens the ledger anew. The clock jumps to the moment that the ledger names. Printed: how much of
what the rates allow over the whole time was given, and the shortest span of n+1 consecutive permits
of each rate `n/window`, which is never below the window.

    python bench/permits.py [MESSAGES]
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from serienpost.contracts.accounts import Rate
from serienpost.ledger.engine import open_engine
from serienpost.ledger.permits import take_permits
from serienpost.ledger.store import Ledger

MESSAGES = 100_000
RATES = (Rate(20, 60), Rate(250, 3600), Rate(5_000, 86_400))
SLOTS = 4
WORKERS = 2
# The chance of each transaction to be a worker's last.
RESTART = 0.002

USED = 0.99
SEED = 20261125


@dataclass
class Simulation:
    """Workers that send without a pause as soon as they may."""

    folder: Path
    chance: random.Random = field(default_factory=lambda: random.Random(SEED))
    now: datetime = datetime(2026, 3, 1, tzinfo=UTC)
    stamps: list[datetime] = field(default_factory=list)
    restarts: int = 0

    def run(self, messages: int) -> None:
        """Take permits until there are so many."""
        workers = [self._open() for _ in range(WORKERS)]
        while len(self.stamps) < messages:
            number = len(self.stamps) % WORKERS
            with workers[number].begin() as tx:
                tx.now = self.now
                given, free_at = take_permits(tx, "mail", RATES, SLOTS)
            self.stamps += [self.now] * given
            self.now = free_at or self.now + timedelta(milliseconds=self.chance.randrange(5, 400))
            if self.chance.random() < RESTART:
                workers[number].engine.dispose()
                workers[number] = self._open()
                self.restarts += 1
        for worker in workers:
            worker.engine.dispose()

    def shortest(self, rate: Rate) -> timedelta:
        """The shortest span of `count + 1` permits; there must be so many."""
        pairs = zip(self.stamps, self.stamps[rate.count :], strict=False)
        return min(late - early for early, late in pairs)

    def used(self) -> float:
        """Permits given, as a share of what the strictest rate allows up to the last one."""
        passed = (self.stamps[-1] - self.stamps[0]).total_seconds()
        allowed = min(rate.count * (int(passed // rate.seconds) + 1) for rate in RATES)
        return len(self.stamps) / allowed

    def _open(self) -> Ledger:
        return Ledger(open_engine("sqlite:///versandbuch.db", self.folder), "bench")


def main() -> None:
    messages = int(sys.argv[1]) if len(sys.argv) > 1 else MESSAGES
    if messages <= max(rate.count for rate in RATES):
        sys.exit("more messages, or the longest window is never full")
    with tempfile.TemporaryDirectory(prefix="serienpost-permits-") as folder:
        simulation = Simulation(Path(folder))
        begun = time.perf_counter()
        simulation.run(messages)
        seconds = time.perf_counter() - begun
    days = (simulation.stamps[-1] - simulation.stamps[0]).total_seconds() / 86_400
    print(
        f"{len(simulation.stamps):,} permits over {days:.1f} simulated days,"
        f" {simulation.restarts} restarts of {WORKERS} workers, {seconds:.0f} s"
    )
    kept = True
    for rate in RATES:
        shortest = simulation.shortest(rate)
        kept = kept and shortest.total_seconds() >= rate.seconds
        print(f"{rate}: {rate.count + 1} consecutive permits span at least {shortest}")
    used = simulation.used()
    print(f"{used:.2%} of the allowance used, target {USED:.0%}")
    if not kept or used < USED:
        sys.exit(1)


if __name__ == "__main__":
    main()
