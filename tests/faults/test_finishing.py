"""Two processes that finish the same run: one does it, the other waits, whoever of them dies."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from fault_harness.invariants import assert_clean, snapshot
from fault_harness.practice import KILLED

from serienpost.ledger.schema import run as run_table

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from conftest import Figures, Practices
    from fault_harness.practice import Practice
    from fault_harness.providers import BinderProvider


@pytest.mark.parametrize("killed", [False, True], ids=["lives on", "killed"])
def test_who_comes_second_waits_for_the_first(
    practices: Practices, figures: Figures, ledger: str, killed: bool
) -> None:
    practice = practices.new(ledger, "binder")
    provider: BinderProvider = practice.provider  # type: ignore[assignment]
    before = snapshot(practice)
    first = practice.start("send", practice.run, "--yes")
    _wait(first, lambda: bool(provider.binders(practice)))
    begun = _progress(practice)
    second = practice.start("resume", practice.run)
    _wait(second, lambda: _progress(practice) != begun)
    time.sleep(1)
    assert second.poll() is None
    assert provider.binders(practice) == [("begin", first.pid)]
    if killed:
        first.kill()
        _wait(second, lambda: len(provider.binders(practice)) > 1)
    practice.write("bound", "")
    codes = [practice.finish(first, "send").code, practice.finish(second, "resume").code]
    assert codes == [KILLED if killed else 0, 0]
    binder = second.pid if killed else first.pid
    assert provider.binders(practice)[-2:] == [("begin", binder), ("end", binder)]
    assert len(provider.binders(practice)) == 2 + killed
    assert practice.rows(run_table)[0]["owner"] is None
    assert_clean(practice, before)
    figures.add("pairs of processes that finish the same run")


def test_letters_are_finished_by_two_at_once(
    new: Callable[..., Practice], figures: Figures, ledger: str
) -> None:
    practice = new(ledger, "letter")
    before = snapshot(practice)
    assert practice("send", practice.run, "--yes", fault="finishing.before_commit").code == KILLED
    assert practice.state() == "sending"
    resuming = [practice.start("resume", practice.run) for _ in range(2)]
    assert [practice.finish(process, "resume").code for process in resuming] == [0, 0]
    assert_clean(practice, before)
    assert sorted(practice.oracle()) == sorted(m["ref"] for m in practice.messages().values())
    figures.add("pairs of processes that finish the same run")


def _progress(practice: Practice) -> object:
    """When a process last began with the run."""
    return practice.rows(run_table)[0]["progress_at"]


def _wait(process: subprocess.Popen[str], happened: Callable[[], bool]) -> None:
    """Wait for something that a process does, which does not end meanwhile."""
    until = time.monotonic() + 60
    while not happened():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < until
        time.sleep(0.02)
