"""A cell of a table: what a person sees in it, and what the file itself says that it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date, datetime, time
    from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell.

    Args:
        text: as a person sees it, stripped.
        value: what the file itself says it is, where it says so.
        fault: why it cannot be taken; the row is then unreachable if the cell is used.
    """

    text: str
    value: datetime | date | time | bool | Decimal | None = None
    fault: str | None = None
