"""Whom the rows of a run mean: names that the ledger keeps, and those that are read live."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from opened_practice import prepared, released

from serienpost.service import Answers, Run
from serienpost.translation import Text

if TYPE_CHECKING:
    from opened_practice import Practices


YES = Answers(release=True)


def left_out(practices: Practices) -> Run:
    """A released run without the second and the fifth, of whom the ledger has no name any more."""
    practices.write("consent.jsonl", '{"id": "patient:2", "verdict": "deny"}\n')
    run = prepared(practices.open())
    run.mark(exclude=["patient:5"])
    released(run)
    return run


def test_who_was_left_out_has_a_name_that_is_read_when_it_is_asked_for(
    practices: Practices,
) -> None:
    run = left_out(practices)
    page = run.message_page(state="suppressed")
    assert [(one.row, one.name, one.number) for one in page.messages] == [
        ("patient:2", None, None),
        ("patient:5", None, None),
    ]
    names = run.names([one.row for one in page.messages])
    second, fifth = names.named(page.messages)
    assert (second.row, second.number, fifth.row, fifth.number) == (
        *("patient:2", "2", "patient:5", "5"),
    )
    assert second.name
    assert fifth.name
    assert second.name != fifth.name
    assert (second.address, second.state) == (None, "suppressed")
    assert names.problem is None
    marked = run.review(filter="marked").recipients
    assert run.names([one.row for one in marked]).named(marked) == marked
    review = run.review(filter="unmarked").recipients
    assert [one.name for one in names.named(review)] == [second.name, fifth.name]
    for message in run.message_page(state="suppressed").messages:
        assert message.name is None, "nothing is stored of it"


def test_names_in_sentences_stand_for_the_ids(practices: Practices) -> None:
    run = left_out(practices)
    said = Text("serienpost", "same address as {row}", {"row": "patient:5"})
    (name,) = run.names(["patient:5"]).known.values()
    assert str(run.names([], [said, None, "no text of ours"]).said(said)) == (
        f"same address as {name.name}"
    )
    assert run.names([]).said(said) == said


def test_who_is_no_longer_there_has_no_name(practices: Practices) -> None:
    run = left_out(practices)
    practices.write("gone.json", '{"patient:5": "moved away"}')
    names = run.names(["patient:2", "patient:5", "patient:99"])
    assert (set(names.known), names.problem) == ({"patient:2"}, None)


@pytest.mark.parametrize("broken", ["gone.json", "serienpost.yaml"])
def test_a_source_that_cannot_answer_is_said_and_takes_nothing_else_away(
    practices: Practices, broken: str
) -> None:
    run = left_out(practices)
    if broken == "gone.json":
        practices.write(broken, "{")
    else:
        del run.practice.context.registry.sources["null"]
    names = run.names(["patient:1", "patient:2"])
    assert set(names.known) == {"patient:1"}
    assert "null" in (names.problem or "")


def test_whose_names_were_purged_is_not_read_again(practices: Practices) -> None:
    run = left_out(practices)
    run.deliver()
    assert run.names(["patient:2"]).known
    kept = run.practice.context.config.retention.values
    practices.clock.forward(kept.total_seconds() + 3600)
    assert practices.open().purge().values == 1
    names = run.names(["patient:1", "patient:2"])
    assert (names.known, names.problem) == ({}, None)


def test_what_nobody_got_is_one_list(practices: Practices) -> None:
    run = left_out(practices)
    assert run.message_page(state="missed").total == 2
    assert run.status().counts["suppressed"] == 2


def test_where_a_row_stands_among_those_that_go_out(practices: Practices) -> None:
    run = left_out(practices)
    marked = [one.row for one in run.review(filter="marked").recipients]
    assert [run.place(row) for row in marked] == [1, 2, 3, 4]
    assert run.review(3, filter="marked", size=1).recipients[0].row == marked[2]
    assert (run.place("patient:2"), run.place("patient:99")) == (None, None)
