from __future__ import annotations

import re
from datetime import date, time

import pytest

from serienpost.scheduling.rules import parse_rule


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("mon-fri 09:00", "mon,tue,wed,thu,fri 09:00"),
        ("Mo-Fr 9:00", "mon,tue,wed,thu,fri 09:00"),
        ("mo–fr um 9:00 Uhr", "mon,tue,wed,thu,fri 09:00"),
        ("Montag bis Freitag 9:00", "mon,tue,wed,thu,fri 09:00"),
        ("werktags 9:00", "mon,tue,wed,thu,fri 09:00"),
        ("weekdays at 09:00", "mon,tue,wed,thu,fri 09:00"),
        ("mon, wed 14:30", "mon,wed 14:30"),
        ("Mo., Mi. 14:30", "mon,wed 14:30"),
        ("dienstags und donnerstags 07:05", "tue,thu 07:05"),
        ("mon-wed,sat 07:05", "mon,tue,wed,sat 07:05"),
        ("fri-mon 00:00", "mon,fri,sat,sun 00:00"),
        ("täglich 23:59", "daily 23:59"),
        ("every  day   8:00", "daily 08:00"),
        ("mon-sun 8:00", "daily 08:00"),
        ("monthly 1 08:00", "monthly 1 08:00"),
        ("monatlich am 1. 08:00", "monthly 1 08:00"),
        ("1st 08:00", "monthly 1 08:00"),
        ("am 1. und 15. 08:00", "monthly 1,15 08:00"),
        ("monthly last, 1 08:00", "monthly 1,last 08:00"),
    ],
)
def test_what_people_write_is_read(written: str, canonical: str) -> None:
    rule = parse_rule(written)
    assert str(rule) == canonical
    assert parse_rule(canonical) == rule


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("", "does not end with a time"),
        ("mon-fri", "does not end with a time"),
        ("mon-fri 9", "does not end with a time"),
        ("mon-fri 09:00 or so", "does not end with a time"),
        ("mon-fri 24:00", "there is no such time"),
        ("daily 12:60", "there is no such time"),
        ("09:00", "names no days"),
        ("moon 09:00", "'moon' is no day"),
        ("mon-fri-sat 09:00", "write a range"),
        ("mon-mon 09:00", "write a range"),
        ("mon,, 09:00", "'' is no day"),
        ("1 09:00", "'1' is no day"),
        ("monthly 31 09:00", "is 1 to 28, or last"),
        ("30th 09:00", "is 1 to 28, or last"),
        ("monthly 0 09:00", "is 1 to 28, or last"),
        ("monthly mon 09:00", "is 1 to 28, or last"),
        ("*/5 * * * *", "does not end with a time"),
    ],
)
def test_what_is_unclear_is_refused(written: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)) as refused:
        parse_rule(written)
    assert f"'{' '.join(written.split())}'" in str(refused.value)


def test_the_last_day_of_a_month_is_its_last_day() -> None:
    rule = parse_rule("monthly last 08:00")
    assert rule.at == time(8)
    assert [d for d in range(1, 30) if rule.falls_on(date(2028, 2, d))] == [29]
    assert [d for d in range(1, 29) if rule.falls_on(date(2027, 2, d))] == [28]
