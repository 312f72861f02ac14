"""Sentences in the ledger are said in the language of whoever reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from serienpost import words
from serienpost.ledger.runs import allow_command, find_run
from serienpost.ledger.schema import Sentence, SpokenJson, message, metadata
from serienpost.ledger.schema import run as run_table
from serienpost.ledger.states import MESSAGE_STATES, RUN_MOVES
from serienpost.translation import Texts, speaking

if TYPE_CHECKING:
    from collections.abc import Callable

    Desk = Any

_ = Texts("serienpost.ledger")
_FULL = _("the disk is full")


def test_every_column_for_people_keeps_sentences() -> None:
    keeping = {
        f"{table.name}.{column.name}"
        for table in metadata.tables.values()
        for column in table.c
        if isinstance(column.type, (Sentence, SpokenJson))
    }
    assert keeping == {
        "run.reason_text",
        "run.disclaimer_by",
        "suppression.source",
        "run.header",
        "message.text",
        "message.unreachable",
        "message.consent",
        "message.unmarked",
        "message.override",
        "attempt.text",
        "archive.text",
        "event.text",
        "due.reason",
        "journal.detail",
        "selection.header",
        "selection.reason",
        "selected.unreachable",
        "selected.consent",
        "selected.unmarked",
        "task.question",
        "task.reason",
    }


def test_the_denials_of_an_override_are_said_anew(desk: Desk) -> None:
    desk.add_run("r")
    denials = [{"check": "club", "reason": _FULL}, {"check": "old", "reason": "Ein alter Satz."}]
    desk.add_messages("r", 1, override={"denials": denials, "reason": "gefragt"})
    (row,) = desk.rows(message)
    new, old = row["override"]["denials"]
    with speaking("de"):
        assert str(new["reason"]) == "der Datenträger ist voll"
    assert (new["reason"], old["reason"]) == ("the disk is full", "Ein alter Satz.")


def test_why_a_run_waits_is_said_anew(desk: Desk) -> None:
    desk.add_run("r", state="paused", reason_text=_FULL)
    (row,) = desk.rows(run_table)
    with speaking("de"):
        assert str(row["reason_text"]) == "der Datenträger ist voll"


def test_a_refused_command_names_the_state_by_its_word(desk: Desk) -> None:
    desk.add_run("r", state="prepared")
    with desk.ledger.read() as tx, pytest.raises(Exception, match="is prepared; resume") as caught:
        allow_command(find_run(tx, "r"), "resume")
    with speaking("de"):
        said = str(caught.value)
    assert said == "der Lauf r ist vorbereitet; Fortsetzen geht noch nicht (serienpost send r)"


@pytest.mark.parametrize(
    ("word", "state"),
    [
        *((words.message_state, state) for state in MESSAGE_STATES),
        *((words.run_state, state) for state in RUN_MOVES),
    ],
)
def test_every_state_has_a_word_in_german(word: Callable[[str], str], state: str) -> None:
    with speaking("de"):
        assert str(word(state)) != word(state)
