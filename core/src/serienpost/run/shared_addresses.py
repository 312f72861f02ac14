"""`same_address: one`: of the marked rows at one address the first in order stays marked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, select

from serienpost.ledger.schema import message

if TYPE_CHECKING:
    from serienpost.ledger.store import Tx

_AT_ONCE = 10_000


def unmark_same_address(tx: Tx, run_id: str) -> None:
    """Keep the first marked row of each address and name it in the reason of the others."""
    c = message.c
    kept = func.first_value(c.row_id).over(partition_by=c.address_hash, order_by=c.no)
    rank = func.row_number().over(partition_by=c.address_hash, order_by=c.no)
    ranked = (
        select(c.no, kept.label("kept"), rank.label("rank"))
        .where(c.practice == tx.practice, c.run == run_id, c.marked)
        .subquery()
    )
    later = select(ranked.c.no, ranked.c.kept).where(ranked.c.rank > 1).limit(_AT_ONCE)
    values = unmarked_for("")
    change = (
        tx.update(message)
        .where(c.run == run_id, c.no == bindparam("b_no"))
        .values(
            {name: bindparam(f"b_{name}", type_=message.c[name].type) for name in values},
        )
    )
    while found := tx.all(later):
        rows = [
            {"b_no": row.no, **{f"b_{name}": v for name, v in unmarked_for(row.kept).items()}}
            for row in found
        ]
        tx.execute(change, rows)


def unmarked_for(kept: str) -> dict[str, Any]:
    """The columns of a row that goes without because `kept` has the same address."""
    reason = f"gleiche Adresse wie {kept}"
    return unmarked_columns({"code": "same_address", "reason": reason, "includable": False})


def unmarked_columns(unmarked: dict[str, Any] | None, text: str | None = None) -> dict[str, Any]:
    """The columns of a row that does not go out: no values, nothing of a message, the reason.

    Args:
        unmarked: why a row that is allowed is left out, None for one that is not allowed.
        text: the sentence for the record, else the reason in `unmarked`.
    """
    nothing = dict.fromkeys(("macro_values", "content_hash", "message_id", "cost", "evidence"))
    reason = text or (unmarked or {}).get("reason")
    return {**nothing, "marked": False, "unmarked": unmarked, "text": reason}
