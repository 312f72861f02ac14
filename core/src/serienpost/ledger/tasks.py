"""Tasks: what a worker is asked to do, taken up by one process, ended.

One process at a time is at a task, under an owner's lock that the system drops with it. One whose
owner is dead is begun again from the start. It ends in the transaction that writes what came of it,
and only if its owner still has it; so each has one end, wherever a process dies.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import case, null

from serienpost.errors import Exit, LedgerError
from serienpost.ledger.owners import is_dead, ownership
from serienpost.ledger.schema import task
from serienpost.ledger.states import OPEN_TASK
from serienpost.ledger.transitions import NEW_TASK, move_task
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from sqlalchemy import ColumnElement

    from serienpost.ledger.store import Ledger, Tx

_ = Texts(__name__)

# So many processes may die at a task before it is given up.
TRIES = 3

# So long a task that is over can be looked at.
KEPT = timedelta(days=7)

# So long a test may wait for a worker: nobody looks for it any more after that.
TEST_WAITS = timedelta(hours=1)


class TaskRow(NamedTuple):
    """A task, as `schema.task` describes it."""

    id: str
    what: str
    selection: str | None
    draft: str | None
    version: int | None
    detail: Mapping[str, Any] | None
    asked_by: str
    asked_at: datetime
    state: str
    owner: str | None
    tries: int
    done: int
    run: str | None
    question: Mapping[str, Any] | None
    exit: int | None
    reason: str | None
    ended_at: datetime | None


class NotWantedError(Exception):
    """The task is no longer this process's: somebody cancelled it, or has taken it over."""


_TASK = [task.c[name] for name in TaskRow._fields]

# What is written at the end of a task: the address of a test is not kept.
_ENDED = {"detail": case((task.c.what == "test", null()), else_=task.c.detail)}


def enter_task(ledger: Ledger, task_id: str, asked_by: str, asked: Mapping[str, Any]) -> None:
    """Ask for something; where a task has the id already, that is the one.

    Args:
        ledger: the practice's ledger.
        task_id: its id.
        asked_by: who asks, as an actor.
        asked: the columns that say for what.

    Raises:
        LedgerError: the ledger is an older one, which cannot hold it.
    """
    with ledger.begin("ask", counted=False) as tx:
        tx.require(task)
        new = {"id": task_id, "state": NEW_TASK, "tries": 0, "done": 0}
        tx.insert_new(task, [{**asked, **new, "asked_by": asked_by, "asked_at": tx.now}])


def find_task(tx: Tx, task_id: str) -> TaskRow:
    """The task of this id.

    Raises:
        LedgerError: there is none, or the ledger is too old to hold any.
    """
    tx.require(task)
    found = tx.first(tx.select(task, *_TASK).where(task.c.id == task_id))
    if found is None:
        raise LedgerError(_("there is no task {task}", task=task_id))
    return TaskRow._make(found)


def newest_tasks(tx: Tx, limit: int) -> list[TaskRow]:
    """The tasks that were asked last, the newest first."""
    return _newest(tx, limit)


def newest_of(tx: Tx, what: str, limit: int) -> list[TaskRow]:
    """The tasks that ask for this, however they stand, the one asked last first."""
    return _newest(tx, limit, task.c.what == what)


def newest_task(tx: Tx, what: str, *states: str) -> TaskRow | None:
    """The task that was asked last for this among those in these states."""
    found = _newest(tx, 1, task.c.what == what, task.c.state.in_(states))
    return next(iter(found), None)


def newest_reading(tx: Tx, selection_id: str) -> TaskRow | None:
    """The task that was asked last to read a selection."""
    mine = task.c.what == "read", task.c.selection == selection_id
    return next(iter(_newest(tx, 1, *mine)), None)


def _newest(tx: Tx, limit: int, *which: ColumnElement[bool]) -> list[TaskRow]:
    """So many of these tasks, the one asked last first; none in an older ledger."""
    if not tx.has(task):
        return []
    found = tx.select(task, *_TASK).where(*which).order_by(task.c.asked_at.desc(), task.c.id)
    return list(map(TaskRow._make, tx.all(found.limit(limit))))


def open_tasks(tx: Tx) -> list[TaskRow]:
    """The tasks that are not over, the oldest first; the ledger has the table."""
    found = tx.select(task, *_TASK).where(task.c.state.in_(OPEN_TASK))
    return list(map(TaskRow._make, tx.all(found.order_by(task.c.asked_at, task.c.id))))


def is_free(ledger: Ledger, row: TaskRow) -> bool:
    """Whether a process may take up a task: nobody is at it, or whoever was is dead."""
    return row.owner is None or is_dead(ledger, row.owner)


