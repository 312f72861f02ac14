"""The course of a run: how many of its messages were accepted when, in round parts of time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func

from serienpost.documents import Record
from serienpost.ledger.schema import message

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from serienpost.ledger.store import Tx

DAY = 24 * 3600
# Seconds of a bar, and between two marks of the axis of time: what clocks and calendars count in.
_STEPS = (
    *(1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 3 * 3600, 6 * 3600, 12 * 3600),
    *(DAY, 2 * DAY, 7 * DAY, 14 * DAY, 28 * DAY, 91 * DAY, 364 * DAY),
)
_BARS = 60
# Bars that show a course.
_FEWEST = 3
# Seconds over which a rate says something.
_LONG_ENOUGH = 10


@dataclass(frozen=True, slots=True)
class CourseBar(Record):
    """Messages accepted in a part of the run's time, which begins `at` and ends with the next."""

    at: datetime
    messages: int


def course(tx: Tx, run_id: str, zone: ZoneInfo) -> tuple[CourseBar, ...]:
    """The accepted messages of a run in equal parts of the time between the first and the last, in
    the practice's zone; none where none was accepted."""
    c = message.c
    sent = (c.run == run_id, c.sent_at.is_not(None))
    first, last = func.min(c.sent_at).label("first"), func.max(c.sent_at).label("last")
    ends = tx.first(tx.select(message, first, last).where(*sent))
    if ends is None or ends.first is None:
        return ()
    seconds = round_step((ends.last - ends.first).total_seconds(), _BARS)
    width = timedelta(seconds=seconds)
    begin = round_before(ends.first.astimezone(zone), seconds).astimezone(UTC)
    bars = [0] * ((ends.last - begin) // width + 1)
    for (at,) in tx.stream(tx.select(message, c.sent_at).where(*sent)):
        bars[(at - begin) // width] += 1
    return tuple(CourseBar((begin + width * n).astimezone(zone), bars[n]) for n in range(len(bars)))


def has_course(bars: Sequence[CourseBar]) -> bool:
    """Whether there is a course to see: over more than a moment or two."""
    return sum(1 for bar in bars if bar.messages) >= _FEWEST


def bar_seconds(bars: Sequence[CourseBar]) -> int:
    """How long each part of a course is."""
    return round(since(bars[0].at, bars[1].at)) if len(bars) > 1 else _STEPS[0]


def per_minute(bars: Sequence[CourseBar]) -> float | None:
    """How many were accepted a minute on average; None where it took too short to say."""
    seconds = bar_seconds(bars) * len(bars) if bars else 0
    sent = sum(bar.messages for bar in bars)
    return round(60 * sent / seconds, 1) if seconds >= _LONG_ENOUGH else None


def round_step(seconds: float, most: int) -> int:
    """The smallest step of which so many are enough."""
    return next((one for one in _STEPS if seconds <= one * most), _STEPS[-1])


def round_before(at: datetime, seconds: int) -> datetime:
    """The last round moment of the clock, at most this one."""
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if seconds >= DAY:
        return midnight
    clock = (at.hour * 60 + at.minute) * 60 + at.second
    return at.replace(microsecond=0) - timedelta(seconds=clock % seconds)


def since(begin: datetime, at: datetime) -> float:
    """The seconds between two moments, also over a change of the clocks."""
    return at.timestamp() - begin.timestamp()
