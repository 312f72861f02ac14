"""The only writer of states: each move of a message, run, due date, task or selection is made here.

A move names the states that it starts from. Its statement changes rows in these states alone, under
a new fence, and cannot be built for a move that the tables in `states` do not hold. What happens to
many rows at once is one statement; what each of them becomes stands beside it in the caller.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, update

from serienpost.ledger.schema import due, message, run, selection, task
from serienpost.ledger.states import (
    DUE_MOVES,
    MESSAGE_MOVES,
    OWNED,
    RUN_MOVES,
    SELECTION_MOVES,
    TASK_MOVES,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlalchemy import Column, ColumnElement, Table, Update

    from serienpost.ledger.store import Tx

# The state in which a message comes into the ledger.
NEW_MESSAGE = "planned"

# The state in which a run comes into the ledger.
NEW_RUN = "preparing"

# The state in which a due date comes into the ledger.
NEW_DUE = "open"

# The state in which a task comes into the ledger.
NEW_TASK = "waiting"

# The state in which a selection comes into the ledger.
NEW_SELECTION = "reading"


class ForbiddenMoveError(Exception):
    """A move that the tables do not hold: a bug of whoever asks for it."""


def before(state: str) -> tuple[str, ...]:
    """The states of messages after which this one may come."""
    return tuple(name for name, following in MESSAGE_MOVES.items() if state in following)


def moving(start: str | Collection[str], end: str) -> Update:
    """The change by which messages in one of the states `start` come into the state `end`.

    For statements that are built once; whoever builds them names practice and run. A message that
    leaves the hands of a process belongs to none.

    Raises:
        ForbiddenMoveError: the table of messages does not hold it.
    """
    starts = _checked(MESSAGE_MOVES, start, end)
    statement = update(message).where(_is(message.c.state, starts))
    return statement.values(state=end, fence=message.c.fence + 1, **_released(starts, end))


def moving_each(start: str, end: ColumnElement[str]) -> Update:
    """As `moving`, with an `end` for each message; one that may not follow `start` changes nothing.

    Args:
        start: in the hands of a process.
        end: the new states, in none of which a process holds the message.
    """
    ends = sorted(MESSAGE_MOVES[start].difference(OWNED))
    statement = update(message).where(
        message.c.state == start, or_(*(end == state for state in ends))
    )
    return statement.values(state=end, fence=message.c.fence + 1, owner=None, lease_until=None)


def move_messages(
    tx: Tx,
    run_id: str,
    start: str | Collection[str],
    end: str,
    *which: ColumnElement[bool],
    **values: Any,  # noqa: ANN401
) -> int:
    """Move messages of a run; returns how many.

    Args:
        tx: a transaction.
        run_id: the run.
        start: the states that they may be in; others stay as they are.
        end: the state that they come into.
        which: those of which all this is true.
        values: what else is written.

    Raises:
        ForbiddenMoveError: the table of messages does not hold it.
    """
    return tx.execute(move(tx, run_id, start, end, *which, **values))


def move(
    tx: Tx,
    run_id: str,
    start: str | Collection[str],
    end: str,
    *which: ColumnElement[bool],
    **values: Any,  # noqa: ANN401
) -> Update:
    """The statement of `move_messages`."""
    c = message.c
    mine = c.practice == tx.practice, c.run == run_id
    return moving(start, end).where(*mine, *which).values(updated_at=tx.now, **values)


def move_run(
    tx: Tx,
    run_id: str,
    start: str | Collection[str],
    end: str,
    **values: Any,  # noqa: ANN401
) -> int:
    """Move a run; returns 1, or 0 where it is in another state.

    One that is in the state `end` already may be among those that start: it stays, and what else is
    written is new, as the reason of a pause.

    Raises:
        ForbiddenMoveError: the table of runs does not hold it.
    """
    starts = _checked(RUN_MOVES, start, end, may_stay=True)
    statement = tx.update(run).where(run.c.id == run_id, _is(run.c.state, starts))
    return tx.execute(statement.values(state=end, **values))


def move_due(
    tx: Tx,
    mailing: str,
    day: str,
    start: str | Collection[str],
    end: str,
    *which: ColumnElement[bool],
    **values: Any,  # noqa: ANN401
) -> int:
    """Move a mailing's due date; returns 1, or 0 where it is in another state or not as `which`.

    Nobody prepares it any more, unless `values` say who does.

    Raises:
        ForbiddenMoveError: the table of due dates does not hold it.
    """
    mine = due.c.mailing == mailing, due.c.due == day, *which
    return _moved_from_owner(tx, due, DUE_MOVES, start, end, mine, values)


def move_task(
    tx: Tx,
    task_id: str,
    start: str | Collection[str],
    end: str,
    *which: ColumnElement[bool],
    **values: Any,  # noqa: ANN401
) -> int:
    """Move a task; returns 1, or 0 where it is in another state or not as `which`.

    Nobody works at it any more, unless `values` say who does.

    Raises:
        ForbiddenMoveError: the table of tasks does not hold it.
    """
    mine = task.c.id == task_id, *which
    return _moved_from_owner(tx, task, TASK_MOVES, start, end, mine, values)


def move_selection(
    tx: Tx,
    selection_id: str,
    start: str | Collection[str],
    end: str,
    *which: ColumnElement[bool],
    **values: Any,  # noqa: ANN401
) -> int:
    """Move a selection; returns 1, or 0 where it is in another state or not as `which`.

    Nobody reads it any more, unless `values` say who does.

    Raises:
        ForbiddenMoveError: the table of selections does not hold it.
    """
    mine, values = (selection.c.id == selection_id, *which), {"reason": None, **values}
    return _moved_from_owner(tx, selection, SELECTION_MOVES, start, end, mine, values)


def _moved_from_owner(
    tx: Tx,
    table: Table,
    moves: Mapping[str, frozenset[str]],
    start: str | Collection[str],
    end: str,
    which: Collection[ColumnElement[bool]],
    values: Mapping[str, Any],
) -> int:
    """Move what one process at a time has; nobody has it any more, unless `values` say who."""
    starts = _checked(moves, start, end, may_stay=True)
    statement = tx.update(table).where(_is(table.c.state, starts), *which)
    return tx.execute(statement.values({"state": end, "owner": None, **values}))


def _checked(
    moves: Mapping[str, frozenset[str]],
    start: str | Collection[str],
    end: str,
    *,
    may_stay: bool = False,
) -> tuple[str, ...]:
    starts = (start,) if isinstance(start, str) else tuple(start)
    for state in starts:
        if end not in moves[state] and not (may_stay and state == end):
            raise ForbiddenMoveError(f"{state} -> {end}")
    return starts


def _is(column: Column[str], states: tuple[str, ...]) -> ColumnElement[bool]:
    return column == states[0] if len(states) == 1 else column.in_(states)


def _released(starts: Collection[str], end: str) -> dict[str, None]:
    if end in OWNED or not any(state in OWNED for state in starts):
        return {}
    return {"owner": None, "lease_until": None}
