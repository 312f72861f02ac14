"""What `select:` may say about patients."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Annotated

from pydantic import AfterValidator, Field

from serienpost import Texts
from serienpost_practice_db.people import Day, PersonSelection, Text

_ = Texts(__name__)

_MONTH_DAY = r"(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_RANGE = re.compile(rf"({_MONTH_DAY})\.\.({_MONTH_DAY})")
_A_LEAP_YEAR = 2024
_A_YEAR = timedelta(days=365)

BIRTHDAY_WORDS = ("today", "tomorrow", "this_month", "since_last_run")
# As a run keeps `since_last_run`: from a date to its due date.
_DATES = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})\.\.([0-9]{4}-[0-9]{2}-[0-9]{2})")


def _birthday(value: str) -> str:
    if value in BIRTHDAY_WORDS:
        return value
    if dates := _DATES.fullmatch(value):
        try:
            first, last = map(date.fromisoformat, dates.groups())
        except ValueError:
            raise ValueError(_("there are no such days: {days}", days=value)) from None
        if not timedelta() <= last - first < _A_YEAR:
            raise ValueError(_("the days must lie in order, within a year"))
        return value
    days = _RANGE.fullmatch(value)
    if days is None:
        raise ValueError(_('write {words} or days such as "12-20..01-05"', words=BIRTHDAY_WORDS))
    for day in days.groups():
        try:
            date.fromisoformat(f"{_A_LEAP_YEAR}-{day}")
        except ValueError:
            raise ValueError(_("there is no day {day} (month-day)", day=day)) from None
    return value


class PatientSelection(PersonSelection):
    """Which patients; a patient is selected who meets every condition that is given."""

    birthday: Annotated[str, AfterValidator(_birthday)] | None = Field(
        default=None,
        description=_(
            "Day of the birthday, counted from the due date: today, tomorrow, "
            "this_month; since_last_run: the days after the due date of this mailing's last "
            "finished run, at most 7 (before the first one: today); or the days from MM-DD to "
            "MM-DD, of those the current or next ones. 29 February counts as 28 February in "
            "common years."
        ),
        examples=["today", "since_last_run", "this_month", "12-20..01-05"],
    )
    practitioner: Text | int | None = Field(
        default=None,
        description=_(
            "The practitioner who treats the patient: the last name, first and last name, or the "
            "key in the practice's database."
        ),
        examples=["Sonnenschein", 3],
    )
    last_visit_before: Day | None = Field(
        default=None,
        description=_("The last visit was before this day. Patients without a visit are left out."),
        examples=["2025-01-01"],
    )
    last_visit_after: Day | None = Field(
        default=None,
        description=_("The last visit was after this day."),
        examples=["2025-12-31"],
    )
    language: Text | None = Field(
        default=None, description=_("Language as entered for the patient."), examples=["de", "en"]
    )

    def birthday_dates(self) -> tuple[date, date] | None:
        """First and last date, None where the birthday is none of a certain year."""
        dates = _DATES.fullmatch(self.birthday or "")
        return (date.fromisoformat(dates[1]), date.fromisoformat(dates[2])) if dates else None

    def birthday_days(self) -> tuple[str, str] | None:
        """First and last day, None where the birthday is a word or not given."""
        days = _RANGE.fullmatch(self.birthday or "")
        return (days[1], days[2]) if days else None
