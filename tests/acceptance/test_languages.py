"""One run, read in German, English and the language of tests; who reads says which."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Practice

NO_ADDRESS, NO, CHILD = "patient:3", "patient:14", "patient:20"
WORDS = {
    "en": ("There is no e-mail address on record.", "The master data say no to contact by e-mail."),
    "de": (
        "Es ist keine E-Mail-Adresse eingetragen.",
        "In den Stammdaten steht „Kontakt erlaubt“ für E-Mail auf nein.",
    ),
    "qps": (
        "⟦There is no e-mail address on record.⟧",
        "⟦The master data say no to contact by ⟦e-mail⟧.⟧",
    ),
}


def speaking(practice: Practice, language: str, **environment: str) -> None:
    practice.env |= {"SERIENPOST_LANG": language, **environment}


def rows(practice: Practice) -> dict[str, dict[str, Any]]:
    return {row["row"]: row for row in practice.json("review", practice.run)["recipients"]}


def denial(row: dict[str, Any]) -> dict[str, Any]:
    (found,) = (answer for answer in row["consent"] if answer["verdict"] == "deny")
    return dict(found)


@pytest.mark.parametrize("prepared_in", ["en", "de"])
def test_a_run_is_read_in_the_readers_language_whoever_prepared_it(
    demo: Practice, prepared_in: str
) -> None:
    speaking(demo, prepared_in)
    demo.edit("mailings/information.yaml", "select: {}", f"exclude: [{CHILD}]\nselect: {{}}")
    demo.run = demo.json("prepare", "information")["run"]
    stored = json.dumps([dict(row) for row in demo.messages().values()])
    assert not any(words in stored for words in WORDS["de"])
    told = {}
    for language, (missing, denied) in WORDS.items():
        speaking(demo, language)
        found = rows(demo)
        assert found[NO_ADDRESS]["unreachable_code"] == "missing"
        assert found[NO_ADDRESS]["unreachable_reason"] == missing
        said = denial(found[NO])
        assert said["code"] == "flag_no"
        assert said["reason"] == denied
        parameters = found[NO_ADDRESS]["unreachable_parameters"]
        told[language] = [parameters, found[CHILD]["unmarked"]["code"]]
        shown = " ".join(demo("review", demo.run).out.split())
        assert missing in shown
        assert missing in " ".join(demo("review", demo.run, "--explain", NO_ADDRESS).out.split())
    assert told["en"] == told["de"] == told["qps"] == [{}, "excluded"]


def test_the_plan_is_the_same_in_each_language(demo: Practice) -> None:
    plans = set()
    for language in WORDS:
        speaking(demo, language)
        plans.add(demo.json("review", demo.run, "--summary")["plan_hash"])
    assert len(plans) == 1


def test_parameters_are_those_of_the_sentence(demo: Practice) -> None:
    demo.edit("mailings/information.yaml", "select: {}", "same_address: one\nselect: {}")
    demo.run = demo.json("prepare", "information", "--summary")["run"]
    shared = [
        row["unmarked"]
        for row in rows(demo).values()
        if row["unmarked"] and row["unmarked"]["code"] == "same_address"
    ]
    assert shared
    for unmarked in shared:
        assert unmarked["reason"] == f"same address as {unmarked['parameters']['row']}"


def test_sentences_of_an_older_ledger_are_shown_as_they_are(demo: Practice) -> None:
    old = '["missing", "Es war keine Adresse eingetragen."]'
    with closing(sqlite3.connect(demo.folder / "versandbuch.db")) as ledger, ledger:
        ledger.execute("UPDATE message SET unreachable = ? WHERE row_id = ?", (old, NO_ADDRESS))
    for language in WORDS:
        speaking(demo, language)
        found = rows(demo)[NO_ADDRESS]
        assert found["unreachable_reason"] == "Es war keine Adresse eingetragen."
        assert found["unreachable_parameters"] == {}


@pytest.mark.parametrize("language", WORDS)
def test_what_was_held_back_while_sending_is_told_in_each_language(
    demo: Practice, language: str
) -> None:
    (last,) = list(rows(demo))[-1:]
    speaking(demo, "de")
    marked = [row for row, found in rows(demo).items() if found["marked"]]
    demo.change("UPDATE patient SET kontakt_email = 'nein' WHERE id = ?", int(marked[0][8:]))
    demo.json("send", demo.run, "--yes")
    speaking(demo, language)
    (told,) = demo.json("show", demo.run, "--recipient", marked[0])["messages"]
    assert (told["code"], told["text"]) == ("flags.flag_no", WORDS[language][1])
    assert last in rows(demo)


def test_a_command_that_runs_by_itself_speaks_as_the_practice(demo: Practice) -> None:
    speaking(demo, "", LANG="en_US.UTF-8", LC_ALL="")
    assert rows(demo)[NO_ADDRESS]["unreachable_reason"] == WORDS["de"][0]
    path = demo.folder / "serienpost.yaml"
    path.write_text(f"language: en\n{path.read_text('utf-8')}", "utf-8")
    assert rows(demo)[NO_ADDRESS]["unreachable_reason"] == WORDS["en"][0]


def test_a_language_may_be_named_for_one_command(demo: Practice) -> None:
    done = demo("--lang", "de", "review", demo.run)
    assert done.code == 0
    assert WORDS["de"][0] in " ".join(done.out.split())
    speaking(demo, "en")
    done = demo("--lang=xx", "review", demo.run)
    assert done.code == 2
    assert "no language xx; one of en, de" in done.err


@pytest.mark.parametrize("language", ["xx", "fr_FR", "C"])
def test_an_environment_without_an_offered_language_is_english(
    demo: Practice, language: str
) -> None:
    speaking(demo, language)
    assert rows(demo)[NO_ADDRESS]["unreachable_reason"] == WORDS["en"][0]


def test_a_practice_has_an_offered_language(demo: Practice) -> None:
    path = demo.folder / "serienpost.yaml"
    path.write_text(f"language: klingon\n{path.read_text('utf-8')}", "utf-8")
    (problem,) = demo.refused("runs")
    assert (problem["key"], problem["line"]) == ("language", 1)
    assert problem["message"] == "there is no such language; one of en, de"
    speaking(demo, "de")
    (problem,) = demo.refused("runs")
    assert problem["message"] == "diese Sprache gibt es nicht; möglich: en, de"


def test_help_is_in_the_readers_language(demo: Practice) -> None:
    for args in (["--help"], ["suppress", "--help"], ["suppress", "add", "--help"]):
        speaking(demo, "qps")
        shown = demo(*args).out
        assert "⟦Usage:⟧" in shown
        speaking(demo, "de")
        shown = demo(*args).out
        assert shown.startswith("Aufruf: ")
        assert "Diese Hilfe zeigen." in shown
        speaking(demo, "en")
        assert re.match("Usage: ", demo(*args).out)
    speaking(demo, "de")
    assert "Die Option '--rubbish' gibt es nicht." in demo("runs", "--rubbish").err
