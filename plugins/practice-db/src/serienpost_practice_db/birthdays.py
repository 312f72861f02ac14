"""Birthdays within some days, decided in the database: the date of birth stays there."""

from __future__ import annotations

from calendar import isleap
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import and_, case, extract, or_  # noqa: TID253  # imported when reading

from serienpost_practice_db.mapping import BIRTH_DATE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

    from sqlalchemy.sql.elements import ColumnElement

    from serienpost_practice_db.conditions import Columns

_LEAP_DAY = 229
_DAY_BEFORE = 228


@dataclass(frozen=True, slots=True)
class BirthdayWindow:
    """The days from `first` to `last`, both included, less than a year apart.

    Who was born on 29 February has the birthday on 28 February in common years.
    """

    first: date
    last: date

    def falls(self, columns: Columns) -> ColumnElement[bool]:
        """Whether a birthday is on one of the days."""
        return or_(*(test for _, test in self._tests(columns)))

    def year(self, columns: Columns) -> ColumnElement[int]:
        """The calendar year of that birthday, part of the occasion's id."""
        return case(*((test, year) for year, test in self._tests(columns)))

    def expires_at(self, zone: ZoneInfo) -> datetime:
        """The end of the last day in the practice's time, in UTC."""
        end = datetime.combine(self.last + timedelta(days=1), time(), zone)
        return end.astimezone(UTC)

    def _tests(self, columns: Columns) -> Iterator[tuple[int, ColumnElement[bool]]]:
        born = columns[BIRTH_DATE]
        stored = extract("month", born) * 100 + extract("day", born)
        for year in range(self.first.year, self.last.year + 1):
            first = max(self.first, date(year, 1, 1))
            last = min(self.last, date(year, 12, 31))
            day = stored if isleap(year) else case((stored == _LEAP_DAY, _DAY_BEFORE), else_=stored)
            yield year, and_(day >= _month_day(first), day <= _month_day(last))


def _month_day(day: date) -> int:
    return day.month * 100 + day.day


def minors_born_since(on: date) -> date:
    """The first date of birth of people under 18 on that day (§§ 2, 187 (2), 188 BGB)."""
    leap_day = on.month == 2 and on.day == 29
    just_of_age = on.replace(year=on.year - 18, day=28 if leap_day else on.day)
    return just_of_age + timedelta(days=1)
