"""One process at a time finishes a run; another one waits until it is done or gone."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sqlalchemy import func

from serienpost.errors import LedgerError
from serienpost.ledger.owners import is_dead
from serienpost.ledger.schema import message, run
from serienpost.ledger.states import OPEN
from serienpost.run.approving import find_run, lock_run

if TYPE_CHECKING:
    from serienpost.ledger.store import Ledger, Tx

FINISHING = ("sending", "cancelled")
"""States of a run in which something may follow its last message."""

WAIT_SECONDS = 60.0
"""How long another process may take to finish a run before this one gives up."""

_LOOK_SECONDS = 0.1


class BusyError(LedgerError):
    """Another living process works on the run."""

    def __init__(self, run_id: str, owner: str, doing: str) -> None:
        process = owner.partition("-")[0]
        super().__init__(f"run {run_id} is already being {doing} by process {process}")


def begin_finishing(ledger: Ledger, run_id: str, owner: str) -> bool:
    """Write down that this process finishes a run of which nothing is open.

    Nothing is left by a process that dies: what counts is whether the named owner lives.

    Args:
        ledger: the practice's ledger.
        run_id: the run.
        owner: the owner id under whose lock this process works.

    Returns:
        Whether there is something to finish.

    Raises:
        BusyError: a living process finishes the run and takes longer than `WAIT_SECONDS`.
    """
    until = time.monotonic() + WAIT_SECONDS
    while True:
        with ledger.read() as tx:
            holder = find_run(tx, run_id).owner
        if holder is None or is_dead(ledger, holder):
            with ledger.begin("finishing") as tx:
                row = lock_run(tx, run_id)
                if row.state not in FINISHING or count_open(tx, run_id):
                    return False
                if row.owner == holder:
                    tx.execute(tx.update(run).where(run.c.id == run_id).values(owner=owner))
                    return True
        elif time.monotonic() > until:
            raise BusyError(run_id, holder, "finished")
        else:
            time.sleep(_LOOK_SECONDS)


def count_open(tx: Tx, run_id: str) -> int:
    """How many messages of a run are still to be dealt with."""
    still = tx.select(message, func.count()).where(
        message.c.run == run_id, message.c.state.in_(OPEN)
    )
    return int(tx.scalar(still))
