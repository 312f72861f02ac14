"""The contract of a dispatcher, executable."""

from __future__ import annotations

import re
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from serienpost_testkit.null.practice import Runs
from serienpost_testkit.suites.base import Suite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from serienpost import Context, Dispatcher

# Seconds within which something that does not wait has happened, also on a busy machine.
_PROMPT = 20.0
# Seconds in which something would have happened that must not happen.
_WATCH = 0.5


class DispatcherSuite(Suite):
    """Inherit, and supply fixtures.

    - fixture `dispatcher`: the dispatcher.
    - fixture `ledger_url`: where the runs of the tests are kept (default: a SQLite file).
    """

    @pytest.fixture
    def subject(self, dispatcher: Dispatcher) -> Dispatcher:
        """The object under test, for the tests that all suites share."""
        return dispatcher

    @pytest.fixture
    def ledger_url(self) -> str:
        """The ledger of the practice, as `ledger:` says it."""
        return "sqlite:///versandbuch.db"

    @pytest.fixture
    def runs(self, tmp_path: Path, ledger_url: str) -> Iterator[Runs]:
        """A practice whose runs are real and whose messages go nowhere."""
        with Runs(tmp_path / "praxis", ledger_url) as made:
            yield made

    def test_declares_what_it_is(self, dispatcher: Dispatcher) -> None:
        """The dispatcher has a name, and says whether the ledger must be shared.

        When it fails: `needs_shared_ledger` is True as soon as workers run on other machines.
        """
        assert re.fullmatch(r"[a-z][a-z0-9_-]*", dispatcher.name)
        assert isinstance(dispatcher.needs_shared_ledger, bool)

    def test_waking_does_not_wait(self, dispatcher: Dispatcher, runs: Runs) -> None:
        """`wake` only leaves word: it neither delivers nor waits for the time to come.

        When it fails: return at once; sleep in `work`.
        """
        run = runs.released(2)
        done = threading.Event()

        def wake_all() -> None:
            dispatcher.wake(runs.context, run, None)
            dispatcher.wake(runs.context, run, datetime.now(UTC) + timedelta(hours=1))
            done.set()

        threading.Thread(target=wake_all, daemon=True).start()
        assert done.wait(_PROMPT)
        assert runs.sent(run) == {}

    def test_who_is_woken_works(self, dispatcher: Dispatcher, runs: Runs) -> None:
        """Runs are delivered that were woken before and after the worker started.

        When it fails: keep wake-ups until a worker asks; look at how `work` waits. Once or more
        often does not matter.
        """
        before = runs.released(3)
        dispatcher.wake(runs.context, before, None)
        with _working(dispatcher, runs):
            assert runs.finished(before, _PROMPT)
            after = runs.released(3)
            dispatcher.wake(runs.context, after, None)
            assert runs.finished(after, _PROMPT)
        assert set(runs.sent(before).values()) == set(runs.sent(after).values()) == {1}

    def test_stop_ends_it(self, dispatcher: Dispatcher, runs: Runs) -> None:
        """`work` returns when `stop` is set, and serves nothing more.

        When it fails: look at `stop` between two wake-ups, and wait with `stop.wait(SECONDS)`.
        """
        with _working(dispatcher, runs):
            pass  # what is left is asserted there
        stop = threading.Event()
        stop.set()
        run = runs.released(1)
        dispatcher.wake(runs.context, run, None)
        asked = _Asked()
        worker = _started(dispatcher, runs.context, asked, stop)
        worker.join(_PROMPT)
        assert not worker.is_alive()
        assert asked.runs == []

    def test_nobody_else_is_woken(
        self, dispatcher: Dispatcher, runs: Runs, tmp_path: Path, ledger_url: str
    ) -> None:
        """A worker continues only runs of its own practice.

        When it fails: store the practice's id with each wake-up and ask for it.
        """
        with Runs(tmp_path / "andere", ledger_url, "andere-praxis") as others:
            foreign, own = others.released(1), runs.released(1)
            dispatcher.wake(others.context, foreign, None)
            dispatcher.wake(runs.context, own, None)
            asked = _Asked(runs.continue_run)
            with _working(dispatcher, runs, asked):
                assert runs.finished(own, _PROMPT)
                time.sleep(_WATCH)
            assert set(asked.runs) == {own}

    def test_not_before_its_time(self, dispatcher: Dispatcher, runs: Runs) -> None:
        """A wake-up for later is not served earlier.

        When it fails: compare aware times in UTC.
        """
        run, other = runs.paused(1), runs.released(1)
        dispatcher.wake(runs.context, run, datetime.now(UTC) + timedelta(hours=1))
        dispatcher.wake(runs.context, other, None)
        asked = _Asked(runs.continue_run)
        with _working(dispatcher, runs, asked):
            assert runs.finished(other, _PROMPT)
            time.sleep(_WATCH)
        assert run not in asked.runs

    def test_any_id_does_no_harm(self, dispatcher: Dispatcher, runs: Runs) -> None:
        """A run that is not there, one that is over and one woken many times leave all others
        their turn, and nobody is written to twice.

        When it fails: the dispatcher need not know runs; it passes ids on.
        """
        over, last = runs.released(2), runs.released(2)
        runs.continue_run(over)
        for run in ("no-such-run", over, last, last, over, "no-such-run"):
            dispatcher.wake(runs.context, run, None)
        with _working(dispatcher, runs):
            assert runs.finished(last, _PROMPT)
        assert set(runs.sent(over).values()) == set(runs.sent(last).values()) == {1}

    def test_a_failing_run_does_not_end_the_worker(
        self, dispatcher: Dispatcher, runs: Runs
    ) -> None:
        """A run that cannot go on leaves the others their turn.

        When it fails: serve the next wake-up whatever became of the last one.
        """
        made = [runs.released(1) for _ in range(3)]
        for run in made:
            dispatcher.wake(runs.context, run, None)
        broken = made[1]
        asked = _Asked(lambda run: None if run == broken else runs.continue_run(run))
        with _working(dispatcher, runs, asked):
            assert runs.finished(made[0], _PROMPT)
            assert runs.finished(made[2], _PROMPT)


class _Asked:
    """Notes which runs are continued."""

    def __init__(self, continue_run: Callable[[str], None] = lambda _: None) -> None:
        self.runs: list[str] = []
        self._continue_run = continue_run

    def __call__(self, run: str) -> None:
        self.runs.append(run)
        self._continue_run(run)


def _started(
    dispatcher: Dispatcher,
    context: Context,
    continue_run: Callable[[str], None],
    stop: threading.Event,
) -> threading.Thread:
    args = context, continue_run, stop
    thread = threading.Thread(target=dispatcher.work, args=args, daemon=True)
    thread.start()
    return thread


@contextmanager
def _working(
    dispatcher: Dispatcher, runs: Runs, continue_run: Callable[[str], None] | None = None
) -> Iterator[None]:
    """A worker at work; asked to stop in the end."""
    stop = threading.Event()
    thread = _started(dispatcher, runs.context, continue_run or runs.continue_run, stop)
    try:
        yield
        assert thread.is_alive(), "`work` ended by itself"
    finally:
        stop.set()
        thread.join(_PROMPT)
    assert not thread.is_alive(), "`work` goes on after `stop`"
