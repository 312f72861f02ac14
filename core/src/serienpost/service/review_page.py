"""Pages of a review, of a run or of a selection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from serienpost.documents import Record
from serienpost.run.report.recipients import page_of
from serienpost.service.opened import MOST_ROWS
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement

    from serienpost.ledger.reviewed import ReviewedRows
    from serienpost.ledger.store import Ledger
    from serienpost.run.report.answers import Recipient

_ = Texts(__name__)


@dataclass(frozen=True, slots=True)
class ReviewPage(Record):
    """A page of the review.

    Args:
        total: rows that the filter leaves.
        pages: of the size asked for.
    """

    page: int
    pages: int
    total: int
    recipients: tuple[Recipient, ...]


def review_page(
    ledger: Ledger,
    rows: ReviewedRows,
    page: int,
    size: int,
    sort: str | None,
    which: Sequence[ColumnElement[bool]],
) -> ReviewPage:
    """One page of a review.

    Raises:
        SerienpostError: there is no such column.
        ValueError: no such page, or a size that is none.
    """
    refuse_page(page, size)
    total, found = page_of(ledger, rows, page, size, sort, which)
    return ReviewPage(page, max(1, -(-total // size)), total, found)


def refuse_page(page: int, size: int) -> None:
    """Make sure that there may be such a page.

    Raises:
        ValueError: no such page, or a size that is none.
    """
    if not (1 <= page <= MOST_ROWS and 1 <= size <= MOST_ROWS):
        raise ValueError(_("pages and their sizes are numbers from 1 to {most}", most=MOST_ROWS))
