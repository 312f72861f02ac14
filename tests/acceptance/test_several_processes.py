"""A run delivered by a command and its helper processes."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from serienpost import open_practice
from serienpost.cli.send import SAME_REQUEST
from serienpost.service import Answers

if TYPE_CHECKING:
    import subprocess

    from conftest import Practice

    from serienpost.service import Progress

# Of an account that three processes share.
CONNECTIONS = 3
# Milliseconds of a call: a command alone is at work for so long that its helpers have begun.
CALL = 1000
# Longer than a test.
LONG = 600_000


@pytest.fixture
def several(null: Practice) -> Practice:
    """The null practice; three processes deliver its run."""
    null.edit("serienpost.yaml", "accounts:\n", "workers: 3\naccounts:\n")
    null.edit(
        "serienpost.yaml",
        'slots: 4, sender: "Praxis Null <',
        f'slots: {CONNECTIONS}, delay_ms: {CALL}, sender: "Praxis Null <',
    )
    return null


def call_takes(practice: Practice, milliseconds: int) -> None:
    """For processes that begin now."""
    practice.edit("serienpost.yaml", f"delay_ms: {CALL}", f"delay_ms: {milliseconds}")


def helpers_of(process: subprocess.Popen[str]) -> list[int]:
    """The helpers that a command has started and that live."""
    lists = Path(f"/proc/{process.pid}/task").glob("*/children")
    return sorted({int(pid) for file in lists for pid in file.read_text("ascii").split()})


def is_alive(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def at_work(practice: Practice, *states: str) -> list[int]:
    """The processes that hold messages in these states; of each message."""
    held = [one for one in practice.messages().values() if one["state"] in states]
    return [int(one["owner"].partition("-")[0]) for one in held]


def started(practice: Practice, *, processes: int = 3) -> subprocess.Popen[str]:
    """A command that is sending, when so many processes have calls on the wire."""
    process = practice.start("send", practice.run, "--yes", "--json")
    wait_for(practice, process, processes)
    return process


def wait_for(practice: Practice, process: subprocess.Popen[str], processes: int) -> None:
    def are_sending() -> bool:
        assert process.poll() is None
        return len(set(at_work(practice, "sending"))) == processes

    practice.wait_until(are_sending)


def ended(practice: Practice, process: subprocess.Popen[str], code: int) -> dict[str, object]:
    return practice.document(practice.finish(process), ["send"], code)


def lost(err: str) -> list[str]:
    """What is said of helpers that are lost."""
    return [line for line in err.splitlines() if " is lost, the others go on: " in line]


def assert_each_once(practice: Practice, total: int = 40) -> None:
    assert practice.oracle().total() == len(practice.oracle()) == total


def test_each_message_leaves_once(several: Practice) -> None:
    process = started(several)
    helpers = helpers_of(process)
    assert len(helpers) == 2
    done = several.finish(process)
    assert several.document(done, ["send"], 0)["counts"] == {"accepted": 40}
    assert lost(done.err) == []
    assert several.state() == ("finished", None)
    assert_each_once(several)
    assert not any(map(is_alive, helpers))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_ends_the_calls_of_all(several: Practice, number: signal.Signals) -> None:
    process = started(several)
    helpers = helpers_of(process)
    process.send_signal(number)
    document = ended(several, process, 75)
    assert (document["state"], document["reason"]) == ("paused", "interrupted")
    assert not any(map(is_alive, helpers))
    states = several.states()
    assert set(states) == {"accepted", "pending"}
    assert states["accepted"] == several.oracle().total() < 40

    call_takes(several, 0)
    assert several.json("resume", several.run)["counts"] == {"accepted": 40}
    assert_each_once(several)


def test_a_service_manager_signals_every_process(several: Practice) -> None:
    process = started(several)
    for pid in (*helpers_of(process), process.pid):
        os.kill(pid, signal.SIGTERM)
    done = several.finish(process)
    assert several.document(done, ["send"], 75)["reason"] == "interrupted"
    assert lost(done.err) == []
    assert set(several.states()) == {"accepted", "pending"}


def test_a_helper_that_is_asked_to_stop_is_no_loss(several: Practice) -> None:
    """The others deliver what it leaves."""
    process = started(several)
    os.kill(helpers_of(process)[0], signal.SIGTERM)
    done = several.finish(process)
    assert several.document(done, ["send"], 0)["counts"] == {"accepted": 40}
    assert lost(done.err) == []
    assert_each_once(several)


def test_two_signals_end_all_at_once(several: Practice) -> None:
    """The helpers' calls would end in ten minutes."""
    process = several.start("send", several.run, "--yes", "--json")
    several.wait_until(lambda: at_work(several, "sending") != [])
    call_takes(several, LONG)
    wait_for(several, process, 3)
    process.send_signal(signal.SIGINT)
    time.sleep(SAME_REQUEST + 0.1)
    process.send_signal(signal.SIGINT)
    assert ended(several, process, 75)["reason"] == "interrupted"
    states = several.states()
    assert set(states) <= {"accepted", "pending", "in_doubt"}
    assert 2 <= states["in_doubt"] <= CONNECTIONS


