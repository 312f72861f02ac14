"""The suppression list's rows: keyed hashes of addresses, with reason and origin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func

from serienpost.ledger.schema import event, suppression

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import Row, Select

    from serienpost.ledger.store import Tx

# How the source of an entry begins that a provider's report made; its id follows.
EVENT = "event "


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
    return tx.all(_newest(tx))


def entries_page(tx: Tx, page: int, size: int) -> tuple[int, Sequence[Row[Any]]]:
    """How many entries the list has, and those of one page from 1, the newest first."""
    total = tx.scalar(tx.select(suppression, func.count()))
    return total or 0, tx.all(_newest(tx).limit(size).offset((page - 1) * size))


def entry_of(tx: Tx, kind: str, address_hash: str) -> Row[Any] | None:
    """The entry of an address; None where it is not on the list."""
    c = suppression.c
    mine = tx.select(suppression).where(c.kind == kind, c.address_hash == address_hash)
    return tx.first(mine)


def reports(tx: Tx, sources: Collection[str]) -> dict[str, Row[Any]]:
    """What providers reported, by the source of the entries that came of it; without those whose
    run is purged."""
    ids = [one.removeprefix(EVENT) for one in sources if one.startswith(EVENT)]
    found = tx.all(tx.select(event).where(event.c.id.in_(ids))) if ids else []
    return {f"{EVENT}{row.id}": row for row in found}


def _newest(tx: Tx) -> Select[Any]:
    c = suppression.c
    return tx.select(suppression).order_by(c.since.desc(), c.kind, c.address_hash)
