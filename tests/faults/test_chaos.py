"""A dispatcher that drops, repeats, reorders and doubles wake-ups: everybody gets theirs once."""

from __future__ import annotations

import os
import random
import threading
import time
from typing import TYPE_CHECKING

import pytest

from serienpost.dispatch import LocalDispatcher
from serienpost_testkit.chaos import ChaosDispatcher
from serienpost_testkit.null.practice import Runs

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path
    from threading import Event

    from conftest import Practices

    from serienpost import Context

RUNS, MESSAGES = 5, 30


class Bell:
    """A dispatcher of this process, which tells runs at once, in the order of the wake-ups."""

    name = "bell"
    needs_shared_ledger = False

    def __init__(self) -> None:
        self._rung: list[str] = []

    def wake(self, context: Context, run: str, not_before: datetime | None) -> None:
        self._rung.append(run)

    def work(self, context: Context, continue_run: Callable[[str], None], stop: Event) -> None:
        while not stop.wait(0.01):
            while self._rung:
                continue_run(self._rung.pop(0))


@pytest.mark.parametrize("inner", [Bell, LocalDispatcher])
def test_every_message_leaves_once(
    practices: Practices, ledger: str, tmp_path: Path, inner: Callable[[], Bell]
) -> None:
    seed = int(os.environ.get("CHAOS_SEED") or random.SystemRandom().randrange(10**6))
    print(f"CHAOS_SEED={seed}")  # noqa: T201  # shown where the test fails
    chaos = ChaosDispatcher(inner(), seed)
    errors: list[BaseException] = []

    with Runs(tmp_path / "chaos", practices.ledger(ledger)) as runs:
        made = [runs.released(MESSAGES) for _ in range(RUNS)]

        def continue_run(run: str) -> None:
            try:
                runs.continue_run(run)
            except BaseException as error:
                errors.append(error)
                raise

        stop = threading.Event()
        args = runs.context, continue_run, stop
        working = threading.Thread(target=chaos.work, args=args)
        working.start()
        for run in made:
            for _ in range(4):
                chaos.wake(runs.context, run, None)
        chaos.wake(runs.context, "no-such-run", None)
        until = time.monotonic() + 120
        while any(runs.state(run) != "finished" for run in made):
            assert time.monotonic() < until, [runs.counts(run) for run in made]
            time.sleep(0.5)
            runs.round()  # what no wake-up came through for
        stop.set()
        working.join()

        assert errors == []
        for run in made:
            assert runs.counts(run) == {"accepted": MESSAGES}
            assert list(runs.sent(run).values()) == [1] * MESSAGES
            assert runs.attempts(run) == [1] * MESSAGES
    assert chaos.done["dropped"] or chaos.done["repeated"]
    assert sum(chaos.done.values()) > 0


def test_the_same_seed_does_the_same() -> None:
    done = []
    for _ in range(2):
        chaos = ChaosDispatcher(Bell(), 7)
        for number in range(50):
            chaos.wake(None, f"run-{number}", None)  # type: ignore[arg-type]  # not looked at
        done.append(dict(chaos.done))
    assert done[0] == done[1]
    assert done[0]["dropped"] > 0 < done[0]["repeated"]
