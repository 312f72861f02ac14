"""What `select:` may say about patients."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field

from serienpost import StrictModel

_MONTH_DAY = r"(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_RANGE = re.compile(rf"({_MONTH_DAY})\.\.({_MONTH_DAY})")
_CODES = re.compile(r"(\d+)\s*-\s*(\d+)")
_A_LEAP_YEAR = 2024

BIRTHDAY_WORDS = ("today", "tomorrow", "this_month")


def _text(value: str) -> str:
    if not value.strip():
        raise ValueError("is empty; leave the key out to select everybody")
    return value.strip()


def _birthday(value: str) -> str:
    if value in BIRTHDAY_WORDS:
        return value
    days = _RANGE.fullmatch(value)
    if days is None:
        raise ValueError('write today, tomorrow, this_month or days such as "12-20..01-05"')
    for day in days.groups():
        try:
            date.fromisoformat(f"{_A_LEAP_YEAR}-{day}")
        except ValueError:
            raise ValueError(f"there is no day {day} (month-day)") from None
    return value


def _postal_code(value: str) -> str:
    codes = _CODES.fullmatch(value)
    if codes and (len(codes[1]) != len(codes[2]) or codes[1] > codes[2]):
        raise ValueError("the first code of a range is the smaller one and as long as the last")
    return value


def _iso_day(value: str) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise ValueError("is no date; write year-month-day, such as 2026-01-31") from None


Text = Annotated[str, Field(max_length=200), AfterValidator(_text)]
Day = Annotated[str, AfterValidator(_iso_day)]


class PatientSelection(StrictModel):
    """Which patients; a patient is selected who meets every condition that is given."""

    search: Text | None = Field(
        default=None,
        description="Words as typed into the patient search. Each must stand in name, number, "
        "telephone, mobile, e-mail or city; case, umlauts and accents do not matter.",
        examples=["mueller dresden", "0351 1234"],
    )
    last_name: Text | None = Field(
        default=None,
        description="Beginning of the last name; case, umlauts and accents do not matter.",
        examples=["Müller"],
    )
    first_name: Text | None = Field(
        default=None,
        description="Beginning of the first name; case, umlauts and accents do not matter.",
        examples=["Anna"],
    )
    postal_code: Annotated[Text, AfterValidator(_postal_code)] | None = Field(
        default=None,
        description="One postal code, or the first and the last of a range.",
        examples=["01067", "01000-01999"],
    )
    city: Text | None = Field(
        default=None,
        description="Whole name of the city; case, umlauts and accents do not matter.",
        examples=["Dresden"],
    )
    birthday: Annotated[str, AfterValidator(_birthday)] | None = Field(
        default=None,
        description="Day of the birthday, counted from the due date: today, tomorrow, "
        "this_month, or the days from MM-DD to MM-DD, of those the current or next ones. "
        "29 February counts as 28 February in common years.",
        examples=["today", "this_month", "12-20..01-05"],
    )
    practitioner: Text | int | None = Field(
        default=None,
        description="The practitioner who treats the patient: the last name, first and last "
        "name, or the key in the practice's database.",
        examples=["Sonnenschein", 3],
    )
    last_visit_before: Day | None = Field(
        default=None,
        description="The last visit was before this day. Patients without a visit are left out.",
        examples=["2025-01-01"],
    )
    last_visit_after: Day | None = Field(
        default=None,
        description="The last visit was after this day.",
        examples=["2025-12-31"],
    )
    language: Text | None = Field(
        default=None, description="Language as entered for the patient.", examples=["de", "en"]
    )
    ids: Annotated[list[int | str], Field(min_length=1, max_length=10_000)] | None = Field(
        default=None,
        description="Only these patients: keys in the practice's database, or person ids.",
        examples=[[17, "patient:23"]],
    )

    def postal_code_range(self) -> tuple[str, str] | None:
        """First and last code, None where one code was given or none."""
        codes = _CODES.fullmatch(self.postal_code or "")
        return (codes[1], codes[2]) if codes else None

    def birthday_days(self) -> tuple[str, str] | None:
        """First and last day, None where the birthday is a word or not given."""
        days = _RANGE.fullmatch(self.birthday or "")
        return (days[1], days[2]) if days else None
