"""How days and moments may be written, and what is told of others."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from serienpost import ConfigError
from serienpost.dates import parse_day, parse_moment

BERLIN = ZoneInfo("Europe/Berlin")


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


NOW = _at("2026-03-02T10:00:00+01:00")


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("11:30", "2026-03-02T11:30:00+01:00"),
        ("09:59", "2026-03-03T09:59:00+01:00"),
        ("10:00", "2026-03-03T10:00:00+01:00"),
        ("2026-03-02T10:01", "2026-03-02T10:01:00+01:00"),
        ("2026-07-01T08:00", "2026-07-01T08:00:00+02:00"),
        ("2026-10-25T02:30", "2026-10-25T02:30:00+02:00"),
        ("9:00", "2026-03-03T09:00:00+01:00"),
        ("11:30 Uhr", "2026-03-02T11:30:00+01:00"),
        ("heute 11:30", "2026-03-02T11:30:00+01:00"),
        ("Morgen um 9:00", "2026-03-03T09:00:00+01:00"),
        ("tomorrow  9:00", "2026-03-03T09:00:00+01:00"),
        ("übermorgen 9:00", "2026-03-04T09:00:00+01:00"),
        ("30.11. 9:00", "2026-11-30T09:00:00+01:00"),
        ("30. 11. 2026 9:00", "2026-11-30T09:00:00+01:00"),
        ("30.11.2026, 09:00", "2026-11-30T09:00:00+01:00"),
        ("2026-11-30 9:00", "2026-11-30T09:00:00+01:00"),
        ("2026-11-30T9:00", "2026-11-30T09:00:00+01:00"),
        ("morgen 9", "2026-03-03T09:00:00+01:00"),
        ("9 Uhr", "2026-03-03T09:00:00+01:00"),
        ("11 uhr", "2026-03-02T11:00:00+01:00"),
        ("11uhr", "2026-03-02T11:00:00+01:00"),
        ("morgen 9 Uhr", "2026-03-03T09:00:00+01:00"),
        ("um 9", "2026-03-03T09:00:00+01:00"),
        ("um 9 Uhr", "2026-03-03T09:00:00+01:00"),
        ("at 9", "2026-03-03T09:00:00+01:00"),
        ("9.30 Uhr", "2026-03-03T09:30:00+01:00"),
        ("morgen um 9.30 Uhr", "2026-03-03T09:30:00+01:00"),
        ("Dienstag 9:00", "2026-03-03T09:00:00+01:00"),
        ("am sonntag um 18 Uhr", "2026-03-08T18:00:00+01:00"),
        ("friday 8", "2026-03-06T08:00:00+01:00"),
        ("30.11. 9", "2026-11-30T09:00:00+01:00"),
        ("am 30.11. um 9 Uhr", "2026-11-30T09:00:00+01:00"),
        ("30. November 9:00", "2026-11-30T09:00:00+01:00"),
        ("1. März 2027 9 Uhr", "2027-03-01T09:00:00+01:00"),
        ("2026-11-30 9 Uhr", "2026-11-30T09:00:00+01:00"),
    ],
)
def test_a_time_is_practice_time_and_the_next_of_its_kind(text: str, when: str) -> None:
    assert parse_moment(text, NOW, BERLIN).astimezone(UTC) == _at(when)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2026-03-02T09:59", "is in the past"),
        ("2026-03-02T10:00", "is in the past"),
        ("2026-03-29T02:30", "does not exist on that day"),
        ("25:00", "is not a day and time"),
        ("2026-02-30T10:00", "is not a day and time"),
        ("2026-03-02 10:00", "is in the past: 2 Mar 2026 10:00"),
        ("1.3. 9:00", "is in the past: 1 Mar 2026 09:00"),
        ("1.3.2025 9:00", "is in the past"),
        ("heute 9:00", "is in the past"),
        ("morgen", "is not a day and time"),
        ("9", "is not a day and time"),
        ("30.11.", "is not a day and time"),
        ("30.11 9:00", "is not a day and time"),
        ("3/4 9:00", "is not a day and time"),
        ("11/30/2026 9:00", "is not a day and time"),
        ("gestern 9:00", "is not a day and time"),
        ("31.4. 9:00", "is not a day and time"),
        ("9:5", "is not a day and time"),
        ("30.11.26 9:00", "is not a day and time"),
        ("", "is not a day and time"),
        ("9.30", "is not a day and time"),
        ("9.3 Uhr", "is not a day and time"),
        ("25 Uhr", "is not a day and time"),
        ("um", "is not a day and time"),
        ("um um 9", "is not a day and time"),
        ("halb 9", "is not a day and time"),
        ("9 Uhr morgen", "is not a day and time"),
        ("30.11. 2026", "is not a day and time"),
        ("30. Novembr 9:00", "is not a day and time"),
        ("montag 11:00", "today is montag"),
        ("heute 9", "is in the past"),
    ],
)
def test_what_is_no_time_to_come_is_refused(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_moment(text, NOW, BERLIN)


def test_a_time_that_the_next_day_does_not_have_is_refused() -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        parse_moment("02:30", _at("2026-03-28T10:00:00+01:00"), BERLIN)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("heute", "2026-03-02"),
        ("Morgen", "2026-03-03"),
        ("übermorgen", "2026-03-04"),
        ("gestern", "2026-03-01"),
        ("30.11.2026", "2026-11-30"),
        ("30.11.", "2026-11-30"),
        ("30. 11. 2026", "2026-11-30"),
        ("1.3.", "2026-03-01"),
        ("30.11.2025", "2025-11-30"),
        ("30. November", "2026-11-30"),
        ("am 3. märz 2027", "2027-03-03"),
        ("mittwoch", "2026-03-04"),
        ("2026-11-30", "2026-11-30"),
    ],
)
def test_a_day_is_written_as_for_a_moment(text: str, day: str) -> None:
    assert parse_day(text, date(2026, 3, 2)) == date.fromisoformat(day)


def test_a_day_that_is_just_over_is_meant_and_not_the_next_year() -> None:
    assert parse_day("30.12.", date(2026, 11, 30)) == date(2026, 12, 30)
    assert parse_day("2.1.", date(2026, 11, 30)) == date(2027, 1, 2)
    assert parse_day("15.11.", date(2026, 11, 30)) == date(2026, 11, 15)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "30.11",
        "30.11.26",
        "31.4.",
        "30.11.2026 9:00",
        "9:00",
        "11/30/2026",
        "20261130",
        "um",
        "nächste Woche",
        "2026-02-30",
        "montags",
    ],
)
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="is not a date"):
        parse_day(text, date(2026, 3, 2))
