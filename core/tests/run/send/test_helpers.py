"""Helper processes: what they are told, what they tell, and what becomes of those that die.

Each helper is a real process that speaks as one does.
"""

from __future__ import annotations

import math
import os
import signal
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from serienpost.fault_injection import environment_of_helper
from serienpost.run.send.helpers import (
    AT_ONCE,
    STOP,
    Helpers,
    Lost,
    ProgressWriter,
    Tally,
    heed,
    read,
    written,
    written_failure,
)
from serienpost.run.send.loop_state import LoopProgress
from serienpost.run.send.stop import Stop
from serienpost.translation import Text, Texts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_ = Texts("serienpost")

UNTIL = datetime(2026, 11, 30, 9, tzinfo=UTC)

SETTLED = 'print(\'{"settled": 7, "waiting": null, "until": null, "why": ""}\', flush=True)'
# Notes its process, then each line of its lifeline; ends with it.
HEEDING = f"""
import os, sys
{SETTLED}
with open(sys.argv[1], "a") as file:
    print(os.getpid(), file=file, flush=True)
    for line in sys.stdin:
        print(line.strip(), file=file, flush=True)
        if line == sys.argv[2]:
            break
"""


class Command:
    """A command with helpers that run this script."""

    def __init__(self, folder: Path, script: str, last: str = "") -> None:
        self.notes = folder / "notes"
        self.notes.touch()
        self.told: list[LoopProgress] = []
        self.lost: list[Lost] = []
        self.stop = Stop()
        line = [sys.executable, "-c", script, str(self.notes), last]
        self.may_last: Callable[[int], float] = lambda _: 0.0
        told, lost = self.told.append, self.lost.append
        self.helpers = Helpers(line, told, self.stop, lost, self._may_last)

    def _may_last(self, process: int) -> float:
        return self.may_last(process)

    def noted(self) -> list[str]:
        return self.notes.read_text("ascii").splitlines()

    def pids(self) -> list[int]:
        return [int(line) for line in self.noted() if line.isdecimal()]

    def wait_for(self, count: int) -> None:
        """Wait until so many helpers have begun."""
        until = time.monotonic() + 60
        while len(self.pids()) < count:
            assert time.monotonic() < until
            time.sleep(0.01)

    def end(self, *, is_over: bool = False) -> None:
        self.helpers.wait(lambda: is_over)


@pytest.fixture
def command(tmp_path: Path) -> Callable[..., Command]:
    return lambda script, last="": Command(tmp_path, script, last)


def test_what_they_did_is_added_up(command: Callable[..., Command]) -> None:
    one = command(SETTLED)
    with one.helpers:
        one.helpers.start(2)
        one.helpers.report(LoopProgress(5))
        one.end()
        assert one.told[-1] == LoopProgress(19)
        one.helpers.again()
        one.helpers.report(LoopProgress(1))
        assert one.told[-1] == LoopProgress(20)
    assert one.lost == []


def test_who_asks_the_command_asks_its_helpers(command: Callable[..., Command]) -> None:
    one = command(HEEDING, "at once\n")
    with one.helpers:
        one.helpers.start(2)
        one.wait_for(2)
        one.stop.request()
        one.stop.request()
        one.end()
    words = [line for line in one.noted() if not line.isdecimal()]
    assert sorted(words) == ["at once", "at once", "stop", "stop"]
    assert one.lost == []


def test_one_that_begins_late_is_asked_too(command: Callable[..., Command]) -> None:
    one = command(HEEDING, "stop\n")
    one.stop.request()
    with one.helpers:
        one.helpers.start(1)
        one.end()
    assert one.noted()[-1] == "stop"


def test_none_outlives_a_command_that_fails(command: Callable[..., Command]) -> None:
    one = command(HEEDING, "stop\n")

    def failing() -> None:
        with one.helpers:
            one.helpers.start(2)
            one.wait_for(2)
            raise KeyError

    with pytest.raises(KeyError):
        failing()
    assert one.noted()[-2:] == ["stop", "stop"]
    for pid in one.pids():
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    assert one.stop.others == []


def test_one_that_is_killed_is_replaced_once(command: Callable[..., Command]) -> None:
    one = command(HEEDING, "stop\n")
    with one.helpers:
        one.helpers.start(1)
        for count in (1, 2):
            one.wait_for(count)
            os.kill(one.pids()[-1], signal.SIGKILL)
        one.end()
    assert len(one.pids()) == 2
    assert [lost.process for lost in one.lost] == one.pids()
    assert {str(lost.why) for lost in one.lost} == {"it was ended from outside (signal 9)"}


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("raise SystemExit(3)", "it could not begin (exit code 3)"),
        ('print(\'{"failed": "no key"}\'); raise SystemExit(3)', "no key"),
        (
            "print('Erika Mustermann'); raise ValueError('Erika')",
            "it could not begin (exit code 1)",
        ),
    ],
)
def test_one_that_fails_is_told_and_not_replaced(
    command: Callable[..., Command], capfd: pytest.CaptureFixture[str], script: str, why: str
) -> None:
    one = command(script)
    with one.helpers:
        one.helpers.start(1)
        one.end()
    assert [str(lost.why) for lost in one.lost] == [why]
    assert capfd.readouterr() == ("", "")


def test_one_that_cannot_be_started_is_told(tmp_path: Path) -> None:
    lost: list[Lost] = []
    with Helpers([str(tmp_path / "none")], lambda _: None, Stop(), lost.append) as helpers:
        helpers.start(1)
        helpers.wait(lambda: True)
    assert [str(one.why) for one in lost] == ["it cannot be started: No such file or directory"]


