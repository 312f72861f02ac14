"""Look for a person who asks: in the ledger and in sources, with nothing kept of the search."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from opened_practice import prepared

from serienpost.ledger.schema import journal, selected, selection
from serienpost.service.persons import MOST_PERSONS

if TYPE_CHECKING:
    from serienpost import Practice

BLOCKS = [{"source": "null"}]


def test_by_id_number_and_part_of_a_name(practice: Practice) -> None:
    run = prepared(practice)
    one = next(row for row in run.recipients() if row.name)
    assert one.name
    for words in (one.id, one.name):
        found = practice.find_persons(words)
        (meant,) = (each for each in found.persons if each.id == one.id)
        assert (meant.name, meant.is_known) == (one.name, True)
    for words in (one.name.upper(), one.name.lower(), one.name[1:4].swapcase()):
        assert one.id in [each.id for each in practice.find_persons(words).persons]
    assert practice.find_persons("nobody has this name").persons == ()
    assert practice.find_persons("%").persons == ()


def test_who_is_in_the_practice_alone_is_found_and_nothing_is_kept(practice: Practice) -> None:
    found = practice.find_persons("nobody has this name", BLOCKS)
    assert found.persons
    assert len(found.persons) <= MOST_PERSONS
    assert {one.is_known for one in found.persons} == {False}
    assert found.problems == ()
    with practice.ledger.read() as tx:
        assert [tx.all(tx.select(table)) for table in (selection, selected, journal)] == [[]] * 3


def test_a_practice_that_does_not_answer_leaves_what_was_sent(practice: Practice) -> None:
    run = prepared(practice)
    one = next(iter(run.recipients()))
    found = practice.find_persons(one.id, [{"source": "no such source"}])
    assert [each.id for each in found.persons] == [one.id]
    assert found.problems


@pytest.mark.parametrize("words", ["patient:1", "patient"])
def test_who_was_erased_is_found_no_more(practice: Practice, words: str) -> None:
    prepared(practice)
    practice.erase_person("patient:1")
    assert "patient:1" not in [one.id for one in practice.find_persons(words).persons]
