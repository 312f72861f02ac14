"""A run delivered by several processes of one command."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from command_line import wait_until

from serienpost import open_practice
from serienpost.cli.send import SAME_REQUEST
from serienpost.service import Answers

if TYPE_CHECKING:
    import subprocess

    from conftest import Practice

    from serienpost.service import Progress

# Milliseconds of a call: one process alone would need minutes for a run.
CALL = 3000
LONG = 600_000


def helpers_of(process: subprocess.Popen[str]) -> list[int]:
    """The helper processes that a command has started and that live."""
    lists = Path(f"/proc/{process.pid}/task").glob("*/children")
    return sorted({int(pid) for file in lists for pid in file.read_text("ascii").split()})


def is_alive(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def senders(practice: Practice) -> set[int]:
    """The processes that have messages on the wire."""
    statement = "SELECT DISTINCT owner FROM message WHERE state = 'sending'"
    return {int(owner.partition("-")[0]) for (owner,) in practice.ledger(statement)}


def slow(practice: Practice, delay_ms: int) -> None:
    practice.edit("serienpost.yaml", "null-email, ", f"null-email, delay_ms: {delay_ms}, ")


def quick(practice: Practice, delay_ms: int) -> None:
    practice.edit("serienpost.yaml", f"delay_ms: {delay_ms}, ", "")


@pytest.fixture
def several(null: Practice) -> Practice:
    """The null practice, its runs delivered by three processes that have a connection
    each."""
    null.edit("serienpost.yaml", "accounts:\n", "workers: 3\naccounts:\n")
    null.edit("serienpost.yaml", 'slots: 4, sender: "Praxis Null <', 'sender: "Praxis Null <')
    null.edit("serienpost.yaml", "null-email, ", "null-email, slots: 3, ")
    return null


def started(practice: Practice, *more: str, count: int = 3) -> subprocess.Popen[str]:
    """A command that is sending, when so many processes have calls on the wire."""
    process = practice.start("send", practice.run, "--yes", "--json", *more)
    practice.wait_until(lambda: len(senders(practice)) == count or process.poll() is not None)
    assert process.poll() is None
    return process


def stopped(practice: Practice, *more: str) -> subprocess.Popen[str]:
    """A command that has started its helpers and stops before its own first call."""
    fault = "wire.before:1:stop"
    process = practice.start("send", practice.run, "--yes", "--json", *more, fault=fault)
    practice.wait_until(lambda: senders(practice) != set() or process.poll() is not None)
    assert process.poll() is None
    return process


def ended(practice: Practice, process: subprocess.Popen[str], code: int) -> dict[str, object]:
    return practice.document(practice.finish(process), ["send"], code)


def test_each_message_leaves_once(several: Practice) -> None:
    process = stopped(several)
    helpers = helpers_of(process)
    assert len(helpers) == 2
    several.wait_until(lambda: several.oracle().total() > 0)
    process.send_signal(signal.SIGCONT)
    assert ended(several, process, 0)["counts"] == {"accepted": 40}
    assert several.oracle().total() == len(several.oracle()) == 40
    assert several.state() == ("finished", None)
    assert not any(map(is_alive, helpers))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_ends_the_calls_of_all(several: Practice, number: signal.Signals) -> None:
    slow(several, CALL)
    process = started(several)
    helpers = helpers_of(process)
    process.send_signal(number)
    document = ended(several, process, 75)
    assert (document["state"], document["reason"]) == ("paused", "interrupted")
    assert not any(map(is_alive, helpers))
    states = several.states()
    assert set(states) == {"accepted", "pending"}
    assert states["accepted"] == several.oracle().total() < 40

    quick(several, CALL)
    assert several.json("resume", several.run)["counts"] == {"accepted": 40}
    assert several.oracle().total() == len(several.oracle()) == 40


def test_a_service_manager_signals_every_process(several: Practice) -> None:
    slow(several, CALL)
    process = started(several)
    for pid in (*helpers_of(process), process.pid):
        os.kill(pid, signal.SIGTERM)
    done = several.finish(process)
    assert several.document(done, ["send"], 75)["reason"] == "interrupted"
    assert "lost" not in done.err
    assert set(several.states()) == {"accepted", "pending"}


def test_two_signals_end_all_at_once(several: Practice) -> None:
    slow(several, LONG)
    process = started(several)
    process.send_signal(signal.SIGINT)
    time.sleep(SAME_REQUEST + 0.1)
    process.send_signal(signal.SIGINT)
    assert ended(several, process, 75)["reason"] == "interrupted"
    assert several.states() == {"in_doubt": 3, "pending": 37}


def test_a_killed_parent_leaves_no_helper(several: Practice) -> None:
    slow(several, CALL)
    process = started(several)
    helpers = helpers_of(process)
    process.kill()
    several.finish(process)
    several.wait_until(lambda: not any(map(is_alive, helpers)))
    states = several.states()
    assert states["claimed"] == 0
    assert states["sending"] == 1  # the parent's own; helpers wrote down theirs
    quick(several, CALL)
    assert several.json("resume", several.run, code=5)["counts"] == {"accepted": 39, "in_doubt": 1}
    assert several.oracle().total() == len(several.oracle()) == 40


def test_a_killed_helper_costs_its_own_doubts(several: Practice) -> None:
    """Who stands in for it needs no more than the others leave."""
    slow(several, CALL)
    process = started(several)
    helper, other = helpers_of(process)
    os.kill(helper, signal.SIGKILL)
    several.wait_until(lambda: set(helpers_of(process)) - {helper, other} != set())
    (second,) = set(helpers_of(process)) - {helper, other}
    several.wait_until(lambda: second in senders(several))
    os.kill(second, signal.SIGKILL)  # it is not replaced again
    process.send_signal(signal.SIGTERM)
    done = several.finish(process)
    document = several.document(done, ["send"], 75)
    assert document["reason"] == "interrupted"
    lost = [line for line in done.err.splitlines() if " is lost, the others go on: " in line]
    assert [f"({pid})" in line for pid, line in zip((helper, second), lost, strict=True)]
    assert all("signal 9" in line for line in lost)
    assert several.states()["in_doubt"] == 2
    quick(several, CALL)
    assert several.json("resume", several.run, code=5)["counts"] == {"accepted": 38, "in_doubt": 2}
    assert several.oracle().total() == len(several.oracle()) == 40


def test_the_parent_goes_on_where_a_helper_is_killed(several: Practice) -> None:
    """At a point that is meant for the second helper alone; its messages are taken over."""
    several.env["SERIENPOST_HELPER_FAULT"] = "2/wire.before:1"
    slow(several, 1000)
    process = stopped(several)
    first = helpers_of(process)
    several.wait_until(lambda: set(first) - set(filter(is_alive, first)) != set())
    process.send_signal(signal.SIGCONT)
    done = several.finish(process)
    assert several.document(done, ["send"], 5)["counts"] == {"accepted": 39, "in_doubt": 1}
    assert done.err.count(" is lost, the others go on: ") == 1
    assert several.oracle().total() == len(several.oracle()) == 39
    assert several.state() == ("finished", None)


def test_no_wait_holds_for_all(several: Practice) -> None:
    several.edit("serienpost.yaml", "null-email, ", "null-email, rate: [10/hour], ")
    document = several.json("send", several.run, "--yes", "--no-wait", code=75)
    assert (document["state"], document["reason"]) == ("paused", "rate")
    assert several.states() == {"accepted": 10, "pending": 30}
    assert several.oracle().total() == len(several.oracle()) == 10


def test_one_worker_starts_nobody(several: Practice) -> None:
    several.edit("serienpost.yaml", "workers: 3", "workers: 1")
    slow(several, CALL)
    process = started(several, count=1)
    assert helpers_of(process) == []
    process.terminate()
    ended(several, process, 75)


def test_a_small_run_starts_nobody_by_itself(several: Practice) -> None:
    several.edit("serienpost.yaml", "workers: 3\n", "")
    slow(several, CALL)
    process = started(several, count=1)
    assert helpers_of(process) == []
    process.terminate()
    ended(several, process, 75)


def test_a_refused_resume_starts_nobody(several: Practice) -> None:
    """Who cannot begin has no helpers: the fault would be theirs."""
    several.env["SERIENPOST_HELPER_FAULT"] = "1/claim.before_commit:1"
    several.json("cancel", several.run)
    done = several("resume", several.run)
    assert (done.code, "lost" in done.err) == (3, False)


def test_a_helper_that_cannot_begin_is_told_in_one_line(several: Practice) -> None:
    """A plugin that works here and not there."""
    several.install("serienpost-half", HALF)
    several.edit("serienpost.yaml", "[serienpost-testkit]", "[serienpost-testkit, serienpost-half]")
    done = several("send", several.run, "--yes", "--json")
    assert several.document(done, ["send"], 0)["counts"] == {"accepted": 40}
    lost = done.err.splitlines()
    assert len(lost) == 2
    assert all("is lost, the others go on: " in one and "serienpost-half" in one for one in lost)


# A helper leads a session of its own.
HALF = """
import os

if os.getsid(0) == os.getpid():
    raise RuntimeError("not here")
"""


def test_progress_is_that_of_one_command(several: Practice) -> None:
    """As a program sees it, which asks for helpers."""
    told: list[Progress] = []

    def heard(progress: Progress) -> None:
        if not told:  # this process waits here, so the others do the rest
            wait_until(lambda: several.oracle().total() >= 39)
        told.append(progress)

    with open_practice(several.folder, actor="test") as practice:
        run = practice.run(several.run)
        run.approve(Answers(release=True))
        status = run.deliver(heard, workers=3)
    assert (status.state, status.counts["accepted"]) == ("finished", 40)
    assert {(one.run, one.total) for one in told} == {(several.run, 40)}
    settled = [one.settled for one in told]
    assert settled == sorted(settled)
    assert settled[-1] == 40
    assert several.oracle().total() == len(several.oracle()) == 40