def test_one_that_is_frozen_when_all_is_over_is_ended(
    command: Callable[..., Command], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serienpost.run.send.helpers._GRACE_SECONDS", 0.1)
    one = command(HEEDING, "stop\n")
    with one.helpers:
        one.helpers.start(1)
        one.wait_for(1)
        os.kill(one.pids()[0], signal.SIGSTOP)
        one.end(is_over=True)
    assert [lost.process for lost in one.lost] == one.pids()


@pytest.mark.parametrize("requests", [1, 2])
def test_one_that_is_frozen_when_it_is_asked_to_stop_is_ended(
    command: Callable[..., Command], monkeypatch: pytest.MonkeyPatch, requests: int
) -> None:
    """Asked twice, no call is a reason to wait."""
    monkeypatch.setattr("serienpost.run.send.helpers._GRACE_SECONDS", 0.1)
    one = command(HEEDING, "stop\n")
    one.may_last = lambda _: 0.0 if requests == 1 else math.inf
    with one.helpers:
        one.helpers.start(1)
        one.wait_for(1)
        os.kill(one.pids()[0], signal.SIGSTOP)
        for _request in range(requests):
            one.stop.request()
        one.end()
    assert [lost.process for lost in one.lost] == one.pids()


def test_one_that_has_calls_under_way_is_waited_for(
    command: Callable[..., Command], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serienpost.run.send.helpers._GRACE_SECONDS", 0.1)
    one = command(HEEDING, "stop\n")
    asked: list[int] = []

    def may_last(process: int) -> float:
        asked.append(process)
        if len(asked) == 2:  # its call has ended
            one.stop.request()
        return math.inf

    one.may_last = may_last
    with one.helpers:
        one.helpers.start(1)
        one.wait_for(1)
        one.end(is_over=True)
    assert one.lost == []


def test_all_wait_only_where_each_does() -> None:
    tally = Tally(lambda _: None)
    own, other, starting = tally.join(), tally.join(), tally.join()
    own.tell(LoopProgress(3, "rate", UNTIL))
    assert tally.together() == LoopProgress(3, "rate", UNTIL)
    other.tell(LoopProgress(4))
    assert tally.together() == LoopProgress(7)
    other.tell(LoopProgress(4, "answer", None, "mail"))
    assert tally.together() == LoopProgress(7, "rate", UNTIL)
    own.ended = True
    assert tally.together() == LoopProgress(7, "answer", None, "mail")
    other.ended = True
    assert tally.together() == LoopProgress(7)
    assert starting.progress is None


def test_what_is_told_is_read_as_it_was() -> None:
    why = _("nobody answers at {host}", host="mail.example.org")
    told = read(written(LoopProgress(3, "connection", UNTIL, why)))
    assert told == LoopProgress(3, "connection", UNTIL, why)
    assert isinstance(told, LoopProgress)
    assert isinstance(told.why, Text)
    assert read(written(LoopProgress(0))) == LoopProgress(0)
    assert read(written_failure(why)) == why


@pytest.mark.parametrize(
    "line", [b"\n", b"Erika\n", b"[]\n", b"{}\n", b"7\n", b'{"settled": "a"}\n']
)
def test_what_is_no_line_of_a_helper_is_passed_over(line: bytes) -> None:
    assert read(line) is None


def test_a_long_reason_does_not_tear_a_line() -> None:
    line = written(LoopProgress(3, "connection", UNTIL, "x" * 10_000))
    assert len(line) < 4096
    assert read(line) == LoopProgress(3, "connection", UNTIL)
    assert len(written_failure("x" * 10_000)) < 4096


def test_a_helper_tells_news_at_once_and_the_rest_now_and_then() -> None:
    reading, writing = os.pipe()
    writer = ProgressWriter(writing)
    for settled in range(100):
        writer.progress(LoopProgress(settled))
    writer.progress(LoopProgress(100, "rate", UNTIL))
    writer.progress(LoopProgress(101, "rate", UNTIL))
    writer.end()
    os.close(writing)
    with os.fdopen(reading, "rb") as lines:
        told = [read(line) for line in lines]
    assert told[0] == LoopProgress(0)
    assert told[-2:] == [LoopProgress(100, "rate", UNTIL), LoopProgress(101, "rate", UNTIL)]
    assert len(told) < 50


def test_a_helper_goes_on_where_nobody_reads() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    writer = ProgressWriter(writing)
    for settled in range(2000):  # more than the pipe holds
        writer.progress(LoopProgress(settled, str(settled)))
    kept = os.read(reading, 1 << 20).splitlines()
    assert 0 < len(kept) < 2000
    assert [read(line) for line in kept[:2]] == [LoopProgress(0, "0"), LoopProgress(1, "1")]
    os.close(reading)
    writer.end()  # nobody is there any more
    os.close(writing)


@pytest.mark.parametrize(
    ("lines", "before", "requests"),
    [(b"", 0, 1), (STOP, 0, 1), (AT_ONCE, 0, 2), (STOP + AT_ONCE, 0, 2), (STOP, 1, 1)],
)
def test_a_lifeline_asks_to_stop(lines: bytes, before: int, requests: int) -> None:
    """Its end asks for no more than what was asked already."""
    reading, writing = os.pipe()
    os.write(writing, lines)
    os.close(writing)
    stop = Stop(requests=before)
    heed(reading, stop)
    assert stop.requests == requests


def test_a_fault_is_meant_for_one_process() -> None:
    faults = {"SERIENPOST_FAULT": "a:1", "SERIENPOST_HELPER_FAULT": "2/b:3:stop", "HOME": "/h"}
    assert environment_of_helper(1, faults) == {"HOME": "/h"}
    assert environment_of_helper(2, faults) == {"HOME": "/h", "SERIENPOST_FAULT": "b:3:stop"}
    assert environment_of_helper(2, {"HOME": "/h"}) == {"HOME": "/h"}
