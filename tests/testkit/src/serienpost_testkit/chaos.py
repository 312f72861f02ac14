"""A dispatcher that does to wake-ups whatever a dispatcher may do, for tests of what it serves."""

from __future__ import annotations

import random
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from threading import Event

    from serienpost import Context, Dispatcher

# Seconds for which wake-ups are kept back, to be passed on in another order.
_PATIENCE = 0.2


class ChaosDispatcher:
    """Drops, repeats and reorders what another dispatcher passes on, and continues a run in two
    threads at the same moment.

    Args:
        dispatcher: the one that is wrapped.
        seed: of what happens when; print it where a test fails.
    """

    def __init__(self, dispatcher: Dispatcher, seed: int) -> None:
        self._dispatcher = dispatcher
        self._random = random.Random(seed)  # no secret
        self._lock = threading.Lock()
        self._kept: list[str] = []
        self.name = f"chaos-{dispatcher.name}"
        self.needs_shared_ledger = dispatcher.needs_shared_ledger
        # What was done to the wake-ups, by kind.
        self.done = dict.fromkeys(("dropped", "repeated", "reordered", "doubled"), 0)

    def wake(self, context: Context, run: str, not_before: datetime | None) -> None:
        """Pass a wake-up on: not at all, once, or several times."""
        for _ in range(self._times()):
            self._dispatcher.wake(context, run, not_before)

    def work(self, context: Context, continue_run: Callable[[str], None], stop: Event) -> None:
        """Let the other dispatcher work; what it passes on goes through the chaos."""
        mixer = threading.Thread(target=self._mix, args=(continue_run, stop), daemon=True)
        mixer.start()
        self._dispatcher.work(context, self._keep, stop)
        mixer.join()

    def _times(self) -> int:
        with self._lock:
            drawn = self._random.random()
            kind = "dropped" if drawn < 0.2 else "repeated" if drawn < 0.5 else None
            if kind:
                self.done[kind] += 1
        return {"dropped": 0, "repeated": 3, None: 1}[kind]

    def _keep(self, run: str) -> None:
        times = self._times()
        with self._lock:
            self._kept += [run] * times

    def _mix(self, continue_run: Callable[[str], None], stop: Event) -> None:
        """Pass on what was kept, in another order, each in one thread or in two."""
        threads: list[threading.Thread] = []
        while not stop.wait(_PATIENCE):
            with self._lock:
                kept, self._kept = self._kept, []
                before = list(kept)
                self._random.shuffle(kept)
                self.done["reordered"] += kept != before
                twice = [self._random.random() < 0.5 for _ in kept]
                self.done["doubled"] += sum(twice)
            for run, is_doubled in zip(kept, twice, strict=True):
                gate = threading.Barrier(2 if is_doubled else 1)
                threads += [_behind(gate, continue_run, run) for _ in range(gate.parties)]
        for thread in threads:
            thread.join()


def _behind(
    gate: threading.Barrier, continue_run: Callable[[str], None], run: str
) -> threading.Thread:
    """A thread that continues a run as soon as all of the gate are there."""

    def go() -> None:
        gate.wait()
        continue_run(run)

    thread = threading.Thread(target=go, daemon=True)
    thread.start()
    return thread
