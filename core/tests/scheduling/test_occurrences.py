from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serienpost.errors import ConfigError
from serienpost.scheduling.occurrences import (
    Occurrence,
    Schedule,
    holidays_met,
    moment_of,
    occurrences,
    parse_schedule,
)
from serienpost.scheduling.public_holidays import PublicHolidays
from serienpost.scheduling.rules import parse_rule

BERLIN = ZoneInfo("Europe/Berlin")
# Clocks go forward by half an hour, at midnight, and a day that was left out.
ZONES = [BERLIN, *map(ZoneInfo, ("Australia/Lord_Howe", "America/Asuncion", "Pacific/Apia"))]


def at(text: str, zone: ZoneInfo = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def schedule(*rules: str, on: str | None = None, zone: ZoneInfo = BERLIN) -> Schedule:
    holidays = PublicHolidays("DE", "SN", on) if on else None  # type: ignore[arg-type]
    return Schedule(tuple(map(parse_rule, rules)), zone, holidays)


def found(made: Schedule, after: str, until: str) -> list[Occurrence]:
    return list(occurrences(made, at(after), at(until)))


def local(made: Schedule, after: str, until: str) -> list[str]:
    return [f"{one.at.astimezone(BERLIN):%a %d.%m. %H:%M}" for one in found(made, after, until)]


def test_a_week() -> None:
    week = local(schedule("mon-fri 09:00"), "2026-11-27 09:00", "2026-12-02 09:00")
    assert week == ["Mon 30.11. 09:00", "Tue 01.12. 09:00", "Wed 02.12. 09:00"]


def test_a_day_counts_once_at_its_earliest_moment() -> None:
    twice = schedule("daily 14:00", "mon 09:00")
    assert local(twice, "2026-11-29 15:00", "2026-12-01 23:00") == [
        "Mon 30.11. 09:00",
        "Tue 01.12. 14:00",
    ]


def test_a_time_in_the_gap_is_the_first_moment_after_it() -> None:
    night = schedule("daily 02:30")
    assert local(night, "2026-03-28 00:00", "2026-03-30 23:00") == [
        "Sat 28.03. 02:30",
        "Sun 29.03. 03:00",
        "Mon 30.03. 02:30",
    ]
    assert moment_of(date(2026, 3, 29), time(2, 30), BERLIN) == datetime(2026, 3, 29, 1, tzinfo=UTC)


def test_a_time_that_comes_twice_counts_once() -> None:
    night = found(schedule("daily 02:30"), "2026-10-24 12:00", "2026-10-25 23:00")
    assert [one.at for one in night] == [datetime(2026, 10, 25, 0, 30, tzinfo=UTC)]


def test_a_day_that_the_zone_left_out_is_none() -> None:
    assert moment_of(date(2011, 12, 30), time(9), ZoneInfo("Pacific/Apia")) is None


def test_a_holiday_is_left_out() -> None:
    easter = schedule("mon-fri 09:00", on="skip")
    assert local(easter, "2026-04-01 12:00", "2026-04-07 12:00") == [
        "Thu 02.04. 09:00",
        "Tue 07.04. 09:00",
    ]
    met = list(holidays_met(easter, date(2026, 4, 1), date(2026, 4, 7)))
    assert [(one.day.day, one.name, one.to) for one in met] == [
        (3, "Good Friday", None),
        (6, "Easter Monday", None),
    ]


def test_a_holiday_moves_to_the_next_working_day() -> None:
    fridays = schedule("fri 09:00", on="next")
    (moved,) = found(fridays, "2026-04-01 12:00", "2026-04-08 12:00")
    assert moved == Occurrence(date(2026, 4, 7), at("2026-04-07 09:00"), (date(2026, 4, 3),))
    # 18.11. is a holiday in Saxony alone.
    (day,) = found(schedule("wed 09:00", on="next"), "2026-11-15 00:00", "2026-11-21 00:00")
    assert day.due == date(2026, 11, 19)


def test_what_moves_to_a_day_of_the_schedule_is_one_with_it() -> None:
    both = schedule("fri 09:00", "tue 14:00", on="next")
    (one,) = found(both, "2026-04-01 12:00", "2026-04-08 12:00")
    assert one == Occurrence(date(2026, 4, 7), at("2026-04-07 09:00"), (date(2026, 4, 3),))


@pytest.mark.parametrize(
    ("country", "state", "key", "said"),
    [
        ("XX", None, "holidays.country", "no holidays are known"),
        ("DE", "XY", "holidays.state", "there is: BB"),
    ],
)
def test_unknown_holidays_are_refused(country: str, state: str, key: str, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        PublicHolidays(country, state, "skip").check()
    (problem,) = refused.value.problems
    assert problem.key == key
    assert said in str(problem)


RULES = st.lists(
    st.sampled_from(
        [
            *("daily 02:30", "mon-fri 09:00", "daily 00:00", "sat,sun 23:59", "monthly 1 02:00"),
            *("monthly last 03:00", "wed 00:30", "fri-mon 12:00"),
        ]
    ),
    min_size=1,
    max_size=3,
)
START = datetime(2011, 12, 1, tzinfo=UTC)
MOMENTS = st.integers(0, 366 * 24 * 60).map(lambda minutes: START + timedelta(minutes=minutes))


@given(
    RULES,
    st.sampled_from(ZONES),
    st.sampled_from([None, "skip", "next"]),
    MOMENTS,
    st.lists(st.integers(0, 40 * 24 * 60), max_size=6),
)
def test_none_is_lost_however_often_somebody_looks(
    rules: list[str], zone: ZoneInfo, on: str | None, start: datetime, minutes: list[int]
) -> None:
    made = schedule(*rules, on=on, zone=zone)
    end = start + timedelta(days=40)
    whole = list(occurrences(made, start, end))
    looks = [start, *sorted(start + timedelta(minutes=one) for one in minutes), end]
    parts = [one for a, b in pairwise(looks) for one in occurrences(made, a, b)]
    assert parts == whole
    assert all(a.at < b.at and a.due < b.due for a, b in pairwise(whole))
    for one in whole:
        assert start < one.at <= end
        here = one.at.astimezone(zone)
        assert here.date() == one.due
        on_time = {rule.at for rule in made.rules}
        # Where no rule says this time, it is the first moment after a gap.
        before = (one.at - timedelta(seconds=1)).astimezone(zone)
        assert here.time() in on_time or before.utcoffset() != here.utcoffset()
        if on:
            assert made.holidays
            assert made.holidays.name_of(one.due) is None


@given(MOMENTS)
def test_every_day_of_a_daily_schedule_is_met(start: datetime) -> None:
    made = schedule("daily 02:30")
    days = [one.due for one in occurrences(made, start, start + timedelta(days=30))]
    assert len(days) == 30
    assert all(b - a == timedelta(days=1) for a, b in pairwise(days))


@pytest.mark.parametrize("on", [None, "next", "skip"])
def test_a_schedule_is_read_from_what_it_says(on: str | None) -> None:
    made = schedule("mon,wed 09:00", "monthly 1,15 8:30", "monthly last 08:00", on=on)
    again = parse_schedule(str(made))
    assert str(again) == str(made)
    assert set(again.rules) == set(made.rules)


@pytest.mark.parametrize(
    "text", ["", "daily 12:00", "never; Europe/Berlin", "daily 12:00; Nowhere/At", "a; b; c d e"]
)
def test_what_no_schedule_says_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # of several modules
        parse_schedule(text)
