"""A run delivered by several processes of one command."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from serienpost.cli.send import SAME_REQUEST

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

    from conftest import Practice

SLOTS = 4


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
    """The null practice, its runs delivered by three processes."""
    null.edit("serienpost.yaml", "accounts:\n", "workers: 3\naccounts:\n")
    return null


@pytest.fixture
def long_calls(several: Practice) -> Practice:
    """Three processes, each of which has calls on the wire for long."""
    slow(several, 60_000)
    return several


@pytest.fixture
def sending(long_calls: Practice) -> Iterator[subprocess.Popen[str]]:
    """A command whose three processes all have calls on the wire, for longer than a test."""
    process = started(long_calls)
    yield process
    process.kill()


def started(practice: Practice, *more: str, count: int = 3) -> subprocess.Popen[str]:
    """A command that is sending, when so many processes have calls on the wire."""
    process = practice.start("send", practice.run, "--yes", "--json", *more)
    practice.wait_until(lambda: len(senders(practice)) == count or process.poll() is not None)
    assert process.poll() is None
    return process


def ended(practice: Practice, process: subprocess.Popen[str], code: int) -> dict[str, object]:
    return practice.document(practice.finish(process), ["send"], code)


def test_each_message_leaves_once(several: Practice) -> None:
    slow(several, 1000)
    process = started(several)
    helpers = helpers_of(process)
    assert len(helpers) == 2
    assert ended(several, process, 0)["counts"] == {"accepted": 40}
    assert several.oracle().total() == len(several.oracle()) == 40
    assert several.state() == ("finished", None)
    assert not any(map(is_alive, helpers))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_ends_the_calls_of_all(several: Practice, number: signal.Signals) -> None:
    slow(several, 2000)
    process = started(several)
    helpers = helpers_of(process)
    process.send_signal(number)
    document = ended(several, process, 75)
    assert (document["state"], document["reason"]) == ("paused", "interrupted")
    assert not any(map(is_alive, helpers))
    states = several.states()
    assert set(states) == {"accepted", "pending"}
    assert states["accepted"] == several.oracle().total() < 40

    quick(several, 2000)
    assert several.json("resume", several.run)["counts"] == {"accepted": 40}
    assert several.oracle().total() == len(several.oracle()) == 40


def test_a_service_manager_signals_every_process(several: Practice) -> None:
    slow(several, 2000)
    process = started(several)
    for pid in (*helpers_of(process), process.pid):
        os.kill(pid, signal.SIGTERM)
    done = several.finish(process)
    assert several.document(done, ["send"], 75)["reason"] == "interrupted"
    assert "lost" not in done.err
    assert set(several.states()) == {"accepted", "pending"}


def test_two_signals_end_all_at_once(
    long_calls: Practice, sending: subprocess.Popen[str]
) -> None:
    under_way = long_calls.oracle().total()
    sending.send_signal(signal.SIGINT)
    time.sleep(SAME_REQUEST + 0.1)
    sending.send_signal(signal.SIGINT)
    assert ended(long_calls, sending, 75)["reason"] == "interrupted"
    assert long_calls.states() == {"in_doubt": under_way, "pending": 40 - under_way}
    assert under_way <= 3 * SLOTS
