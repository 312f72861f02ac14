"""The suppression list's rows: keyed hashes of addresses, with reason and origin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from serienpost.ledger.schema import suppression

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Row

    from serienpost.ledger.store import Tx


def reason_of(tx: Tx, kind: str, address_hash: str) -> str | None:
    """Why an address is on the list; None where it is not."""
    found: str | None = tx.scalar(
        tx.select(suppression, suppression.c.reason).where(
            suppression.c.kind == kind, suppression.c.address_hash == address_hash
        )
    )
    return found


def suppress(tx: Tx, kind: str, address_hash: str, reason: str, source: str) -> int:
    """Put an address on the list; returns 1, or 0 where it stands there already."""
    if reason_of(tx, kind, address_hash) is not None:
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
