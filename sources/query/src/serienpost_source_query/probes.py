"""What `doctor` asks about the tables that queries read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost import ProbeResult, SerienpostError, Texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from serienpost import Context

_ = Texts(__name__)


def views_made_of(context: Context) -> Iterator[ProbeResult]:
    """The views that a query may read, of which nobody can tell whether they ask for the day."""
    from serienpost_practice_db.database import PracticeDb
    from serienpost_source_query.statement import readable_tables

    try:
        db = PracticeDb.of(context)
        unreadable = db.definitions(readable_tables(context, db)).unreadable
    except SerienpostError:
        return  # the database's own probe says why
    for name in unreadable:
        yield ProbeResult(
            True,
            _(
                "what {view} is made of cannot be read, so a query of it that asks for the present "
                "day is not kept from another; grant the account of the database SHOW VIEW",
                view=name,
            ),
        )
