"""How people name rows, runs and mailings: taken where it is certain, else told what to write."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Practice

MARKED = "patient:2"


def rename(practice: Practice, row: str, name: str) -> None:
    """Let the review show a row under another name."""
    with closing(sqlite3.connect(practice.folder / "versandbuch.db")) as ledger, ledger:
        ledger.execute("UPDATE message SET name = ? WHERE row_id = ?", (name, row))


def is_marked(practice: Practice, row: str = MARKED) -> bool:
    rows = practice.json("review", practice.run)["recipients"]
    return next(bool(one["marked"]) for one in rows if one["row"] == row)


def problem(practice: Practice, *args: str) -> str:
    """What is said of the one thing that is wrong, with its hint."""
    (found,) = practice.refused(*args)
    return f"{found['message']} ({found['hint']})"


# Rows


@pytest.mark.parametrize(
    "name",
    [
        "Quastenflosser",
        "quastenflosser",
        "Ute Quastenflosser",
        "Quastenflosser, Ute",
        "Patient:2",
        "PATIENT:2",
        "p0000002",
    ],
)
def test_a_row_is_named_as_people_do(few: Practice, name: str) -> None:
    """Was: has no row Quastenflosser (an id is written as in patient:Quastenflosser)."""
    rename(few, MARKED, "Dr. Ute Quastenflosser")
    assert is_marked(few)
    few.json("review", few.run, "--exclude", name, "--summary")
    assert not is_marked(few)
    (story,) = few.json("show", few.run, "--recipient", name)["messages"]
    assert story["row"] == MARKED


def test_a_name_that_several_bear_names_nobody(few: Practice) -> None:
    rename(few, MARKED, "Ute Vogel")
    rename(few, "patient:1", "Martin Vogel")
    said = problem(few, "review", few.run, "--exclude", "Vogel")
    assert "patient:1, patient:2" in said
    assert "Vogel" not in said
    few.json("review", few.run, "--exclude", "Vogel, Ute", "--summary")
    assert is_marked(few, "patient:1")
    assert not is_marked(few)


@pytest.mark.parametrize("name", ["Quastenflosser", "a@example.org", "patient:Quastenflosser"])
@pytest.mark.parametrize(
    "command", [("review", "--exclude"), ("review", "--explain"), ("show", "--recipient")]
)
def test_who_is_not_there_is_not_said_again(
    few: Practice, name: str, command: tuple[str, str]
) -> None:
    said = problem(few, command[0], few.run, command[1], name)
    assert name not in said
    assert "number, an id as in patient:17, its beginning, or a name" in said


def test_a_name_is_in_no_log_and_no_notice(few: Practice) -> None:
    rename(few, MARKED, "Ute Quastenflosser")
    done = few("test", few.run, "--to", "praxis@example.org", "--recipient", "Quastenflosser")
    assert done.code == 0
    assert f"the data of {MARKED} goes" in done.err
    few.json("review", few.run, "--exclude", "Quastenflosser", "--summary")
    history = few("review", few.run, "--history").out
    assert "Quastenflosser" not in done.out + done.err + history
    with closing(sqlite3.connect(few.folder / "versandbuch.db")) as ledger:
        assert "Quastenflosser" not in str(ledger.execute("SELECT * FROM journal").fetchall())


def test_an_override_takes_a_whole_id_in_any_capitals(few: Practice) -> None:
    assert "whole id" in problem(
        few, "review", few.run, "--override", "Klose", "--reason", "asked for"
    )
    few.json("review", few.run, "--exclude", MARKED, "--summary")
    said = problem(few, "review", few.run, "--override", "Patient:2", "--reason", "asked for")
    assert "is allowed; there is nothing to override" in said


def test_nobody_is_taken_for_another_by_what_they_call_themselves(few: Practice) -> None:
    rename(few, MARKED, "patient:999 7777777")
    for name in ("7777777", "patient:999"):
        assert "has no row" in problem(few, "review", few.run, "--exclude", name)
    assert is_marked(few)


# Runs


def test_a_run_in_capitals(few: Practice) -> None:
    few.env["SERIENPOST_LANG"] = "en"  # as it is laid out in English
    capitals = few.run.upper()
    assert few.json("review", capitals, "--summary")["run"] == few.run
    assert few.json("preview", capitals)["run"] == few.run
    assert f"run      {few.run}" in few("report", capitals).out
    assert few.json("send", capitals, "--yes")["run"] == few.run
    assert few.json("show", capitals)["state"] == "finished"


@pytest.mark.parametrize("name", ["information", "Information", "mailings/information.yaml"])
@pytest.mark.parametrize("command", ["review", "send", "report", "show"])
def test_a_mailing_where_a_run_is_asked_leads_to_its_runs(
    few: Practice, name: str, command: str
) -> None:
    assert f"information is a mailing; its runs, the newest first: {few.run}" in problem(
        few, command, name
    )


def test_the_beginning_of_a_run_leads_to_it(few: Practice) -> None:
    assert f"did you mean {few.run}?" in problem(few, "show", few.run[:-1])
    assert "serienpost runs lists them" in problem(few, "show", "x")


# Mailings


@pytest.mark.parametrize(
    "name",
    [
        "information",
        "information.yaml",
        "information.yml",
        "mailings/information",
        "mailings/information.yaml",
        "praxis/mailings/information",
        "./mailings/information.yaml",
        "Information",
        "INFORMATION.yaml",
        "mailings/Information.yaml",
    ],
)
def test_a_mailing_is_named_as_people_do(few: Practice, name: str) -> None:
    """Was: there is no such file, for all but three of these."""
    assert few.json("check", name)["mailing"] == "information"


def test_what_is_no_mailing_is_told_what_there_is(few: Practice) -> None:
    assert "did you mean 'information'?" in problem(few, "check", "mailings/informaton")
    assert "did you mean 'information'?" in problem(few, "check", "informaton.yaml")
    assert f"serienpost show {few.run}" in problem(few, "check", few.run)
