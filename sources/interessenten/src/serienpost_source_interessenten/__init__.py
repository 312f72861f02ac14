"""Recipients from the table of Interessenten: people who enquired but are no patients.

The source `interessenten` reads through `serienpost-practice-db`; `selection` says what can be
asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from serienpost import hookimpl
from serienpost_source_interessenten.source import InteressentenSource

if TYPE_CHECKING:
    from serienpost import Source


@hookimpl
def serienpost_sources() -> list[Source[Any]]:
    """Register `interessenten`."""
    return [InteressentenSource()]
