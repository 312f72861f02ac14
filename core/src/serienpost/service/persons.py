"""Look for a person who asks what is known, without keeping anything of the search."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from serienpost.config.mailing_file import check_choice
from serienpost.documents import Record
from serienpost.errors import Problem, SerienpostError
from serienpost.ledger.persons import NamedPerson, known_persons, named_persons
from serienpost.ledger.reviewed import rows_of_selection
from serienpost.run.prepare.batches import batches
from serienpost.run.prepare.choose import check_hits
from serienpost.run.prepare.review import row_columns

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from serienpost.service.opened import OpenedPractice

# People of one search.
MOST_PERSONS = 50


@dataclass(frozen=True, slots=True)
class FoundPerson(Record):
    """Somebody whom a search found.

    Args:
        id: as in `patient:17`.
        number: of the practice program, where it is known.
        name: likewise.
        is_known: whether the ledger has a message to the person, or the person in a selection.
    """

    id: str
    number: str | None
    name: str | None
    is_known: bool


@dataclass(frozen=True, slots=True)
class FoundPersons:
    """What a search found.

    Args:
        persons: at most `MOST_PERSONS`.
        is_cut: there are more.
        problems: why the practice's data could not be looked through; the ledger was.
    """

    persons: tuple[FoundPerson, ...]
    is_cut: bool
    problems: tuple[Problem, ...]


def find_persons(
    practice: OpenedPractice, words: str, blocks: Sequence[Mapping[str, Any]]
) -> FoundPersons:
    """See `Practice.find_persons`."""
    most = MOST_PERSONS + 1
    with practice.ledger.read() as tx:
        found = {one.person: one for one in named_persons(tx, words, most)}
    problems: tuple[Problem, ...] = ()
    try:
        for one in _in_sources(practice, blocks, most):
            found[one.person] = one
    except SerienpostError as error:
        problems = tuple(error.problems)
    shown = sorted(found.values(), key=lambda one: (one.name or "", one.person))[:MOST_PERSONS]
    with practice.ledger.read() as tx:
        known = known_persons(tx, [one.person for one in shown])
    persons = tuple(
        FoundPerson(one.person, one.number, one.name, one.person in known) for one in shown
    )
    return FoundPersons(persons, len(found) > MOST_PERSONS, problems)


def _in_sources(
    practice: OpenedPractice, blocks: Sequence[Mapping[str, Any]], most: int
) -> Iterator[NamedPerson]:
    """Who is in the practice's data, source by source, so that nothing is written to tell whom an
    earlier one had."""
    ledger = practice.ledger
    for block in blocks:
        keys = {"select": [dict(block)], "order_by": [], "limit": most}
        mailing = check_choice(practice.context, keys)
        people = check_hits(practice.context, mailing, practice.today())
        for batch in batches(people, ledger, rows_of_selection(""), ledger.clock()):
            for row in batch.rows:
                told = row_columns(row, batch.block, 0)
                yield NamedPerson(told["person"], told["number"], told["name"])
