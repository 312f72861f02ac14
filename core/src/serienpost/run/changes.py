"""What people changed in the review: the journal's lines about the marks of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from serienpost.ledger.schema import journal, message
from serienpost.run.approving import find_run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from serienpost.ledger.store import Ledger, Tx

MARKING = frozenset(
    {"prepare", "exclude", "include", "override", "drop override", "same address", "review"}
    | {"next at the address", "not sendable"}
)
"""Actions of the journal that concern the marks; `review` closes a change with its plan hash."""


def mark_changes(ledger: Ledger, run_id: str, zone: ZoneInfo) -> list[dict[str, Any]]:
    """Every change of the marks, the oldest first: who, when (practice time), what, why.

    Raises:
        LedgerError: there is no such run.
    """
    j = journal.c
    row_id = (
        select(message.c.row_id)
        .where(message.c.practice == j.practice, message.c.run == j.run, message.c.no == j.no)
        .scalar_subquery()
    )
    with ledger.read() as tx:
        find_run(tx, run_id)
        statement = tx.select(journal, j.at, j.user, j.action, j.detail, row_id.label("row"))
        found = tx.all(
            statement.where(j.run == run_id, j.action.in_(MARKING)).order_by(j.at, j.action, j.no)
        )
    return [
        {
            "at": line.at.astimezone(zone).isoformat(timespec="seconds"),
            "user": line.user,
            "action": line.action,
            "row": line.row,
            "detail": line.detail,
        }
        for line in found
    ]


def asked_at(tx: Tx, run_id: str, numbers: Sequence[int]) -> datetime | None:
    """When the checks were last asked about these rows in the review."""
    again = tx.scalar(
        tx.select(journal, func.max(journal.c.at)).where(
            journal.c.run == run_id, journal.c.no.in_(numbers), journal.c.action.in_(MARKING)
        )
    )
    prepared: datetime | None = find_run(tx, run_id).prepared_at
    return max(filter(None, (again, prepared)), default=None)
