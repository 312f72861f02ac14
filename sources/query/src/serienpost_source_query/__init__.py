"""Recipients by database query over patients or Interessenten.

The source `query` reads people through `serienpost-practice-db`, by the ids that a SELECT of the
practice returns; `statement` checks the SELECT and writes what is run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from serienpost import Settings, hookimpl
from serienpost_source_query.probes import views_made_of
from serienpost_source_query.settings import KEY, QueryTables
from serienpost_source_query.source import QuerySource

if TYPE_CHECKING:
    from serienpost import Source


@hookimpl
def serienpost_sources() -> list[Source[Any]]:
    """Register `query`."""
    return [QuerySource()]


@hookimpl
def serienpost_settings() -> list[Settings]:
    """Claim `query_tables`."""
    return [Settings(KEY, QueryTables, probe=views_made_of)]
