"""Changes of whole runs in statements of bounded size.

SQLite holds the pages that one statement changes in memory until it ends, not until the transaction
does: a million messages changed by one statement took 900 MiB.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func

from serienpost.ledger.schema import message, practice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from serienpost.ledger.store import Tx

AT_ONCE = 2_000
"""Messages changed by one statement."""


def slices(tx: Tx, run_id: str) -> Iterator[tuple[int, int]]:
    """First and last number of each slice of a run's messages, in order."""
    last = tx.scalar(tx.select(message, func.max(message.c.no)).where(message.c.run == run_id)) or 0
    for first in range(1, last + 1, AT_ONCE):
        yield first, first + AT_ONCE - 1


def lock_once(tx: Tx) -> None:
    """Let no other transaction enter keys of "once" before this one ends: two that enter the same
    keys in another order would wait for each other on PostgreSQL."""
    tx.all(tx.select(practice, practice.c.practice).with_for_update())
