"""`birthday: since_last_run`: nobody's birthday is passed over because no run was made that day."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Post, Practice
    from moved_clock import Clock

FRIDAY = date(2026, 12, 4)
ONE, TWO, THREE, FOUR = "patient:2", "patient:7", "patient:9", "patient:10"


@pytest.fixture
def greeting(few: Practice) -> Practice:
    """A practice whose patients have no birthday but those that a test gives them."""
    few.change("UPDATE patient SET geburtsdatum = NULL")
    return few


def born(practice: Practice, person: str, month_day: str, year: int = 1961) -> None:
    number = person.partition(":")[2]
    practice.change(
        "UPDATE patient SET geburtsdatum = ?, email = ?, kontakt_email = 'ja' WHERE id = ?",
        f"{year}-{month_day}", f"{number}@example.org", number,
    )  # fmt: skip


def greet(practice: Practice, clock: Clock, day: date, hour: int = 9) -> None:
    """What cron does on that day."""
    clock.set(day, hour)
    practice.run = practice.json("run", "geburtstag", "--yes")["run"]


def greeted(post: Post) -> list[str]:
    """Who got a mail since this was asked last, as patients."""
    found = sorted(f"patient:{to.partition('@')[0]}" for to, _ in post.mails().values())
    post.catcher.messages.clear()
    return found


def days(practice: Practice) -> str:
    """The selection as the last run keeps it."""
    ((header,),) = practice.ledger("SELECT header FROM run WHERE id = ?", practice.run)
    selection = json.loads(header)["blocks"][0]["selection"]
    assert selection.keys() == {"birthday"}
    return str(selection["birthday"])


def test_a_weekend_is_made_up_for_on_monday(greeting: Practice, post: Post, clock: Clock) -> None:
    for person, day in ((ONE, "12-04"), (TWO, "12-05"), (THREE, "12-06"), (FOUR, "12-07")):
        born(greeting, person, day)
    greet(greeting, clock, FRIDAY)
    assert (greeted(post), days(greeting)) == ([ONE], "2026-12-04..2026-12-04")
    greet(greeting, clock, FRIDAY + timedelta(days=3))
    assert days(greeting) == "2026-12-05..2026-12-07"
    assert greeted(post) == sorted([TWO, THREE, FOUR])
    greet(greeting, clock, FRIDAY + timedelta(days=4))
    assert (greeted(post), days(greeting)) == ([], "2026-12-08..2026-12-08")


def test_the_first_run_greets_those_of_today_alone(
    greeting: Practice, post: Post, clock: Clock
) -> None:
    born(greeting, ONE, "12-03")
    born(greeting, TWO, "12-04")
    greet(greeting, clock, FRIDAY)
    assert greeted(post) == [TWO]


def test_no_more_than_a_week_is_made_up_for(greeting: Practice, post: Post, clock: Clock) -> None:
    greet(greeting, clock, FRIDAY)
    for person, day in ((ONE, "12-12"), (TWO, "12-13"), (THREE, "12-19"), (FOUR, "12-20")):
        born(greeting, person, day)
    greet(greeting, clock, date(2026, 12, 19))
    assert days(greeting) == "2026-12-13..2026-12-19"
    assert greeted(post) == sorted([TWO, THREE])


def test_a_second_run_of_the_day_greets_nobody_twice_but_who_was_entered_since(
    greeting: Practice, post: Post, clock: Clock
) -> None:
    greet(greeting, clock, FRIDAY)
    born(greeting, ONE, "12-06")
    greet(greeting, clock, date(2026, 12, 7))
    assert greeted(post) == [ONE]
    born(greeting, TWO, "12-05")
    greet(greeting, clock, date(2026, 12, 7), 15)
    assert days(greeting) == "2026-12-05..2026-12-07"
    assert greeted(post) == [TWO]


def test_nobody_is_greeted_twice_in_a_year_after_a_date_was_corrected(
    greeting: Practice, post: Post, clock: Clock
) -> None:
    born(greeting, ONE, "12-04")
    greet(greeting, clock, FRIDAY)
    assert greeted(post) == [ONE]
    born(greeting, ONE, "12-06")
    greet(greeting, clock, date(2026, 12, 7))
    assert greeted(post) == []
    greet(greeting, clock, date(2027, 12, 6))
    assert greeted(post) == [ONE]


@pytest.mark.parametrize(
    ("runs", "got"),
    [
        ([date(2027, 2, 26), date(2027, 3, 1), date(2027, 3, 2)], [0, 1, 0]),
        ([date(2027, 2, 27), date(2027, 2, 28), date(2027, 3, 1)], [0, 1, 0]),
        ([date(2028, 2, 28), date(2028, 2, 29), date(2028, 3, 1)], [0, 1, 0]),
        ([date(2028, 2, 25), date(2028, 2, 28), date(2028, 3, 1)], [0, 0, 1]),
    ],
    ids=["common, weekend", "common, daily", "leap, daily", "leap, every third day"],
)
def test_who_was_born_on_a_leap_day_is_greeted_once(
    greeting: Practice, post: Post, clock: Clock, runs: list[date], got: list[int]
) -> None:
    born(greeting, ONE, "02-29", 1960)
    found = []
    for day in runs:
        greet(greeting, clock, day)
        found.append(len(greeted(post)))
    assert found == got


def test_the_new_year(greeting: Practice, post: Post, clock: Clock) -> None:
    for person, day in ((ONE, "12-31"), (TWO, "01-01"), (THREE, "01-04"), (FOUR, "12-30")):
        born(greeting, person, day)
    greet(greeting, clock, date(2026, 12, 30))
    assert greeted(post) == [FOUR]
    greet(greeting, clock, date(2027, 1, 4))
    assert greeted(post) == sorted([ONE, TWO, THREE])
    found = {row["person"]: row["occasion"] for row in greeting.messages().values()}
    assert found == {
        ONE: "geburtstag:2026", TWO: "geburtstag:2027", THREE: "geburtstag:2027"
    }  # fmt: skip


def test_what_did_not_leave_in_time_is_made_up_for_by_the_next_run(
    greeting: Practice, post: Post, clock: Clock
) -> None:
    """A run that was only prepared, or cancelled, is no run that greeted anybody."""
    greet(greeting, clock, FRIDAY)
    born(greeting, ONE, "12-05")
    clock.set(date(2026, 12, 7))
    greeting.run = greeting.json("prepare", "geburtstag", "--summary")["run"]
    greeting.json("cancel", greeting.run)
    clock.set(date(2026, 12, 8))
    late = greeting.json("prepare", "geburtstag", "--summary")["run"]
    clock.set(date(2026, 12, 9))
    greet(greeting, clock, date(2026, 12, 9))
    assert days(greeting) == "2026-12-05..2026-12-09"
    assert greeted(post) == [ONE]
    assert greeting(*("send", late, "--yes")).code != 0 or greeted(post) == []
    assert greeted(post) == []


def test_a_greeting_expires_at_the_end_of_its_window(
    greeting: Practice, post: Post, clock: Clock
) -> None:
    greet(greeting, clock, FRIDAY)
    born(greeting, ONE, "12-05")
    clock.set(date(2026, 12, 7))
    greeting.run = greeting.json("prepare", "geburtstag", "--summary")["run"]
    (message,) = greeting.messages().values()
    midnight = int(datetime(2026, 12, 7, 23, tzinfo=UTC).timestamp())
    assert str(message["expires_at"]).startswith(str(midnight))


def test_another_mailing_s_run_does_not_count(greeting: Practice, post: Post, clock: Clock) -> None:
    mailings = greeting.folder / "mailings"
    greet(greeting, clock, FRIDAY)
    text = (mailings / "geburtstag.yaml").read_text("utf-8")
    (mailings / "zweiter.yaml").write_text(text, "utf-8")
    born(greeting, ONE, "12-05")
    clock.set(date(2026, 12, 7))
    greeting.run = greeting.json("run", "zweiter", "--yes")["run"]
    assert days(greeting) == "2026-12-07..2026-12-07"
    assert greeted(post) == []


def test_today_is_still_today(greeting: Practice, post: Post, clock: Clock) -> None:
    greeting.edit("mailings/geburtstag.yaml", "birthday: since_last_run", "birthday: today")
    greet(greeting, clock, FRIDAY)
    born(greeting, ONE, "12-06")
    greet(greeting, clock, date(2026, 12, 7))
    assert (greeted(post), days(greeting)) == ([], "today")
