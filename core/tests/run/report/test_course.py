"""The course of a run: round parts of time, marks that people read, a change of the clocks."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from serienpost import speaking
from serienpost.run.report.chart import chart, per
from serienpost.run.report.course import (
    CourseBar,
    bar_seconds,
    per_minute,
    round_before,
    round_step,
)

BERLIN = ZoneInfo("Europe/Berlin")


def bars(begin: datetime, seconds: int, *messages: int) -> tuple[CourseBar, ...]:
    start = begin.astimezone(UTC)
    width = timedelta(seconds=seconds)
    return tuple(
        CourseBar((start + width * n).astimezone(BERLIN), m) for n, m in enumerate(messages)
    )


def ticks(drawing: str) -> list[str]:
    return re.findall(r'<text class="tick"[^>]*>([^<]*)</text>', drawing)


@pytest.mark.parametrize(
    ("took", "step"),
    [(0, 1), (60, 1), (61, 2), (3600, 60), (3601, 120), (86400, 1800), (10**9, 364 * 86400)],
)
def test_a_part_is_as_clocks_count(took: float, step: int) -> None:
    assert round_step(took, 60) == step


def test_parts_begin_at_round_moments() -> None:
    at = datetime(2026, 3, 2, 9, 17, 43, 5, tzinfo=BERLIN)
    assert round_before(at, 10) == datetime(2026, 3, 2, 9, 17, 40, tzinfo=BERLIN)
    assert round_before(at, 900) == datetime(2026, 3, 2, 9, 15, tzinfo=BERLIN)
    assert round_before(at, 7 * 86400) == datetime(2026, 3, 2, tzinfo=BERLIN)


def test_the_rate_is_that_of_the_whole_time() -> None:
    course = bars(datetime(2026, 3, 2, 9, 15, tzinfo=BERLIN), 60, 30, 0, 60)
    assert (bar_seconds(course), per_minute(course)) == (60, 30.0)
    assert per_minute(()) is None
    assert per_minute(bars(datetime(2026, 3, 2, tzinfo=BERLIN), 1, 5)) is None


def test_axes_have_round_marks() -> None:
    course = bars(datetime(2026, 3, 2, 9, 17, tzinfo=BERLIN), 60, *range(45))
    assert ticks(chart(course)) == [
        *("0", "20", "40", "60"),
        *("09:30", "2 Mar 2026", "09:45", "10:00"),
    ]
    with speaking("de"):
        drawing = chart(course)
    assert "02.03.2026" in ticks(drawing)
    assert "<title" in drawing
    assert "insgesamt 990, höchstens 44 in einem Balken" in drawing


def test_over_a_change_of_the_clocks_marks_stay_round() -> None:
    night = bars(datetime(2026, 3, 28, 22, tzinfo=BERLIN), 900, *[1] * 28)
    assert [one for one in ticks(chart(night)) if ":" in one] == [
        "22:00",
        "00:00",
        "03:00",
        "04:00",
        "06:00",
    ]
    days = bars(datetime(2026, 10, 23, tzinfo=BERLIN), 86400, 1, 1, 1, 1, 1)
    assert ticks(chart(days))[2:] == ["23 Oct 2026", "25 Oct 2026", "27 Oct 2026"]


def test_nothing_is_no_chart() -> None:
    assert chart(()) == ""


def test_what_a_bar_counts_is_said() -> None:
    assert str(per(1)) == "Messages a second"
    assert str(per(7200)) == "Messages in 2 hours each"
