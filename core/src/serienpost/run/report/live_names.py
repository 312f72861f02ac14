"""Whom rows mean, for people who look at them: the name that the ledger keeps, else that of the
source, read when it is asked for and stored nowhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from serienpost import words
from serienpost.contracts.rows import RowRequest
from serienpost.errors import SerienpostError, UnavailableError, cause_of
from serienpost.ledger.runs import find_run
from serienpost.ledger.schema import message
from serienpost.run.prepare.people import DISPLAY_FIELDS, People
from serienpost.run.prepare.plan import Header
from serienpost.run.prepare.review import current_states, display_name, number_of
from serienpost.run.report.answers import NamedMessage, Recipient
from serienpost.translation import mapped, parameters

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import Row

    from serienpost.context import PracticeContext
    from serienpost.ledger.store import Ledger

# Somebody waits for a page meanwhile.
_SECONDS = 5.0

# A row that a page shows.
R = TypeVar("R", NamedMessage, Recipient)


class RowName(NamedTuple):
    """Whom a row means."""

    number: str | None
    name: str


@dataclass(frozen=True, slots=True)
class RowNames:
    """Whom rows mean, by their ids.

    Args:
        rows: of the run, of those that were asked for.
        known: who is neither purged nor erased, and still there where the ledger keeps no name.
        problem: why a source could not say it now; None where all did.
    """

    rows: frozenset[str]
    known: Mapping[str, RowName]
    problem: str | None = None

    def named(self, rows: Sequence[R]) -> tuple[R, ...]:
        """The rows with number and name where the ledger keeps none."""
        return tuple(self._named(row) for row in rows)

    def name(self, row_id: str) -> str:
        """Whom a row means, or what can be said of that by its id."""
        found = self.known.get(row_id)
        return (found and found.name) or words.person(row_id)

    def said(self, text: str) -> str:
        """A sentence with the names of the rows that it names by their ids."""
        return mapped(text, lambda value: self.name(value) if value in self.rows else value)

    def _named(self, row: R) -> R:
        found = self.known.get(row.row)
        if row.name is not None or found is None:
            return row
        return row._replace(number=found.number, name=found.name)


def ids_within(texts: Iterable[str | None]) -> set[str]:
    """What may be the id of a row in sentences that name rows."""
    values = (one for text in texts for one in parameters(text).values())
    return {one for one in values if isinstance(one, str)}


def row_names(
    context: PracticeContext, ledger: Ledger, run_id: str, row_ids: Collection[str]
) -> RowNames:
    """Whom rows of a run mean; each source is asked once about all of its own.

    Of a run whose values are purged nothing is read: its names were to go.

    Raises:
        LedgerError: there is no such run.
    """
    if not row_ids:
        return RowNames(frozenset(), {})
    c = message.c
    columns = c.row_id, c.block, c.person, c.occasion, c.occasion_at, c.number, c.name
    with ledger.read() as tx:
        run = find_run(tx, run_id)
        found = tx.all(tx.select(message, *columns).where(c.run == run_id, c.row_id.in_(row_ids)))
    known = {row.row_id: RowName(row.number, row.name) for row in found if row.name is not None}
    unnamed = [row for row in found if row.name is None]
    rows = frozenset(row.row_id for row in found)
    if not unnamed or run.purged_at:
        return RowNames(rows, known)
    try:
        for one in _read(People(context, Header.from_json(run.header)), unnamed):
            known |= one
    except SerienpostError as error:
        return RowNames(rows, known, error.sentence)
    return RowNames(rows, known)


def _read(people: People, rows: Sequence[Row[Any]]) -> Iterator[dict[str, RowName]]:
    """The names that each source knows, one source after the other."""
    try:
        blocks = people.blocks
    except SerienpostError:
        raise
    except Exception as error:
        raise UnavailableError(cause_of(error)) from error
    for index, block in enumerate(blocks):
        mine = [row for row in rows if row.block == index]
        if mine:
            request = RowRequest(DISPLAY_FIELDS & block.offers, people.due)
            states = current_states(people.context, block, mine, request, seconds=_SECONDS)
            yield {
                row.row_id: RowName(number_of(state.fields), display_name(state.fields))
                for row, state in zip(mine, states, strict=True)
                if state.fields
            }
