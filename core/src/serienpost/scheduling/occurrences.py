"""When a schedule comes: on which days, and at which moment of each.

A due date counts once, at its earliest moment, however many rules and moved days lead to it. A time
that a day does not have, because clocks go forward, is the first moment after the gap; of a time
that it has twice, the first counts.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from serienpost.scheduling.public_holidays import PublicHolidays
from serienpost.scheduling.rules import parse_rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from serienpost.scheduling.rules import Rule

_DAY = timedelta(days=1)
_SATURDAY = 5
# Days after which no working day is looked for any more: longer than any row of holidays.
_LONGEST_MOVE = 31


class Occurrence(NamedTuple):
    """A due date of a schedule, its moment (UTC), and the holidays that moved to it."""

    due: date
    at: datetime
    moved_from: tuple[date, ...] = ()


class HolidayMet(NamedTuple):
    """A day of a schedule that is a holiday, and where it moves to; None where it is left out."""

    day: date
    name: str
    to: date | None


class Schedule(NamedTuple):
    """Rules in a time zone, and what they do on holidays."""

    rules: Sequence[Rule]
    zone: ZoneInfo
    holidays: PublicHolidays | None = None

    def __str__(self) -> str:
        parts = [", ".join(sorted(map(str, self.rules))), str(self.zone)]
        return "; ".join([*parts, str(self.holidays)] if self.holidays else parts)


def parse_schedule(text: str) -> Schedule:
    """The schedule that says `text` of itself.

    Raises:
        ValueError: none does.
    """
    rules, zone, *rest = text.split("; ")
    holidays = None
    if rest:
        place, on = rest[0].split(" ")
        country, _dash, state = place.partition("-")
        holidays = PublicHolidays(country, state or None, "skip" if on == "skip" else "next")
    try:
        return Schedule([parse_rule(one) for one in rules.split(", ")], ZoneInfo(zone), holidays)
    except (ZoneInfoNotFoundError, OSError) as error:
        raise ValueError(zone) from error


def occurrences(schedule: Schedule, after: datetime, until: datetime) -> Iterator[Occurrence]:
    """All with `after` < moment <= `until`, in their order.

    Raises:
        ConfigError: its holidays are not known.
    """
    zone = schedule.zone
    first, last = after.astimezone(zone).date() - _DAY, until.astimezone(zone).date() + _DAY
    moves = schedule.holidays is not None and schedule.holidays.on == "next"
    times: dict[date, time] = {}
    moved: dict[date, list[date]] = {}
    for day in _days(first - timedelta(days=_LONGEST_MOVE if moves else 0), last):
        at = _time_on(schedule, day)
        met = _met(schedule, day) if at is not None else None
        to = met.to if met else day
        if at is None or to is None:
            continue
        times[to] = min(at, times.get(to, at))
        if to != day:
            moved.setdefault(to, []).append(day)
    for day in sorted(times):
        moment = moment_of(day, times[day], zone)
        if moment is not None and after < moment <= until:
            yield Occurrence(day, moment, tuple(moved.get(day, ())))


def holidays_met(schedule: Schedule, first: date, last: date) -> Iterator[HolidayMet]:
    """The days of a schedule from `first` to `last` that are holidays.

    Raises:
        ConfigError: its holidays are not known.
    """
    for day in _days(first, last):
        if _time_on(schedule, day) is not None and (met := _met(schedule, day)):
            yield met


def moment_of(day: date, at: time, zone: ZoneInfo) -> datetime | None:
    """The moment (UTC) of a local time: the first of two, or the first after a gap; None for a day
    that the zone left out."""
    local = datetime.combine(day, at, zone)
    moment = local.astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) != local.replace(tzinfo=None):
        early, late = local.replace(fold=1).astimezone(UTC), moment
        before = early.astimezone(zone).utcoffset()
        while late - early > timedelta(seconds=1):
            middle = (early + (late - early) / 2).replace(microsecond=0)
            if middle.astimezone(zone).utcoffset() == before:
                early = middle
            else:
                late = middle
        moment = late
    return moment if moment.astimezone(zone).date() == day else None


def _time_on(schedule: Schedule, day: date) -> time | None:
    return min((rule.at for rule in schedule.rules if rule.falls_on(day)), default=None)


def _met(schedule: Schedule, day: date) -> HolidayMet | None:
    """What a holiday does to a day of the schedule; None on any other day."""
    holidays = schedule.holidays
    name = holidays.name_of(day) if holidays else None
    if holidays is None or name is None:
        return None
    if holidays.on == "skip":
        return HolidayMet(day, name, None)
    to = day + _DAY
    while to.weekday() >= _SATURDAY or holidays.name_of(to):
        to += _DAY
        if to - day > timedelta(days=_LONGEST_MOVE):
            return HolidayMet(day, name, None)
    return HolidayMet(day, name, to)


def _days(first: date, last: date) -> Iterator[date]:
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)
