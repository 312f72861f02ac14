"""A run delivered by a command and its helper processes."""

from __future__ import annotations

import os
import signal
import time
from contextlib import closing
from pathlib import Path
from sqlite3 import OperationalError, connect
from typing import TYPE_CHECKING

import pytest
from gate import GATE

from serienpost import open_practice
from serienpost.cli.send import SAME_REQUEST
from serienpost.service import Answers

if TYPE_CHECKING:
    import subprocess

    from conftest import Practice

    from serienpost.service import Progress

# Of an account that three processes share.
CONNECTIONS = 3
# Milliseconds of a call, so that a request to stop comes before the next one.
CALL = 500


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


def plug_in(practice: Practice, source: str) -> None:
    """Let the practice's commands load this plugin."""
    practice.install("serienpost-half", source)
    practice.edit(
        "serienpost.yaml", "[serienpost-testkit]", "[serienpost-testkit, serienpost-half]"
    )


@pytest.fixture
def gate(several: Practice) -> Practice:
    """The same, with processes that begin together."""
    plug_in(several, GATE)
    return several


def held(practice: Practice, *args: str, processes: int = 3) -> subprocess.Popen[str]:
    """A command that is about to send, when so many processes have come."""
    site = practice.folder.parent / "site"
    (site / "hold").touch()
    process = practice.start(*args, "--json")

    def have_come() -> bool:
        assert process.poll() is None
        return len(practice.ledger("SELECT owner FROM worker")) == processes

    practice.wait_until(have_come)
    return process


def started(practice: Practice, *args: str, processes: int = 3) -> subprocess.Popen[str]:
    """A command of which so many processes have a call under way, until `go_on`."""
    site = practice.folder.parent / "site"
    (site / "stay").touch()
    args = args or ("send", practice.run, "--yes")
    process = held(practice, *args, processes=processes)
    (site / "hold").unlink()

    def are_sending() -> bool:
        assert process.poll() is None
        return len(set(at_work(practice, "sending"))) == processes

    practice.wait_until(are_sending)
    return process


def go_on(practice: Practice) -> None:
    """Let calls be made."""
    (practice.folder.parent / "site" / "stay").unlink()


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


def freeze(practice: Practice, pid: int) -> bool:
    """Freeze a process, unless it is just writing to the ledger."""
    os.kill(pid, signal.SIGSTOP)
    try:
        with closing(connect(practice.folder / "versandbuch.db", timeout=1)) as db:
            db.execute("BEGIN IMMEDIATE")
    except OperationalError:
        os.kill(pid, signal.SIGCONT)
        return False
    return True


def at_work(practice: Practice, *states: str) -> list[int]:
    """The processes that hold messages in these states; of each message."""
    held = [one for one in practice.messages().values() if one["state"] in states]
    return [int(one["owner"].partition("-")[0]) for one in held]


def ended(practice: Practice, process: subprocess.Popen[str], code: int) -> dict[str, object]:
    return practice.document(practice.finish(process), ["send"], code)


def lost(err: str) -> list[str]:
    """What is said of helpers that are lost."""
    return [line for line in err.splitlines() if " is lost, the others go on: " in line]


def assert_each_once(practice: Practice, total: int = 40) -> None:
    assert practice.oracle().total() == len(practice.oracle()) == total


def test_each_message_leaves_once(gate: Practice) -> None:
    process = started(gate)
    helpers = helpers_of(process)
    assert len(helpers) == 2
    go_on(gate)
    done = gate.finish(process)
    assert gate.document(done, ["send"], 0)["counts"] == {"accepted": 40}
    assert lost(done.err) == []
    assert gate.state() == ("finished", None)
    assert_each_once(gate)
    assert not any(map(is_alive, helpers))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_ends_the_calls_of_all(gate: Practice, number: signal.Signals) -> None:
    process = started(gate)
    helpers = helpers_of(process)
    process.send_signal(number)
    go_on(gate)
    document = ended(gate, process, 75)
    assert (document["state"], document["reason"]) == ("paused", "interrupted")
    assert not any(map(is_alive, helpers))
    states = gate.states()
    assert set(states) == {"accepted", "pending"}
    assert states["accepted"] == gate.oracle().total() < 40

    assert gate.json("resume", gate.run)["counts"] == {"accepted": 40}
    assert_each_once(gate)


def test_a_service_manager_signals_every_process(gate: Practice) -> None:
    process = started(gate)
    for pid in (*helpers_of(process), process.pid):
        os.kill(pid, signal.SIGTERM)
    go_on(gate)
    done = gate.finish(process)
    assert gate.document(done, ["send"], 75)["reason"] == "interrupted"
    assert lost(done.err) == []
    assert set(gate.states()) == {"accepted", "pending"}


def test_a_helper_that_is_asked_to_stop_is_no_loss(gate: Practice) -> None:
    """The others deliver what it leaves."""
    process = started(gate)
    os.kill(helpers_of(process)[0], signal.SIGTERM)
    go_on(gate)
    done = gate.finish(process)
    assert gate.document(done, ["send"], 0)["counts"] == {"accepted": 40}
    assert lost(done.err) == []
    assert_each_once(gate)


def test_two_signals_end_all_at_once(gate: Practice) -> None:
    process = started(gate)
    process.send_signal(signal.SIGINT)
    time.sleep(SAME_REQUEST + 0.1)
    process.send_signal(signal.SIGINT)
    assert ended(gate, process, 75)["reason"] == "interrupted"
    assert gate.states() == {"in_doubt": CONNECTIONS, "pending": 40 - CONNECTIONS}


