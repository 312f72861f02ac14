"""Rows that a review shows, whether they are those of a run or of a selection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from serienpost.ledger.schema import message, selected

if TYPE_CHECKING:
    from sqlalchemy import Column, ColumnElement, Table


@dataclass(frozen=True, slots=True)
class ReviewedRows:
    """Where the rows of one review are: the table, its column that names whose they are, and
    whose."""

    table: Table
    owner: Column[str]
    id: str

    @property
    def of_these(self) -> ColumnElement[bool]:
        """The condition on the table that leaves these rows."""
        return self.owner == self.id


def rows_of_run(run_id: str) -> ReviewedRows:
    """The rows of a run."""
    return ReviewedRows(message, message.c.run, run_id)


def rows_of_selection(selection_id: str) -> ReviewedRows:
    """The rows of a selection."""
    return ReviewedRows(selected, selected.c.selection, selection_id)
