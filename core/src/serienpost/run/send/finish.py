"""What follows a run's last message: files, records, the state. One process at a time does it.

Another one waits until that is done or gone.
"""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, or_

from serienpost.contracts.channels import HasFinish
from serienpost.errors import SerienpostError, StillOpenError
from serienpost.ledger.owners import is_dead
from serienpost.ledger.runs import find_run, lock_run
from serienpost.ledger.schema import message, run
from serienpost.ledger.states import FINISHING, OPEN
from serienpost.ledger.transitions import move_run
from serienpost.run.send.archive import queue_entries, store_entries
from serienpost.run.send.parts import generation_of
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Select

    from serienpost.ledger.store import Ledger, Tx
    from serienpost.run.prepare.renderer import RunRenderer

_ = Texts(__name__)

# How long another process may take to finish a run before this one gives up.
WAIT_SECONDS = 60.0

_LOOK_SECONDS = 0.1


class BusyError(StillOpenError):
    """Another living process works on the run.

    Args:
        run_id: the run.
        owner: the owner id of that process.
        finishes: whether it finishes the run, or still delivers it.
    """

    def __init__(self, run_id: str, owner: str, *, finishes: bool = False) -> None:
        process = owner.partition("-")[0]
        super().__init__(
            _(
                "run {run} is already being finished by process {process}",
                run=run_id,
                process=process,
            )
            if finishes
            else _(
                "run {run} is already being delivered by process {process}",
                run=run_id,
                process=process,
            )
        )


class IncompleteError(StillOpenError):
    """All messages of a run are dealt with, but what follows them cannot be made now."""


def complete(renderer: RunRenderer, ledger: Ledger, run_id: str, owner: str) -> None:
    """Finish a run of which nothing is open.

    A cancelled one stays cancelled, but what was accepted before counts as sent: it is in a file
    and in the records too. Done again, it changes nothing.

    Args:
        renderer: the run's frozen header and files.
        ledger: the practice's ledger.
        run_id: the run.
        owner: the owner id under whose lock this process works.

    Raises:
        BusyError: another process finishes it and does not come to an end.
        IncompleteError: what the channel makes of its parts cannot be made.
    """
    if begin_finishing(ledger, run_id, owner):
        files = _files(renderer, ledger, run_id)
        if _record(renderer, ledger, run_id, owner, files):
            store_entries(renderer, ledger, run_id)


def _files(renderer: RunRenderer, ledger: Ledger, run_id: str) -> list[str]:
    context, channel = renderer.context, renderer.channel
    answered = partial(context.registry.answered, "channels", channel.name, "finish")
    if not isinstance(channel, HasFinish):
        return []
    try:
        made = channel.finish(context, renderer.account, generation_of(ledger, run_id))
    except SerienpostError as error:
        raise IncompleteError(*error.problems) from error
    paths: Sequence[object] = answered(made, (list, tuple))
    return [str(answered(path, Path)) for path in paths]


def _record(
    renderer: RunRenderer, ledger: Ledger, run_id: str, owner: str, files: list[str]
) -> bool:
    with ledger.begin("finish") as tx:
        row = lock_run(tx, run_id)
        if row.owner != owner or row.state not in FINISHING or count_open(tx, run_id):
            return False
        queue_entries(renderer.context, tx, row)
        kept = [file for file in row.files or [] if file not in files]
        made = {"files": [*kept, *files] or None, "owner": None}
        tx.execute(tx.update(run).where(run.c.id == run_id).values(**made))
        if row.state == "sending":
            ended = {"finished_at": tx.now, "reason": None, "reason_text": None}
            move_run(tx, run_id, "sending", "finished", **ended)
    return True


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
            raise BusyError(run_id, holder, finishes=True)
        else:
            time.sleep(_LOOK_SECONDS)


def count_open(tx: Tx, run_id: str) -> int:
    """How many messages of a run are still to be dealt with."""
    still = tx.select(message, func.count()).where(
        message.c.run == run_id, message.c.state.in_(OPEN)
    )
    return int(tx.scalar(still))


def cancelled_runs_to_settle(tx: Tx) -> Select[Any]:
    """Ids of cancelled runs of which something is open, or whose parts are in no file yet."""
    c = message.c
    in_parts = and_(c.state == "accepted", c.part.is_not(None), run.c.files.is_(None))
    return (
        tx.select(run, run.c.id)
        .join(message, and_(c.practice == run.c.practice, c.run == run.c.id))
        .where(run.c.state == "cancelled", or_(c.state.in_(OPEN), in_parts))
        .distinct()
    )
