"""The wall clock is set while a process sends; the monotonic clock goes on as it does on Linux."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from fault_harness.invariants import assert_always, assert_clean, snapshot
from fault_harness.providers import SLOTS, NullProvider

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Figures
    from fault_harness.practice import Practice

HOUR = 3600
SLOW_MS = 250
STEPS = [
    pytest.param((HOUR,), id="an hour forward"),
    pytest.param((-HOUR,), id="an hour back"),
    pytest.param((-HOUR, 0), id="back and put right"),
    pytest.param((3 * 24 * HOUR, -3 * 24 * HOUR, 5), id="days to and fro"),
]


@pytest.fixture
def practice(new: Callable[..., Practice], ledger: str) -> Practice:
    return new(ledger)


@pytest.mark.parametrize("steps", STEPS)
def test_clock_is_set(practice: Practice, figures: Figures, steps: tuple[int, ...]) -> None:
    """Without a rate nothing depends on it: the run goes through without a doubt."""
    before, provider = snapshot(practice), _provider(practice)
    practice.configure(delay_ms=SLOW_MS)
    sending = practice.start("send", practice.run, "--yes")
    for number, seconds in enumerate(steps):
        practice.wait_for(sending, 4 + 5 * number)
        provider.set_clock(practice, seconds)
        figures.add("clocks set under a running process")
    assert practice.finish(sending, "send").code == 0
    assert_clean(practice, before)
    assert practice.states() == {"accepted": len(before)}


def test_clock_is_set_back_under_a_rate(practice: Practice, figures: Figures) -> None:
    """Permits count from the last one: the run waits until the clock is there again."""
    before, provider = snapshot(practice), _provider(practice)
    practice.configure(rate="[8/second]")
    sending = practice.start("send", practice.run, "--yes")
    practice.wait_for(sending, 3)
    provider.set_clock(practice, -HOUR)
    figures.add("clocks set under a running process")
    time.sleep(2.5)
    assert sending.poll() is None
    assert sum(practice.oracle().values()) <= 16, "more than two windows' worth left"
    assert_always(practice, before)
    provider.set_clock(practice, 0)
    assert practice.finish(sending, "send").code == 0
    assert_clean(practice, before)
    begun = sorted(attempt["started_at"] for attempt in practice.attempts())
    spans = [b - a for a, b in zip(begun, begun[8:], strict=False)]
    assert min(span.total_seconds() for span in spans) >= 1


def test_clock_set_forward_ends_a_living_lease(practice: Practice, figures: Figures) -> None:
    """Another process takes over what a living one has; late answers settle it, nothing twice."""
    before, provider = snapshot(practice), _provider(practice)
    practice.configure(delay_ms=3000)
    sending = practice.start("send", practice.run, "--yes")
    practice.wait_for(sending, SLOTS)
    provider.set_clock(practice, 24 * HOUR)
    practice.configure()
    figures.add("clocks set under a running process")
    practice.must("resume", practice.run, "--confirm", codes=(0, 5, 75))
    assert practice.finish(sending, "send").code in (0, 5, 75)
    practice.must("resume", practice.run, "--confirm", codes=(0, 5))
    assert_clean(practice, before)
    assert set(practice.oracle().values()) == {1}
    assert practice.states()["in_doubt"] <= SLOTS


def _provider(practice: Practice) -> NullProvider:
    assert isinstance(practice.provider, NullProvider)
    return practice.provider
