"""The contract of a dispatcher, executable."""

from __future__ import annotations

import re
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from serienpost_testkit.suites.base import Suite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from serienpost import Context, Dispatcher
    from serienpost_testkit.contexts import MakeContext

    Worker = Callable[[Context, Callable[[str], None]], None]

# Seconds within which something that does not wait has happened, also on a busy machine.
_PROMPT = 5.0


class DispatcherSuite(Suite):
    """Inherit, and supply fixtures.

    - fixture `dispatcher`: the dispatcher.
    - fixture `context`: the practice (default: a made-up one).
    - fixture `stop`: a function that makes `work` return, where it does not by itself.
    - `serves`: False if wake-ups reach nobody, because who approves also delivers.
    """

    serves = True

    @pytest.fixture
    def subject(self, dispatcher: Dispatcher) -> Dispatcher:
        """The object under test, for the tests that all suites share."""
        return dispatcher

    @pytest.fixture
    def stop(self) -> Callable[[], None]:
        """Nothing to do: `work` returns when there is nothing left."""
        return lambda: None

    @pytest.fixture
    def worker(self, dispatcher: Dispatcher, stop: Callable[[], None]) -> Iterator[Worker]:
        """Starts `work` in a thread of its own; all are stopped in the end."""
        threads: list[threading.Thread] = []

        def start(context: Context, continue_run: Callable[[str], None]) -> None:
            thread = threading.Thread(
                target=dispatcher.work, args=(context, continue_run), daemon=True
            )
            thread.start()
            threads.append(thread)

        yield start
        stop()
        for thread in threads:
            thread.join(_PROMPT)
        assert not any(thread.is_alive() for thread in threads), "`work` goes on after `stop`"

    def test_declares_what_it_is(self, dispatcher: Dispatcher) -> None:
        """The dispatcher has a name, and says whether the ledger must be shared.

        When it fails: `needs_shared_ledger` is True as soon as workers run on other machines.
        """
        assert re.fullmatch(r"[a-z][a-z0-9_-]*", dispatcher.name)
        assert isinstance(dispatcher.needs_shared_ledger, bool)

    def test_waking_does_not_wait(self, dispatcher: Dispatcher, context: Context) -> None:
        """`wake` only leaves word: it neither delivers nor waits for the time to come.

        When it fails: return at once; sleep in `work`.
        """
        begun = time.monotonic()
        dispatcher.wake(context, "run-1", None)
        dispatcher.wake(context, "run-1", datetime.now(UTC) + timedelta(hours=1))
        dispatcher.wake(context, "no-such-run", None)
        assert time.monotonic() - begun < _PROMPT

    def test_who_is_woken_works(
        self, dispatcher: Dispatcher, context: Context, worker: Worker
    ) -> None:
        """Runs that were woken are continued, before and after the worker started.

        When it fails: keep wake-ups until a worker asks; look at how `work` waits. Once or more
        often does not matter.
        """
        asked = _Asked()
        dispatcher.wake(context, "run-1", None)
        worker(context, asked)
        if self.serves:
            assert asked.within(_PROMPT, {"run-1"})
        else:
            assert asked.runs == []

    def test_nobody_else_is_woken(
        self, dispatcher: Dispatcher, context: Context, make_context: MakeContext, worker: Worker
    ) -> None:
        """A worker continues only runs of its own practice that somebody woke.

        When it fails: store the practice's id with each wake-up and ask for it.
        """
        foreign = make_context(practice={**context.practice.model_dump(), "id": "andere-praxis"})
        asked = _Asked()
        dispatcher.wake(foreign, "run-2", None)
        dispatcher.wake(context, "run-1", None)
        worker(context, asked)
        asked.within(_PROMPT if self.serves else 0.1, {"run-1"})
        time.sleep(0.2)
        assert set(asked.runs) <= {"run-1"}

    def test_not_before_its_time(
        self, dispatcher: Dispatcher, context: Context, worker: Worker
    ) -> None:
        """A wake-up for later is not served earlier.

        When it fails: compare aware times in UTC.
        """
        asked = _Asked()
        dispatcher.wake(context, "run-1", datetime.now(UTC) + timedelta(hours=1))
        worker(context, asked)
        time.sleep(0.5)
        assert asked.runs == []

    def test_a_failing_run_does_not_end_the_worker(
        self, dispatcher: Dispatcher, context: Context, worker: Worker
    ) -> None:
        """An exception while one run is continued leaves the others their turn.

        When it fails: catch it around each call of `continue_run`, and log the run's id.
        """
        asked = _Asked(fail={"run-1"})
        runs = ("run-0", "run-1", "run-2")
        for run in runs:
            dispatcher.wake(context, run, None)
        worker(context, asked)
        if self.serves:
            assert asked.within(_PROMPT, set(runs))


class _Asked:
    """Stands for continuing a run: notes which, fails for some."""

    def __init__(self, fail: set[str] | None = None) -> None:
        self.runs: list[str] = []
        self._fail = fail or set()
        self._noted = threading.Condition()

    def __call__(self, run: str) -> None:
        with self._noted:
            self.runs.append(run)
            self._noted.notify_all()
        if run in self._fail:
            raise RuntimeError("the ledger is away")

    def within(self, seconds: float, runs: set[str]) -> bool:
        """Whether all of these are asked for in time."""
        with self._noted:
            return self._noted.wait_for(lambda: runs <= set(self.runs), seconds)
