"""Days and times on the command line: written as people do, shown in one form."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

if TYPE_CHECKING:
    from conftest import Practice

BERLIN = ZoneInfo("Europe/Berlin")
ISO = re.compile(r"\d{4}-\d\d-\d\d")


def tomorrow() -> datetime:
    return datetime.now(BERLIN) + timedelta(days=1)


@pytest.mark.parametrize("option", ["morgen", "ISO", "D.M.", "D.M.YYYY", "weekday"])
def test_a_due_date_is_written_as_people_do(null: Practice, option: str) -> None:
    """Was: write YYYY-MM-DD."""
    day = tomorrow().date()
    weekdays = ["montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag", "sonntag"]
    written = {
        "ISO": day.isoformat(),
        "D.M.": f"{day.day}.{day.month}.",
        "D.M.YYYY": f"{day:%d.%m.%Y}",
        "weekday": weekdays[day.weekday()],
    }.get(option, option)
    null.json("prepare", "einladung", "--summary", "--for", written)
    assert null.json("runs")["runs"][0]["due"] == day.isoformat()


@pytest.mark.parametrize("command", [("prepare",), ("run", "--yes")])
def test_what_is_no_date_is_told_how_to_write_one(null: Practice, command: tuple[str, ...]) -> None:
    (problem,) = null.refused(*command, "einladung", "--for", "30.11")
    assert problem["message"] == "'30.11' is not a date"
    assert "today, tomorrow, monday, 30.11., 30.11.2026 or 2026-11-30" in problem["hint"]


@pytest.mark.parametrize("written", ["morgen 9", "morgen 9 Uhr", "morgen um 9.00 Uhr"])
def test_a_scheduled_run_is_no_fault(null: Practice, written: str) -> None:
    """Was: open: run X is scheduled ... (schedule: waits for its time), in yellow."""
    done = null("send", null.run, "--yes", "--at", written)
    at = f"{tomorrow().day} {tomorrow():%b %Y} 09:00"
    assert done.code == 75
    assert done.err.startswith(f"scheduled: run {null.run} is scheduled for {at}, as asked")
    assert "serienpost resume --due sends it then, from cron or by hand" in done.err
    assert "open:" not in done.err
    assert f"scheduled for {at}\n" in done.out
    again = null("resume", "--due")
    assert again.code == 75
    assert again.err.startswith("scheduled: ")
    document = json.loads(null("resume", null.run, "--json").out)
    assert (document["ok"], document["exit"]) == (True, 75)


def test_what_is_open_beside_a_scheduled_run_is_open(null: Practice) -> None:
    other = null.json("prepare", "einladung", "--summary")["run"]
    null("send", other, "--yes", "--at", "morgen 9 Uhr")
    sender = 'slots: 4, sender: "Praxis Null <n'
    null.edit("serienpost.yaml", sender, f"rate: [1/hour], {sender}")
    null("send", null.run, "--yes", "--no-wait")
    done = null("resume", "--due")
    assert done.code == 75
    assert "open: " in done.err


def test_times_have_one_form(null: Practice) -> None:
    """Was: 2026-11-30T09:00:00+01:00 beside 2026-11-30 09:00:00 beside 30.11.2026 09:00."""
    null.json("review", null.run, "--exclude", "patient:2", "--summary")
    null.json("test", null.run, "--to", "praxis@example.org")
    null.json("send", null.run, "--yes")
    null.json("suppress", "add", "weg@example.org")
    for args in (
        ("runs",),
        ("show", null.run),
        ("show", null.run, "--recipient", "patient:1"),
        ("show", null.run, "--manifest"),
        ("report", null.run),
        ("review", null.run, "--history"),
        ("review", null.run, "--explain", "patient:1"),
        ("suppress", "list"),
    ):
        done = null(*args)
        assert done.code == 0, done.err
        assert not ISO.search(done.out), (args, done.out)
