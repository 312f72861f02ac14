"""Several processes at once: two that resume, two that run, one that was stopped for too long."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import pytest
from fault_harness.invariants import assert_clean, snapshot
from fault_harness.providers import SLOTS
from fault_harness.scenarios import interrupted

from serienpost.ledger.schema import run as run_table

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from conftest import Figures, Practices
    from fault_harness.practice import Practice

SLOW_MS = 300


def test_two_resume_at_once(new: Callable[..., Practice], figures: Figures, ledger: str) -> None:
    practice = new(ledger)
    before = snapshot(practice)
    interrupted(practice)
    resuming = [practice.start("resume", practice.run) for _ in range(2)]
    codes = [practice.finish(process, "resume").code for process in resuming]
    assert set(codes) <= {5, 75}
    practice.must("resume", practice.run, codes=(5,))
    assert_clean(practice, before)
    figures.add("pairs of processes started at once")


def test_two_runs_in_the_same_second(
    new: Callable[..., Practice], figures: Figures, ledger: str
) -> None:
    """Whoever of the two prepares, each person gets it once."""
    practice = new(ledger)
    practice.must("cancel", practice.run)
    running = [practice.start("run", "einladung", "--yes") for _ in range(2)]
    codes = [practice.finish(process, "run").code for process in running]
    assert set(codes) <= {0, 75}
    for row in practice.rows(run_table):
        if row["state"] in ("approved", "sending", "paused"):
            practice.must("resume", row["id"])
    persons = {m["ref"]: m["person"] for m in practice.tables()["message"]}
    reached = sorted(persons[ref] for ref in practice.oracle().elements())
    assert reached == sorted({m["person"] for m in practice.messages().values()})
    figures.add("pairs of processes started at once")


@pytest.mark.parametrize("doubted", [False, True], ids=["lives on", "decided meanwhile"])
def test_stopped_beyond_its_lease(
    new: Callable[..., Practice], figures: Figures, ledger: str, doubted: bool
) -> None:
    """A process that sleeps too long loses its rows; awake again it sends none of them twice."""
    practice = new(ledger)
    practice.configure(delay_ms=SLOW_MS)
    before = snapshot(practice)
    sleeper = practice.start("send", practice.run, "--yes")
    _wait_for_calls(practice, sleeper)
    sleeper.send_signal(signal.SIGSTOP)
    practice.change("UPDATE message SET lease_until = 1 WHERE state IN ('claimed', 'sending')")
    practice.change("UPDATE worker SET lease_until = 1")
    figures.add("processes stopped beyond their lease")
    practice.configure()
    practice.must("resume", practice.run, codes=(5,))
    assert practice.states()["in_doubt"] <= SLOTS
    if doubted:
        doubts = [row for row, m in practice.messages().items() if m["state"] == "in_doubt"]
        resend = [word for row in doubts for word in ("--recipient", row)]
        practice.must("resolve", practice.run, *resend, "--as", "resend")
        practice.must("resume", practice.run)
    sleeper.send_signal(signal.SIGCONT)
    assert practice.finish(sleeper, "send").code in (0, 5, 75)
    assert_clean(practice, before)
    if not doubted:
        assert set(practice.oracle().values()) == {1}


def test_the_rate_holds_over_kills(
    new: Callable[..., Practice], figures: Figures, ledger: str
) -> None:
    """Eight per second, by the provider's own clock, whatever dies in between."""
    practice = new(ledger)
    practice.configure(rate="[8/second]")
    before = snapshot(practice)
    practice("send", practice.run, "--yes", fault="wire.after:3")
    practice("resume", practice.run, fault="commit.after_commit:3")
    practice.must("resume", practice.run, codes=(5,))
    assert_clean(practice, before)
    begun = sorted(attempt["started_at"] for attempt in practice.attempts())
    spans = [b - a for a, b in zip(begun, begun[8:], strict=False)]
    assert min(span.total_seconds() for span in spans) >= 1
    figures.add("runs under a rate")


def test_a_withdrawal_is_heeded(practices: Practices, figures: Figures, ledger: str) -> None:
    """Who withdraws before the next call is read gets nothing, also over a kill."""
    practice = practices.new(ledger)
    before = snapshot(practice)
    interrupted(practice)
    gone = [row for row, m in practice.messages().items() if m["state"] in ("pending", "claimed")]
    lines = [f'{{"id": "{person}", "verdict": "deny"}}\n' for person in gone[:5]]
    practice.write("consent.jsonl", "".join(lines))
    practice.must("resume", practice.run, codes=(5,))
    assert_clean(practice, before)
    for row in gone[:5]:
        message = practice.messages()[row]
        assert message["state"] == "suppressed"
        assert practice.oracle()[message["ref"]] == 0
    figures.add("withdrawals during a run", 5)


def _wait_for_calls(practice: Practice, process: subprocess.Popen[str]) -> None:
    """Wait until calls are on the wire; their provider takes 0.3 s to answer."""
    until = time.monotonic() + 60
    while not practice.oracle():
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.005)
    time.sleep(0.1)