def test_a_killed_command_leaves_no_helper(gate: Practice) -> None:
    process = started(gate)
    helpers = helpers_of(process)
    process.kill()
    gate.finish(process)
    go_on(gate)
    gate.wait_until(lambda: not any(map(is_alive, helpers)))
    assert at_work(gate, "sending") == [process.pid]  # helpers have written down theirs
    assert set(at_work(gate, "claimed")) <= {process.pid}
    assert gate.oracle().total() < 39

    counts = gate.json("resume", gate.run, code=5)["counts"]
    assert counts == {"accepted": 39, "in_doubt": 1}
    assert_each_once(gate, 39)


def test_a_killed_helper_costs_its_own_doubts(gate: Practice) -> None:
    """At a point that is meant for the second helper alone; the third stands in for it."""
    gate.env["SERIENPOST_HELPER_FAULT"] = "2/wire.before:1"
    process = held(gate, "send", gate.run, "--yes")
    (gate.folder.parent / "site" / "hold").unlink()
    done = gate.finish(process)
    assert gate.document(done, ["send"], 5)["counts"] == {"accepted": 39, "in_doubt": 1}
    (told,) = lost(done.err)
    assert told.startswith(f"{gate.run}: ")
    assert "signal 9" in told
    assert gate.state() == ("finished", None)
    assert_each_once(gate, 39)


def test_a_bug_in_a_helper_is_told_in_one_line(several: Practice) -> None:
    """What an error says may name a person."""
    plug_in(several, BROKEN_THERE)
    done = several("send", several.run, "--yes", "--json")
    assert several.document(done, ["send"], 0)["counts"] == {"accepted": 40}
    told = lost(done.err)
    assert told
    assert all("a bug in plugin serienpost-half 1.2: KeyError (details in " in one for one in told)
    log = (several.folder / "serienpost.log").read_text("utf-8")
    assert "KeyError" in log
    assert "Erika" not in done.err + done.out + log
    assert_each_once(several)


def test_a_helper_that_cannot_begin_is_told_in_one_line(several: Practice) -> None:
    """A plugin that can be imported here and not there."""
    plug_in(several, MISSING_THERE)
    done = several("send", several.run, "--yes", "--json")
    assert several.document(done, ["send"], 0)["counts"] == {"accepted": 40}
    told = lost(done.err)
    assert len(told) == 2
    assert all("plugin serienpost-half 1.2 cannot be imported" in one for one in told)
    assert_each_once(several)


IMPATIENT = """
from serienpost.run.send import helpers

helpers._GRACE_SECONDS = 1.0
"""

# A helper leads a session of its own.
MISSING_THERE = """
import os

if os.getsid(0) == os.getpid():
    raise RuntimeError("not here")
"""
BROKEN_THERE = """
import os

from serienpost_testkit.null.wire import NullSender

name = "Erika Mustermann"


def calls(*_):
    raise KeyError(name)


if os.getsid(0) == os.getpid():
    NullSender.calls = calls
"""


@pytest.mark.parametrize("command", ["pause", "cancel"])
def test_a_frozen_helper_does_not_hold_the_command(several: Practice, command: str) -> None:
    plug_in(several, GATE + IMPATIENT)
    process = held(several, "send", several.run, "--yes")
    frozen, _other = helpers_of(process)
    several.wait_until(lambda: frozen in at_work(several, "claimed"))
    several.wait_until(lambda: freeze(several, frozen))
    several(command, several.run)
    (several.folder.parent / "site" / "hold").unlink()
    done = several.finish(process)
    assert any(f"({frozen}) is lost" in line for line in lost(done.err))
    assert not is_alive(frozen)
    assert at_work(several, "claimed", "sending") == []
    assert several.state() == ("paused" if command == "pause" else "cancelled", "person")
    assert several.oracle().total() == 0


def test_no_wait_holds_for_all(several: Practice) -> None:
    several.edit("serienpost.yaml", f"delay_ms: {CALL}", "rate: [10/hour]")
    document = several.json("send", several.run, "--yes", "--no-wait", code=75)
    assert (document["state"], document["reason"]) == ("paused", "rate")
    assert several.states() == {"accepted": 10, "pending": 30}
    assert_each_once(several, 10)


@pytest.mark.parametrize("workers", ["1", "auto"])
def test_where_one_is_enough_nobody_is_started(gate: Practice, workers: str) -> None:
    gate.edit("serienpost.yaml", "workers: 3", f"workers: {workers}")
    process = started(gate, processes=1)
    assert helpers_of(process) == []
    process.terminate()
    go_on(gate)
    ended(gate, process, 75)


def test_resume_has_helpers_too(gate: Practice) -> None:
    for command in (("send", gate.run, "--yes"), ("resume", gate.run), ("resume", "--due")):
        process = started(gate, *command)
        process.terminate()
        go_on(gate)
        gate.document(gate.finish(process), command, 75)
    assert set(gate.states()) == {"accepted", "pending"}
    assert_each_once(gate, gate.states()["accepted"])


def test_progress_is_that_of_one_command(several: Practice) -> None:
    """As a program sees it, which asks for helpers."""
    told: list[Progress] = []

    def heard(progress: Progress) -> None:
        if not told:  # this process waits here, and the others deliver
            several.wait_until(lambda: several.oracle().total() >= 30)
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
    assert_each_once(several)