@contextmanager
def taken(ledger: Ledger, row: TaskRow) -> Iterator[str | None]:
    """Let this process alone do a task, as it was read, for as long as the block runs.

    Gives the owner's id; None where another process was quicker, or the task is over. One at which
    processes died too often is given up here.

    Raises:
        LedgerError: see `ownership`.
    """
    same = (
        task.c.tries == row.tries,
        task.c.owner == row.owner if row.owner else task.c.owner.is_(None),
    )
    if row.tries >= TRIES:
        with ledger.begin("task", counted=False) as tx:
            reason = _(
                "the worker died at it {n} times; serienpost.log may say why, or the log of the"
                " system where memory was short",
                n=row.tries,
            )
            ended = {**_ENDED, "exit": Exit.BUG, "reason": reason, "ended_at": tx.now}
            move_task(tx, row.id, "working", "failed", *same, **ended)
        yield None
        return
    with ownership(ledger) as owner:
        with ledger.begin("take", counted=False) as tx:
            begun = {"owner": owner, "tries": row.tries + 1, "done": 0}
            mine = move_task(tx, row.id, OPEN_TASK, "working", *same, **begun)
        yield owner if mine else None


def is_wanted(tx: Tx, task_id: str, owner: str) -> bool:
    """Whether this owner is to go on."""
    mine = task.c.id == task_id, task.c.state == "working", task.c.owner == owner
    return tx.first(tx.select(task, task.c.id).where(*mine)) is not None


def note_done(ledger: Ledger, task_id: str, owner: str, done: int) -> None:
    """Write down how many rows are done."""
    with ledger.begin("task", counted=False) as tx:
        mine = task.c.owner == owner
        move_task(tx, task_id, "working", "working", mine, owner=owner, done=done)


def end_task(tx: Tx, task_id: str, owner: str, end: str, **came: Any) -> None:  # noqa: ANN401
    """End a task as its owner, in the transaction that writes what came of it.

    Args:
        tx: this transaction.
        task_id: the task.
        owner: of `taken`.
        end: `done` or `failed`.
        came: what came of it, by column.

    Raises:
        NotWantedError: it is not this owner's any more; the transaction is to be undone.
    """
    mine = task.c.owner == owner
    ended = {**_ENDED, "ended_at": tx.now, **came}
    if not move_task(tx, task_id, "working", end, mine, **ended):
        raise NotWantedError


def close_task(
    ledger: Ledger,
    task_id: str,
    owner: str,
    end: str,
    **came: Any,  # noqa: ANN401
) -> None:
    """As `end_task`, where nothing else is written."""
    with ledger.begin("task", counted=False) as tx:
        end_task(tx, task_id, owner, end, **came)


def leave_task(ledger: Ledger, task_id: str, owner: str) -> None:
    """Leave a task to another process, as if this one had never begun it."""
    with ledger.begin("task", counted=False) as tx:
        as_before = {"tries": task.c.tries - 1, "done": 0}
        move_task(tx, task_id, "working", "waiting", task.c.owner == owner, **as_before)


def cancel_task(ledger: Ledger, task_id: str) -> None:
    """A person wants it no more; one that is over stays as it is.

    Raises:
        LedgerError: there is none.
    """
    with ledger.begin("task", counted=False) as tx:
        find_task(tx, task_id)
        move_task(tx, task_id, OPEN_TASK, "cancelled", **_ENDED, ended_at=tx.now)


def note_left(tx: Tx, task_id: str, owner: str) -> None:
    """Write down, in the transaction after which a test may leave, that it may have left.

    Raises:
        NotWantedError: as for `end_task`.
    """
    if not move_task(tx, task_id, "working", "working", task.c.owner == owner, owner=owner, done=1):
        raise NotWantedError


def open_tests(tx: Tx) -> list[TaskRow]:
    """Tests that are not over, with the address to which they go."""
    return [row for row in open_tasks(tx) if row.what == "test"] if tx.has(task) else []


def forget_test(tx: Tx, row: TaskRow) -> None:
    """Cancel a test, and forget its address."""
    move_task(tx, row.id, OPEN_TASK, "cancelled", **_ENDED, ended_at=tx.now)


def forget_ended(tx: Tx) -> None:
    """Remove tasks that were over long ago, and the addresses of tests that nobody sent."""
    if tx.has(task):
        tx.execute(tx.delete(task).where(task.c.ended_at < tx.now - KEPT))
    for row in open_tests(tx):
        if row.asked_at < tx.now - TEST_WAITS:
            forget_test(tx, row)
