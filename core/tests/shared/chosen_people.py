"""People chosen through the service: a source whose people change, and what is read of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opened_practice import ROWS

from serienpost.ledger.schema import selected
from serienpost_testkit.null.source import NullSource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import Table

    from serienpost import Context, Practice, Row, RowRequest
    from serienpost.service import Run, Selection
    from serienpost_testkit.null.source import NullSelection

DENIED = '{"id": "patient:2", "verdict": "deny"}\n'


class Watched(NullSource):
    """The made-up people, who change, and what was asked of each."""

    def __init__(self) -> None:
        self.requests: list[RowRequest] = []
        self.missing: set[str] = set()
        self.unreachable: set[str] = set()
        self.failure: Exception | None = None
        self.while_reading: Callable[[], object] = lambda: None

    def rows(
        self, context: Context, selection: NullSelection, request: RowRequest
    ) -> Iterator[Sequence[Row]]:
        self.requests.append(request)
        for batch in super().rows(context, selection, request):
            self.while_reading()
            yield [self._now(row) for row in batch if row.id not in self.missing]
            if self.failure:
                raise self.failure

    def _now(self, row: Row) -> Row:
        if row.id in self.unreachable:
            return row._replace(unreachable=("lost", "nobody knows where"), place="row 7")
        return row


def chosen(practice: Practice, *blocks: dict[str, Any], **how: object) -> Selection:
    asked = [{"source": "null", **one} for one in blocks or ({"count": ROWS},)]
    keys: dict[str, Any] = {"account": "mail", "purpose": "event", **how}
    return practice.select(asked, **keys)


def marked(one: Selection) -> list[str]:
    page = one.page(filter="marked", size=100)
    return [row.row.removeprefix("patient:") for row in page.recipients]


def rows_of(practice: Practice, table: Table = selected) -> list[dict[str, Any]]:
    with practice.ledger.read() as tx:
        found = tx.all(tx.select(table).order_by(*table.primary_key))
    return [dict(row._mapping) for row in found]


def codes(run: Run) -> dict[str, str | None]:
    return {
        row.row.removeprefix("patient:"): (row.unmarked or {}).get("code")
        for row in run.recipients()
        if not row.marked
    }
