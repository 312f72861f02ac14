"""The plan hash: one value for what was reviewed, so that nothing else can be approved."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from sqlalchemy import func

from serienpost.ledger.schema import message, run
from serienpost.run.header import Header

if TYPE_CHECKING:
    from serienpost.ledger.store import Tx


def write_plan_hash(tx: Tx, run_id: str) -> str:
    """Compute the hash over the header and every row in order, and store it with the run."""
    value = compute_plan_hash(tx, run_id)
    tx.execute(tx.update(run).where(run.c.id == run_id).values(plan_hash=value))
    return value


def compute_plan_hash(tx: Tx, run_id: str) -> str:
    """SHA-256 over the run header and one line per row: row id, keyed address hash, content hash,
    marked, override."""
    header = Header.from_json(tx.scalar(tx.select(run, run.c.header).where(run.c.id == run_id)))
    total = hashlib.sha256(header.digest_line())
    c = message.c
    rows = tx.select(message, c.row_id, c.address_hash, c.content_hash, c.marked, c.override)
    for row in tx.stream(rows.where(c.run == run_id).order_by(c.no)):
        total.update(json.dumps(list(row), ensure_ascii=False, sort_keys=True).encode() + b"\n")
    return total.hexdigest()


def count_plan(tx: Tx, run_id: str) -> dict[str, int]:
    """How many rows were selected, are reachable, allowed, marked."""
    c = message.c
    row = tx.first(
        tx.select(
            message,
            func.count().label("selected"),
            func.count().filter(c.unreachable.is_(None)).label("reachable"),
            func.count().filter(c.allowed).label("allowed"),
            func.count().filter(c.marked).label("marked"),
        ).where(c.run == run_id)
    )
    assert row is not None  # noqa: S101  # an aggregate always has a row
    return {name: row._mapping[name] for name in ("selected", "reachable", "allowed", "marked")}
