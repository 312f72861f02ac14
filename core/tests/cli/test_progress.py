"""Progress on stderr where it is no terminal: a line now and then, and who is at work."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from serienpost.cli import progress
from serienpost.cli.progress import Display
from serienpost.service import Progress

if TYPE_CHECKING:
    from collections.abc import Callable

ZONE = ZoneInfo("Europe/Berlin")
UNTIL = datetime(2026, 3, 2, 9, 30, 15, tzinfo=UTC)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that the display sees."""
    now = [1000.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def of(settled: int, waiting: str | None = None) -> Progress:
    return Progress("R", 40, settled, waiting, UNTIL if waiting else None)


def test_a_line_is_written_now_and_then(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    with Display(ZONE) as display:
        for settled in range(40):
            clock[0] += 1
            display.delivered(of(settled))
    assert capsys.readouterr().err.splitlines() == ["10/40", "21/40", "32/40"]


def test_a_wait_is_told_at_once_and_once(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    with Display(ZONE) as display:
        for waiting in ("rate", "rate", None, "deferral", "something else"):
            display.delivered(of(7, waiting))
    assert capsys.readouterr().err.splitlines() == [
        "7/40 waiting until 10:30:15 for the account's rate",
        "7/40 waiting until 10:30:15 for a temporary refusal",
        "7/40 waiting until 10:30:15 for something else",
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
    monkeypatch.setattr(progress.click, "echo", lambda text, err: said.append(text))
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
