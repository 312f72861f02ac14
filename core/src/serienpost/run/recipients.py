"""The rows of a run as the review shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func

from serienpost.ledger.schema import message
from serienpost.run.approving import find_run
from serienpost.run.plan import count_plan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Row

    from serienpost.ledger.store import Ledger


def summary(ledger: Ledger, run_id: str) -> dict[str, Any]:
    """The documented head of `prepare --json` and `review --json`."""
    with ledger.read() as tx:
        row = find_run(tx, run_id)
        counts = count_plan(tx, run_id)
        cost = _cost(tx, run_id)
    return {
        "run": run_id,
        "mailing": row.mailing,
        "kind": row.kind,
        "account": row.account,
        "plan_hash": row.plan_hash,
        "counts": counts,
        "cost": cost,
    }


def reasons(ledger: Ledger, run_id: str) -> list[tuple[str, int]]:
    """Why rows are not marked, with how many, the most frequent first."""
    found: dict[str, int] = {}
    with ledger.read() as tx:
        c = message.c
        rows = tx.select(message, c.unreachable, c.consent, c.allowed, c.unmarked)
        for row in tx.stream(rows.where(c.run == run_id, c.marked.is_(False))):
            reason = why_not(row)
            found[reason] = found.get(reason, 0) + 1
    return sorted(found.items(), key=lambda item: -item[1])


def why_not(row: Any) -> str:  # noqa: ANN401
    """One sentence why a row is not marked."""
    if row.unreachable:
        return str(row.unreachable[1])
    if not row.allowed:
        return denial(row.consent or [])
    return str(row.unmarked["reason"]) if row.unmarked else ""


def denial(answers: list[dict[str, Any]]) -> str:
    """The sentence of the first check that denies, or that none allowed."""
    for answer in answers:
        if answer["verdict"] == "deny":
            return f"{answer['check']}: {answer['reason']}"
    return "keine Prüfung hat eine Erlaubnis gefunden"


def recipients(ledger: Ledger, run_id: str) -> Iterator[dict[str, Any]]:
    """Each row in its documented form, read as it is used."""
    with ledger.read() as tx:
        statement = tx.select(message).where(message.c.run == run_id).order_by(message.c.no)
        for row in tx.stream(statement):
            yield recipient(row)


def recipient(row: Row[Any]) -> dict[str, Any]:
    """One row of the review."""
    cost = dict(row.cost) if row.cost else None
    if cost:
        amount = cost.pop("amount")
        unit = cost.pop("unit")
        cost = {**cost, unit: amount} if unit != "messages" else None
    return {
        "row": row.row_id,
        "id": row.person,
        "occasion": row.occasion,
        "number": row.number,
        "name": row.name,
        "address": row.address,
        "reachable": row.unreachable is None,
        "unreachable_reason": row.unreachable[1] if row.unreachable else None,
        "allowed": row.allowed,
        "consent": row.consent or [],
        "marked": row.marked,
        "unmarked": row.unmarked,
        "cost": cost,
    }


def _cost(tx: Any, run_id: str) -> dict[str, Any]:  # noqa: ANN401
    c = message.c
    marked = (c.run == run_id, c.marked)
    unit = tx.scalar(tx.select(message, c.cost["unit"].as_string()).where(*marked).limit(1))
    total = tx.scalar(tx.select(message, func.sum(c.cost["amount"].as_float())).where(*marked))
    if unit is None:
        total = tx.scalar(tx.select(message, func.count()).where(*marked))
    return {"unit": unit or "messages", "total": total or 0, "balance": None}
