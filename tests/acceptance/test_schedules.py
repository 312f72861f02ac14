"""Schedules on the command line: what comes, what is sent, what is wrong, and the exit codes."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Practice
    from moved_clock import Clock

MAILING = "mailings/einladung.yaml"
LINES = """\
once_per: none
schedule: fri 09:00
holidays: {country: DE, state: SN, on: next}
purpose:"""


@pytest.fixture
def scheduled(null: Practice, clock: Clock) -> Practice:
    """Monday before Easter 2027: the schedule was seen."""
    null.edit(MAILING, "purpose:", LINES)
    clock.set(date(2027, 3, 22))
    null.json("resume", "--due")
    return null


def test_what_comes_is_listed(scheduled: Practice) -> None:
    found = scheduled.json("runs", "--planned")
    assert [(one["due"], one["at"], one["moved_from"]) for one in found["planned"]] == [
        ("2027-03-30", "2027-03-30T09:00:00+02:00", ["2027-03-26"]),
        ("2027-04-02", "2027-04-02T09:00:00+02:00", []),
    ]
    assert [(one["day"], one["name"]) for one in found["holidays"]] == [
        ("2027-03-26", "Good Friday")
    ]
    shown = scheduled("runs", "--planned", "--days", "10").out
    assert "30 Mar 2027 09:00" in shown
    assert "einladung: on 30 Mar 2027 instead of 26 Mar 2027, Good Friday" in shown
    assert "2 Apr 2027" not in shown


def test_nothing_comes(null: Practice) -> None:
    assert "No mailing has a schedule" in null("runs", "--planned").out


def test_it_is_sent_and_then_no_more(scheduled: Practice, clock: Clock) -> None:
    clock.set(date(2027, 3, 26))
    assert scheduled.json("resume", "--due")["runs"] == []
    clock.set(date(2027, 3, 30))
    sent = scheduled.json("resume", "--due")
    (run,) = sent["runs"]
    assert (run["exit"], run["state"], sent["due"], sent["schedules"]) == (0, "finished", [], [])
    assert sum(scheduled.oracle().values()) == 40
    assert scheduled.json("resume", "--due")["runs"] == []


def test_a_broken_mailing_is_told_and_others_go_on(scheduled: Practice, clock: Clock) -> None:
    text = (scheduled.folder / MAILING).read_text("utf-8")
    broken = text.replace("fri 09:00", "fry 09:00")
    (scheduled.folder / "mailings/kaputt.yaml").write_text(broken, "utf-8")
    clock.set(date(2027, 3, 30))
    done = scheduled("resume", "--due", "--json")
    document = scheduled.document(done, ["resume", "--due"], 3)
    assert [one["exit"] for one in document["runs"]] == [0]
    (told,) = document["schedules"]
    assert (told["mailing"], told["exit"]) == ("kaputt", 3)
    (line,) = done.err.splitlines()
    assert "kaputt.yaml" in line
    assert "'fry' is no day" in line
    listed = scheduled("runs", "--planned")
    assert listed.code == 3
    assert "'fry' is no day" in listed.err


def test_what_check_refuses_is_not_planned(scheduled: Practice) -> None:
    text = (scheduled.folder / MAILING).read_text("utf-8")
    (scheduled.folder / "mailings/ohne.yaml").write_text(f"{text}\nsignature: niemand\n", "utf-8")
    listed = scheduled("runs", "--planned", "--json")
    document = scheduled.document(listed, ["runs", "--planned"], 3)
    assert {one["mailing"] for one in document["planned"]} == {"einladung"}
    (told,) = document["waiting"]
    assert (told["mailing"], told["exit"]) == ("ohne", 3)
    (line,) = listed.err.splitlines()
    assert "ohne.yaml" in line
    assert "niemand" in line


def test_check_says_when_it_goes_out(scheduled: Practice) -> None:
    (note,) = [one for one in scheduled.json("check", "einladung")["notes"] if "goes out" in one]
    assert "goes out by itself, next on" in note
    scheduled.edit(MAILING, "state: SN", "state: SX")
    (problem,) = scheduled.refused("check", "einladung")
    assert (problem["key"], "SN" in problem["hint"]) == ("holidays.state", True)


def test_an_older_ledger_lets_schedules_wait(scheduled: Practice) -> None:
    with closing(sqlite3.connect(scheduled.folder / "versandbuch.db")) as db, db:
        db.execute("DROP TABLE schedule")
    done = scheduled("resume", "--due")
    assert done.code == 75
    assert len(done.err.splitlines()) == 1
    assert "einladung" in done.err


def test_a_list_whose_ids_change_is_refused_by_check(list_practice: Practice) -> None:
    text = """\
source: table
select: {file: listen/infoabend.csv, columns: {E-Mail: email}, consent_column: Einwilligung}
account: mail
purpose: event
once_per: none
subject: Kurs
text: "Guten Tag von {{Praxis}}"
"""
    mailing = list_practice.folder / "mailings/kurs.yaml"
    mailing.write_text(text, "utf-8")
    list_practice.json("check", "kurs")
    mailing.write_text(f"{text}schedule: daily 09:00\n", "utf-8")
    (problem,) = list_practice.refused("check", "kurs")
    assert "other ids" in problem["message"]


def test_a_schedule_without_a_moment_is_refused(null: Practice) -> None:
    null.edit(MAILING, "purpose:", "schedule: []\npurpose:")
    (problem,) = null.refused("check", "einladung")
    assert (
        problem["message"]
        == "names no moment; write one, as in mon-fri 09:00, or leave the key out"
    )
    assert problem["key"] == "schedule"


def test_a_scheduled_run_that_cannot_go_on_is_no_scheduled_one(
    null: Practice, clock: Clock
) -> None:
    """Its time came when its account was not there any more."""
    clock.set(date(2027, 3, 22))
    null.json("send", null.run, "--yes", "--at", "2027-03-23T06:00", code=75)
    null.edit("serienpost.yaml", "  mail:", "  post:")
    null.edit(MAILING, "account: mail", "account: post")
    clock.set(date(2027, 3, 23))
    done = null("resume", "--due")
    assert done.code == 75
    assert done.err.startswith(f"open: run {null.run}: the run needs the account mail")
