"""What is wrong in a ledger that opens: damage, processes that are gone, doubts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, text

from serienpost.errors import LedgerError
from serienpost.ledger.owners import is_dead
from serienpost.ledger.schema import message, run
from serienpost.ledger.states import OWNED, RELEASED

if TYPE_CHECKING:
    from serienpost.ledger.store import Ledger

# The check of a file stops after so many.
MOST_DAMAGES = 10


def damage(ledger: Ledger) -> int:
    """How many damages SQLite finds in the ledger's file; 0 on PostgreSQL, whose server checks.

    SQLite names tables and row numbers with them, no contents.
    """
    if ledger.engine.dialect.name != "sqlite":
        return 0
    try:
        with ledger.read() as tx:
            found = tx.connection.execute(text(f"PRAGMA integrity_check({MOST_DAMAGES})")).all()
    except LedgerError:  # some damages do not even let it look
        return 1
    return sum(row[0] != "ok" for row in found)


def abandoned_runs(ledger: Ledger) -> list[str]:
    """Runs on which a process worked that is gone now."""
    working = run.c.state.in_((*RELEASED, "cancelled"))
    with ledger.read() as tx:
        held = tx.all(
            tx.select(message, message.c.run, message.c.owner)
            .where(
                message.c.run.in_(tx.select(run, run.c.id).where(working)),
                message.c.state.in_(OWNED),
            )
            .distinct()
        )
        preparing = tx.all(
            tx.select(run, run.c.id, run.c.owner).where(
                run.c.state == "preparing", run.c.owner.is_not(None)
            )
        )
    owners = {(row.run, row.owner) for row in held} | {(row.id, row.owner) for row in preparing}
    return sorted({name for name, owner in owners if is_dead(ledger, owner)})


def doubts(ledger: Ledger) -> list[tuple[str, int]]:
    """Runs with messages in doubt, and how many."""
    with ledger.read() as tx:
        counted = tx.select(message, message.c.run, func.count(message.c.no).label("doubts"))
        rows = tx.all(counted.where(message.c.state == "in_doubt").group_by(message.c.run))
    return [(row.run, row.doubts) for row in rows]
