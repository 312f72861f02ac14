"""Signals, and other people's commands, while a run is being sent."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from serienpost.cli.send import SAME_REQUEST
from serienpost.run.send import reachability

if TYPE_CHECKING:
    from conftest import Post, Practice

SLOTS = 4


def slow(null: Practice, delay_ms: int) -> None:
    null.edit("serienpost.yaml", "null-email, ", f"null-email, delay_ms: {delay_ms}, ")


def started(null: Practice, count: int = SLOTS) -> subprocess.Popen[str]:
    """A process that is sending; so many messages have been accepted."""
    process = null.start("send", null.run, "--yes", "--json")
    null.wait_until(lambda: null.oracle().total() >= count)
    return process


def ended(null: Practice, process: subprocess.Popen[str], code: int) -> dict[str, object]:
    return null.document(null.finish(process), ["send"], code)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_ends_the_calls_under_way(null: Practice, number: signal.Signals) -> None:
    slow(null, 100)
    process = started(null)
    process.send_signal(number)
    document = ended(null, process, 75)
    assert (document["state"], document["reason"]) == ("paused", "interrupted")
    states = null.states()
    assert set(states) == {"accepted", "pending"}
    assert states["accepted"] == null.oracle().total() < 40

    assert null.json("resume", null.run)["counts"] == {"accepted": 40}
    assert null.oracle().total() == len(null.oracle()) == 40


def test_a_signal_that_comes_by_two_ways_is_one(null: Practice) -> None:
    """A service manager ends every process of a service, and a wrapper passes on what it got."""
    slow(null, 1000)
    process = started(null)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)  # another one: the system may merge two that are the same
    assert ended(null, process, 75)["reason"] == "interrupted"
    assert set(null.states()) == {"accepted", "pending"}


def test_two_signals_end_at_once_and_leave_doubt(null: Practice) -> None:
    slow(null, 60_000)
    process = started(null, count=SLOTS)
    process.send_signal(signal.SIGINT)
    time.sleep(SAME_REQUEST + 0.1)
    process.send_signal(signal.SIGINT)
    document = ended(null, process, 75)
    assert document["reason"] == "interrupted"
    assert null.states() == {"in_doubt": SLOTS, "pending": 40 - SLOTS}
    assert {m["text"] for m in null.messages().values()} == {None, "CancelledError"}

    null.edit("serienpost.yaml", "delay_ms: 60000, ", "")
    assert null.json("resume", null.run, code=5)["counts"] == {
        "accepted": 40 - SLOTS,
        "in_doubt": SLOTS,
    }
    assert null.oracle().total() == len(null.oracle()) == 40


def test_a_person_pauses_from_another_process(null: Practice) -> None:
    slow(null, 2000)
    process = started(null)
    assert null.json("pause", null.run)["state"] == "paused"
    document = ended(null, process, 75)
    assert (document["state"], document["reason"]) == ("paused", "person")
    assert set(null.states()) == {"accepted", "pending"}

    due = null.json("resume", "--due", code=75)
    assert [(r["run"], r["exit"]) for r in due["runs"]] == [(null.run, 75)]
    assert set(null.states()) == {"accepted", "pending"}
    null.edit("serienpost.yaml", "delay_ms: 2000, ", "")
    assert null.json("resume", null.run)["counts"] == {"accepted": 40}
    assert null.oracle().total() == len(null.oracle()) == 40


def test_a_person_cancels_from_another_process(null: Practice) -> None:
    slow(null, 2000)
    process = started(null)
    assert null.json("cancel", null.run)["state"] == "cancelled"
    document = ended(null, process, 0)
    assert document["state"] == "cancelled"
    states = null.states()
    assert set(states) == {"accepted", "cancelled"}
    assert states["accepted"] == null.oracle().total() < 40

    for command in (("resume",), ("send", "--yes"), ("pause",), ("retry", "--failed")):
        (problem,) = null.refused(command[0], null.run, *command[1:])
        assert "cancelled" in problem["message"]
    assert null.json("cancel", null.run)["counts"] == states
    assert null.states() == states


def test_two_processes_share_a_run(null: Practice) -> None:
    """Whether the second one helps or finds the run busy: each message leaves once."""
    slow(null, 30)
    null("send", null.run, "--yes", fault="claim.after_commit")
    processes = [null.start("resume", null.run, "--json") for _ in range(2)]
    codes = {null.finish(process).code for process in processes}
    assert codes in ({0}, {0, 75})
    assert null.states() == {"accepted": 40}
    assert null.oracle().total() == len(null.oracle()) == 40
    assert null.state() == ("finished", None)


def test_a_run_that_is_being_sent_is_busy(null: Practice) -> None:
    slow(null, 2000)
    process = started(null, count=1)
    done = null("resume", null.run, "--json")
    assert null.document(done, ["resume"], 75)["state"] == "sending"
    assert str(process.pid) in done.err
    process.terminate()
    ended(null, process, 75)
    assert null.oracle().total() == len(null.oracle())


def test_a_mail_server_that_is_not_there_pauses_the_run(
    demo: Practice, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reachability, "RESTS", [rest / 10 for rest in reachability.RESTS])
    demo.edit("serienpost.yaml", f"port: {post.catcher.port}", "port: 1")
    document = demo.json("send", demo.run, "--yes", code=75)
    assert (document["state"], document["reason"]) == ("paused", "connection")
    assert set(demo.states()) == {"pending", "suppressed"}
    assert post.mails() == {}


def test_a_mailing_stopped_before_its_release_stays_unsent(null: Practice) -> None:
    """Ctrl-C while `run` prepares: not even the next `resume --due` sends it."""
    null.edit("mailings/einladung.yaml", "count: 40", "count: 20000")
    null.edit("mailings/einladung.yaml", "purpose:", "once_per: none\npurpose:")
    process = null.start("run", "einladung", "--yes")
    null.wait_until(lambda: ("preparing",) in map(tuple, null.ledger("SELECT state FROM run")))
    process.send_signal(signal.SIGINT)
    done = null.finish(process)
    assert (done.code, "stopped" in done.err) == (3, True)
    assert null.json("resume", "--due")["runs"] == []
    assert null.oracle().total() == 0


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_streams_that_the_caller_closed_cost_no_message(null: Practice, closed: str) -> None:
    line = (
        f'exec "{sys.executable}" -m serienpost -C "{null.folder}" send {null.run} --yes {closed}'
    )
    done = subprocess.run(["/bin/sh", "-c", line], check=False, capture_output=True)
    assert done.returncode == 0
    assert null.states() == {"accepted": 40}
    assert null.oracle().total() == 40


@pytest.mark.parametrize("option", ["--json", "--no-wait"])
def test_an_answer_that_cannot_be_written_is_told_after_the_work(
    null: Practice, option: str
) -> None:
    command = [sys.executable, "-m", "serienpost", "-C", str(null.folder), "send", null.run]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*command, "--yes", option], check=False, stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert (done.returncode, null.states()) == (1, {"accepted": 40})
    assert done.stderr.splitlines()[-1].startswith("error: done, but the answer cannot be written")
    assert "Traceback" not in done.stderr


def test_who_closes_the_pipe_early_gets_the_code_of_the_work(null: Practice) -> None:
    command = [sys.executable, "-m", "serienpost", "-C", str(null.folder), "send", null.run]
    process = subprocess.Popen(
        [*command, "--yes"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait() == 0
    assert null.states() == {"accepted": 40}
