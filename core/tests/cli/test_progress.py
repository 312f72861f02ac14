"""Progress on stderr where it is no terminal: a line now and then, and who is at work."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from serienpost.cli import progress
from serienpost.cli.progress import Display
from serienpost.service import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ZONE = ZoneInfo("Europe/Berlin")
UNTIL = datetime(2026, 3, 2, 9, 30, 15, tzinfo=UTC)


def of(settled: int, waiting: str | None = None, later: int = 0, why: str = "") -> Progress:
    until = UNTIL + timedelta(seconds=later) if waiting else None
    return Progress("R", 40, settled, waiting, until, why)


@pytest.mark.parametrize(("seconds", "told"), [(0, ()), (1, (10, 21, 32)), (20, range(4, 41, 4))])
def test_a_line_is_written_now_and_then_for_a_tenth(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    seconds: int,
    told: Sequence[int],
) -> None:
    now = [1000.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    with Display(ZONE) as display:
        for settled in range(41):
            now[0] += seconds
            for _ in range(3):
                display.delivered(of(settled))
    assert capsys.readouterr().err.splitlines() == [f"{settled}/40" for settled in told]


def test_a_wait_is_told_at_once_and_once(capsys: pytest.CaptureFixture[str]) -> None:
    """Also where its end moves on, and where a message leaves between."""
    with Display(ZONE) as display:
        for later, waiting in enumerate(("rate", "rate", None, "rate", "deferral", "else")):
            display.delivered(of(3, waiting, later))
    assert capsys.readouterr().err.splitlines() == [
        "3/40 waiting until 10:30:15: the account's rate",
        "3/40 waiting until 10:30:19: a temporary refusal",
        "3/40 waiting until 10:30:20: else",
    ]


def test_who_does_not_answer_is_told_again_only_for_another_cause(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Display(ZONE) as display:
        for later, why in enumerate(("refused", "refused", "refused", "no answer")):
            display.delivered(of(0, "connection", later, why))
        display.delivered(of(0, "answer", why="mail"))
    assert capsys.readouterr().err.splitlines() == [
        "0/40 waiting until 10:30:15: refused",
        "0/40 waiting until 10:30:18: no answer",
        "0/40 waiting for an answer to account mail",
    ]


def test_rows_are_counted_silently(capsys: pytest.CaptureFixture[str]) -> None:
    with Display(ZONE, reads=True) as display:
        display.counted(500)
    assert capsys.readouterr().err == ""


def until(condition: Callable[[], bool]) -> None:
    ends = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.01)


def test_whose_code_is_at_work_is_told_once_for_each_silence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[str] = []
    monkeypatch.setattr(progress, "SILENCE_SECONDS", 0.04)
    monkeypatch.setattr(progress, "at_work", lambda: "serienpost-example 1.2")
    monkeypatch.setattr(progress, "say", lambda text, err: said.append(text))
    with Display(ZONE, reads=True) as display:
        until(lambda: len(said) == 1)
        time.sleep(0.2)
        assert len(said) == 1
        display.counted(500)
        until(lambda: len(said) == 2)
    assert set(said) == {"serienpost-example 1.2 has been at work for 0.04 seconds; Ctrl-C stops"}


def test_nobody_is_named_once_messages_are_delivered(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "SILENCE_SECONDS", 0.04)
    with Display(ZONE, reads=True) as display:
        display.delivered(of(1))
        time.sleep(0.2)
    assert "at work" not in capsys.readouterr().err
