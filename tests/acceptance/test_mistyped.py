"""What a person gets who asks for nothing there is, and how one thing and several are counted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from serienpost_demo.sms_walk import new_gateway
from serienpost_demo.smscreator import FakeSmsCreator

if TYPE_CHECKING:
    from conftest import Practice


def problem(practice: Practice, *args: str) -> str:
    (found,) = practice.refused(*args)
    return f"{found['message']} ({found['hint']})"


def test_nobody_selected_is_said_with_the_filters(few: Practice) -> None:
    """Was: selected 0, and nothing else."""
    few.edit("mailings/information.yaml", "select: {}", "select: {city: Dresdn}")
    done = few("prepare", "information", "--summary")
    told = " ".join(done.out.split())
    assert done.code == 0
    assert "Nobody was selected: the source patients has nobody with city: Dresdn." in told
    assert "Change select: in the mailing information, then prepare it again" in told
    assert "serienpost sources patients explains the filters" in told


def test_where_to_correct_who_cannot_be_reached(few: Practice) -> None:
    """Was: prepare the mailing again."""
    said = problem(few, "review", few.run, "--include", "patient:3")
    assert "patient:3 is not reachable: There is no e-mail address on record." in said
    assert "correct the e-mail address of patient:3 (email) where the source patients" in said


def test_columns_and_accounts_that_there_are(few: Practice) -> None:
    named = few.json("review", few.run, "--sort", "Name")["recipients"]
    assert named == few.json("review", few.run, "--sort", "name")["recipients"]
    assert few.json("review", few.run, "--sort", "-Erlaubt")["recipients"]
    said = problem(few, "review", few.run, "--sort", "Vorname")
    assert "one of row, number, name, address, occasion, reachable, allowed, marked" in said
    assert "did you mean 'mail'?" in problem(few, "events", "Mail")
    assert "there is: brief, grid, mail, sms" in problem(few, "events", "zzz")
    said = problem(few, "prepare", "information", "--account", "zzz")
    assert "there is: brief, grid, mail, sms" in said


def test_a_test_speaks_of_its_own_kind(demo: Practice) -> None:
    """Was: --to is no SMS address, and of one that left: look into the mailbox."""
    run = demo.json("prepare", "kurznachricht", "--summary")["run"]
    said = problem(demo, "test", run, "--to", "x@example.org")
    assert said.startswith("the test's address cannot be reached by SMS: ")
    with FakeSmsCreator(new_gateway()) as fake:
        demo.edit("serienpost.yaml", "127.0.0.1:2526", f"127.0.0.1:{fake.port}")
        done = demo("test", run, "--to", "+49 1512 3456789")
    assert done.code == 0, done.err
    assert done.out == "accepted; look at the phone\n"


@pytest.mark.parametrize("number", [1, 2])
def test_one_is_not_several(null: Practice, number: int) -> None:
    null.env["SERIENPOST_LANG"] = "en"  # as it is laid out in English
    null.edit("mailings/einladung.yaml", "count: 40", f"count: {number}")
    run = null.json("prepare", "einladung", "--summary")["run"]
    for args in (("review", run), ("send", run, "--yes"), ("show", run), ("report", run)):
        done = null(*args)
        assert done.code == 0, done.err
        assert not re.search(r"\b1 (messages|people|rows|runs|pages|e-mails)\b", done.out), done.out
    assert ("cost       1 message\n" in null("review", run).out) is (number == 1)
