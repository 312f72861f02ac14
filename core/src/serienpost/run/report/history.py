"""What the ledger knows: runs, messages, what one person got and why."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import case, func, select

from serienpost.ledger.runs import count_states, find_rows, find_run
from serienpost.ledger.schema import attempt, event, journal, message, run

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from zoneinfo import ZoneInfo

    from sqlalchemy import Row

    from serienpost.ledger.store import Ledger, Tx


def list_runs(ledger: Ledger, limit: int) -> list[dict[str, Any]]:
    """The newest runs with their counts."""
    with ledger.read() as tx:
        rows = tx.all(tx.select(run).order_by(run.c.created_at.desc()).limit(limit))
        return [
            {
                "run": row.id,
                "mailing": row.mailing,
                "due": row.due,
                "kind": row.kind,
                "account": row.account,
                "state": row.state,
                "reason": row.reason,
                "counts": count_states(tx, row.id),
            }
            for row in rows
        ]


def messages_of(
    ledger: Ledger, run_id: str, *, first: tuple[str, ...] = ()
) -> Iterator[dict[str, Any]]:
    """Each message in its documented form, read as it is used; those in `first` states first."""
    c = message.c
    rank = [case((c.state.in_(first), 0), else_=1)] if first else []
    with ledger.read() as tx:
        statement = tx.select(message).where(c.run == run_id).order_by(*rank, c.no)
        for row in tx.stream(statement):
            yield message_json(row)


def message_json(row: Row[Any]) -> dict[str, Any]:
    """One message of `show --json`."""
    return {
        "row": row.row_id,
        "id": row.person,
        "state": row.state,
        "basis": row.basis,
        "attempts": row.attempts,
        "ref": row.ref,
        "message_id": row.message_id,
        "provider_ref": row.provider_ref,
        "code": row.code,
        "text": row.text,
    }


def biography(ledger: Ledger, run_id: str, row_id: str, zone: ZoneInfo) -> list[dict[str, Any]]:
    """What a person got in a run, when, on which consent, released by whom.

    Raises:
        LedgerError: the run or the row does not exist.
    """
    with ledger.read() as tx:
        run_row = find_run(tx, run_id)
        found = []
        for row in find_rows(tx, run_id, row_id):
            attempts = tx.all(
                tx.select(attempt)
                .where(attempt.c.run == run_id, attempt.c.no == row.no)
                .order_by(attempt.c.attempt)
            )
            decisions = tx.all(
                tx.select(journal)
                .where(journal.c.run == run_id, journal.c.no == row.no)
                .order_by(journal.c.at)
            )
            reports = tx.all(
                tx.select(event)
                .where(event.c.run == run_id, event.c.no == row.no)
                .order_by(event.c.at, event.c.id)
            )
            found.append(
                {
                    **message_json(row),
                    "mailing": run_row.mailing,
                    "title": run_row.title,
                    "kind": run_row.kind,
                    "purpose": run_row.purpose,
                    "sent_at": _iso(row.sent_at, zone),
                    "evidence": row.evidence,
                    "override": row.override,
                    "content_hash": row.content_hash,
                    "approved_by": run_row.approved_by,
                    "approved_at": _iso(run_row.approved_at, zone),
                    "log": [
                        _plain(a, "attempt started_at outcome stage code text", zone)
                        for a in attempts
                    ],
                    "decisions": [_plain(d, "at user action detail", zone) for d in decisions],
                    "reports": [_plain(r, "at kind code text", zone) for r in reports],
                }
            )
    return found


def _plain(row: Row[Any], names: str, zone: ZoneInfo) -> dict[str, Any]:
    values = row._mapping  # SQLAlchemy's documented access by name
    return {
        name: _iso(values[name], zone) if isinstance(values[name], datetime) else values[name]
        for name in names.split()
    }


def _iso(moment: datetime | None, zone: ZoneInfo) -> str | None:
    return moment.astimezone(zone).isoformat(timespec="seconds") if moment else None


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
