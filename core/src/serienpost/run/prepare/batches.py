"""The rows of all sources of a run or a selection, batch by batch, their values typed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from serienpost.contracts.rows import Row
from serienpost.errors import SerienpostError, UnavailableError
from serienpost.run.prepare.typed_fields import typed_rows
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from serienpost.ledger.reviewed import ReviewedRows
    from serienpost.ledger.store import Ledger
    from serienpost.run.prepare.people import People

_ = Texts(__name__)


class Batch(NamedTuple):
    """Rows of one block of a selection, and how many rows came before them."""

    block: int
    before: int
    rows: Sequence[Row]


def batches(
    people: People,
    ledger: Ledger,
    into: ReviewedRows,
    now: datetime,
    *,
    must_answer: bool = False,
) -> Iterator[Batch]:
    """The rows that are asked for, each once and up to the limit.

    Args:
        people: whose sources are read.
        ledger: the practice's ledger.
        into: where whoever asks writes each batch before the next one.
        now: when they are read.
        must_answer: what a source raises that is no error of ours means that it cannot answer.

    Raises:
        SourceError: a source cannot deliver.
        UnavailableError: only with `must_answer`.
    """
    number, limit, several = 0, people.header.limit, len(people.blocks) > 1
    found = _typed(people, now)
    for block, rows in _answered(found) if must_answer else found:
        new = _not_yet(ledger, into, rows) if several else rows
        if limit is not None:
            new = new[: max(0, limit - number)]
        yield Batch(block, number, new)
        number += len(new)
        if limit is not None and number >= limit:
            return


def _typed(people: People, now: datetime) -> Iterator[tuple[int, Sequence[Row]]]:
    registry = people.context.registry
    for index, block in enumerate(people.blocks):
        name = block.source.name
        request = people.request(block, now)
        answer = block.source.rows(people.context, block.selection, request)
        given: Iterable[object] = registry.answered("sources", name, "rows", answer, Iterable)
        for batch in given:
            rows: Sequence[Row] = registry.answered("sources", name, "rows", batch, (list, tuple))
            for row in rows:
                registry.answered("sources", name, "rows", row, Row)
            yield index, typed_rows(rows, people.context.zone)


def _answered(
    found: Iterator[tuple[int, Sequence[Row]]],
) -> Iterator[tuple[int, Sequence[Row]]]:
    """The batches; a source that fails otherwise than with an error of ours cannot answer.

    Raises:
        UnavailableError: with the kind of the error alone, whose text may name a person.
    """
    while True:
        try:
            batch = next(found, None)
        except SerienpostError:
            raise
        except Exception as error:
            why = type(error).__name__
            raise UnavailableError(_("the source cannot answer: {why}", why=why)) from error
        if batch is None:
            return
        yield batch


def _not_yet(ledger: Ledger, into: ReviewedRows, rows: Sequence[Row]) -> list[Row]:
    """Rows that an earlier block has not selected already."""
    row_id = into.table.c.row_id
    mine = into.of_these, row_id.in_([row.id for row in rows])
    with ledger.read() as tx:
        known = {row.row_id for row in tx.all(tx.select(into.table, row_id).where(*mine))}
    return [row for row in rows if row.id not in known]
