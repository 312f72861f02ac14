"""The suppression list's rows: keyed hashes of addresses, with reason and origin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from serienpost.ledger.schema import suppression

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Row

    from serienpost.ledger.store import Tx


def suppress(tx: Tx, kind: str, address_hash: str, reason: str, source: str) -> int:
    """Put an address on the list; returns 1, or 0 where it stands there already."""
    found = tx.first(
        tx.select(suppression, suppression.c.kind).where(
            suppression.c.kind == kind, suppression.c.address_hash == address_hash
        )
    )
    if found:
        return 0
    entry = {"kind": kind, "address_hash": address_hash, "reason": reason, "source": source}
    tx.insert(suppression, [{**entry, "since": tx.now}])
    return 1


def release(tx: Tx, kind: str, address_hash: str) -> int:
    """Take an address off the list; returns how many entries went."""
    return tx.execute(
        tx.delete(suppression).where(
            suppression.c.kind == kind, suppression.c.address_hash == address_hash
        )
    )


def entries(tx: Tx) -> Sequence[Row[Any]]:
    """The whole list, the newest first."""
    return tx.all(tx.select(suppression).order_by(suppression.c.since.desc()))
