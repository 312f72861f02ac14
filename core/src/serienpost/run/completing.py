"""What follows a run's last message: the channel's files, and entries in the persons' records."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, or_

from serienpost.contracts.channels import HasFinish
from serienpost.errors import Exit, SerienpostError
from serienpost.ledger.schema import message, run
from serienpost.ledger.states import OPEN
from serienpost.run.approving import lock_run
from serienpost.run.archiving import queue_entries, store_entries
from serienpost.run.finishing import FINISHING, begin_finishing, count_open
from serienpost.run.parts import edition_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Select

    from serienpost.ledger.store import Ledger, Tx
    from serienpost.run.blueprint import Blueprint


class IncompleteError(SerienpostError):
    """All messages of a run are dealt with, but what follows them cannot be made now."""

    exit_code = Exit.OPEN


def complete(blueprint: Blueprint, ledger: Ledger, run_id: str, owner: str) -> None:
    """Finish a run of which nothing is open.

    A cancelled one stays cancelled, but what was accepted before counts as sent: it is in a file
    and in the records too. Done again, it changes nothing.

    Args:
        blueprint: the run's frozen header and files.
        ledger: the practice's ledger.
        run_id: the run.
        owner: the owner id under whose lock this process works.

    Raises:
        BusyError: another process finishes it and does not come to an end.
        IncompleteError: what the channel makes of its parts cannot be made.
    """
    if begin_finishing(ledger, run_id, owner):
        files = _files(blueprint, ledger, run_id)
        if _record(blueprint, ledger, run_id, owner, files):
            store_entries(blueprint, ledger, run_id)


def _files(blueprint: Blueprint, ledger: Ledger, run_id: str) -> list[str]:
    context, channel = blueprint.context, blueprint.channel
    answered = partial(context.registry.answered, "channels", channel.name, "finish")
    if not isinstance(channel, HasFinish):
        return []
    try:
        made = channel.finish(context, blueprint.account, edition_of(ledger, run_id))
    except SerienpostError as error:
        raise IncompleteError(*error.problems) from error
    paths: Sequence[object] = answered(made, (list, tuple))
    return [str(answered(path, Path)) for path in paths]


def _record(
    blueprint: Blueprint, ledger: Ledger, run_id: str, owner: str, files: list[str]
) -> bool:
    with ledger.begin("finish") as tx:
        row = lock_run(tx, run_id)
        if row.owner != owner or row.state not in FINISHING or count_open(tx, run_id):
            return False
        queue_entries(blueprint.context, tx, row)
        kept = [file for file in row.files or [] if file not in files]
        values: dict[str, Any] = {"files": [*kept, *files] or None, "owner": None}
        if row.state == "sending":
            values |= {
                "state": "finished",
                "finished_at": tx.now,
                "reason": None,
                "reason_text": None,
            }
        where = run.c.id == run_id, run.c.state == row.state
        tx.execute(tx.update(run).where(*where).values(**values))
    return True


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


def open_count(ledger: Ledger, run_id: str) -> int:
    """How many messages of a run are still to be dealt with."""
    with ledger.read() as tx:
        return count_open(tx, run_id)
