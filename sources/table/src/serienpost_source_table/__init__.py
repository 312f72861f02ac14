"""Recipients from a file: CSV or XLSX.

The source `table` reads the file and, for rows with an id, the practice's database; the check
`column` finds the permission of the others in a column of the same file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from serienpost import hookimpl
from serienpost_source_table.check import ColumnCheck
from serienpost_source_table.source import TableSource

if TYPE_CHECKING:
    from serienpost import ConsentCheck, Source


@hookimpl
def serienpost_sources() -> list[Source[Any]]:
    """Register `table`."""
    return [TableSource()]


@hookimpl
def serienpost_consent_checks() -> list[ConsentCheck]:
    """Register `column`."""
    return [ColumnCheck()]