def test_a_killed_command_leaves_no_helper(several: Practice) -> None:
    process = started(several)
    helpers = helpers_of(process)
    process.kill()
    several.finish(process)
    several.wait_until(lambda: not any(map(is_alive, helpers)))
    left = at_work(several, "sending")
    assert set(left) <= {process.pid}  # helpers have written down theirs
    assert len(left) <= CONNECTIONS
    assert set(at_work(several, "claimed")) <= {process.pid}

    call_takes(several, 0)
    counts = several.json("resume", several.run, code=5 if left else 0)["counts"]
    assert counts.get("in_doubt", 0) == len(left)
    assert sum(counts.values()) == 40
    assert_each_once(several)


def test_a_killed_helper_costs_its_own_doubts(several: Practice) -> None:
    """At a point that is meant for the second helper alone."""
    several.env["SERIENPOST_HELPER_FAULT"] = "2/wire.after:1"
    done = several.finish(several.start("send", several.run, "--yes", "--json"))
    assert several.document(done, ["send"], 5)["counts"] == {"accepted": 39, "in_doubt": 1}
    (told,) = lost(done.err)
    assert told.startswith(f"{several.run}: ")
    assert "signal 9" in told
    assert several.state() == ("finished", None)
    assert_each_once(several)


def test_a_bug_in_a_helper_is_told_in_one_line(several: Practice) -> None:
    """What an error says may name a person."""
    several.install("serienpost-half", BROKEN_THERE)
    several.edit("serienpost.yaml", "[serienpost-testkit]", "[serienpost-testkit, serienpost-half]")
    done = several("send", several.run, "--yes", "--json")
    assert several.document(done, ["send"], 0)["counts"] == {"accepted": 40}
    told = lost(done.err)
    assert len(told) == 2
    assert all("a bug in plugin serienpost-half 1.2: KeyError (details in " in one for one in told)
    log = (several.folder / "serienpost.log").read_text("utf-8")
    assert "KeyError" in log
    assert "Erika" not in done.err + done.out + log
    assert_each_once(several)


def test_a_helper_that_cannot_begin_is_told_in_one_line(several: Practice) -> None:
    """A plugin that can be imported here and not there."""
    several.install("serienpost-half", MISSING_THERE)
    several.edit("serienpost.yaml", "[serienpost-testkit]", "[serienpost-testkit, serienpost-half]")
    done = several("send", several.run, "--yes", "--json")
    assert several.document(done, ["send"], 0)["counts"] == {"accepted": 40}
    told = lost(done.err)
    assert len(told) == 2
    assert all("plugin serienpost-half 1.2 cannot be imported" in one for one in told)
    assert_each_once(several)


# A helper leads a session of its own.
MISSING_THERE = """
import os

if os.getsid(0) == os.getpid():
    raise RuntimeError("not here")
"""
BROKEN_THERE = """
import os

from serienpost_testkit.null.source import NullSource


def current(*_):
    raise KeyError("Erika Mustermann")


if os.getsid(0) == os.getpid():
    NullSource.current = current
"""


def test_no_wait_holds_for_all(several: Practice) -> None:
    several.edit("serienpost.yaml", f"delay_ms: {CALL}", "rate: [10/hour]")
    document = several.json("send", several.run, "--yes", "--no-wait", code=75)
    assert (document["state"], document["reason"]) == ("paused", "rate")
    assert several.states() == {"accepted": 10, "pending": 30}
    assert_each_once(several, 10)


@pytest.mark.parametrize("workers", ["1", "auto"])
def test_where_one_is_enough_nobody_is_started(several: Practice, workers: str) -> None:
    several.edit("serienpost.yaml", "workers: 3", f"workers: {workers}")
    process = started(several, processes=1)
    assert helpers_of(process) == []
    process.terminate()
    ended(several, process, 75)


def test_resume_has_helpers_too(several: Practice) -> None:
    several("send", several.run, "--yes", fault="claim.before_commit:1")
    process = several.start("resume", several.run, "--json")
    wait_for(several, process, 3)
    process.terminate()
    assert several.document(several.finish(process), ["resume"], 75)["reason"] == "interrupted"
    process = several.start("resume", "--due", "--json")
    wait_for(several, process, 3)
    process.terminate()
    assert several.document(several.finish(process), ["resume", "--due"], 75)["runs"]
    assert set(several.states()) == {"accepted", "pending"}


def test_progress_is_that_of_one_command(several: Practice) -> None:
    """As a program sees it, which asks for helpers."""
    told: list[Progress] = []
    seen: set[int] = set()

    def heard(progress: Progress) -> None:
        told.append(progress)
        seen.update(at_work(several, "sending"))

    with open_practice(several.folder, actor="test") as practice:
        run = practice.run(several.run)
        run.approve(Answers(release=True))
        status = run.deliver(heard, workers=3)
    assert (status.state, status.counts["accepted"]) == ("finished", 40)
    assert len(seen) == 3
    assert {(one.run, one.total) for one in told} == {(several.run, 40)}
    settled = [one.settled for one in told]
    assert settled == sorted(settled)
    assert settled[-1] == 40
    assert_each_once(several)
