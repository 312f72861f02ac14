"""Runs and their rows in the ledger: find, lock, allow a command, pause, count."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_

from serienpost.errors import LedgerError
from serienpost.ledger.rows import MESSAGE, RUN, MessageRow, RunRow
from serienpost.ledger.schema import message, run
from serienpost.ledger.states import COMMANDS, PAUSE_REASONS, RELEASED
from serienpost.ledger.transitions import move_run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Select

    from serienpost.ledger.store import Tx


def find_run(tx: Tx, run_id: str) -> RunRow:
    """The run of this id.

    Raises:
        LedgerError: there is none.
    """
    return _found(tx, tx.select(run, *RUN).where(run.c.id == run_id), run_id)


def lock_run(tx: Tx, run_id: str) -> RunRow:
    """The run of this id, which no other process changes before this transaction ends.

    Raises:
        LedgerError: there is none.
    """
    return _found(tx, tx.select(run, *RUN).where(run.c.id == run_id).with_for_update(), run_id)


def _found(tx: Tx, statement: Select[Any], run_id: str) -> RunRow:
    row = tx.first(statement)
    if row is None:
        raise LedgerError(f"there is no run {run_id}", hint="serienpost runs lists them")
    return RunRow._make(row)


def allow_command(row: RunRow, command: str) -> None:
    """Refuse a command that makes no sense in the run's state.

    Raises:
        LedgerError: naming the state.
    """
    if row.state not in COMMANDS[command]:
        hint = f"serienpost send {row.id}" if row.state == "prepared" else None
        since = "yet" if row.state in ("preparing", "prepared") else "any more"
        raise LedgerError(
            f"run {row.id} is {row.state}; {command} is not possible {since}", hint=hint
        )


def set_paused(tx: Tx, run_id: str, reason: str, text: str, until: datetime | None = None) -> None:
    """Pause a released run, or give one that is paused another reason.

    Raises:
        KeyError: nobody would know what ends such a pause.
    """
    PAUSE_REASONS[reason]
    move_run(tx, run_id, RELEASED, "paused", reason=reason, reason_text=text, until=until)


def find_rows(tx: Tx, run_id: str, row_id: str) -> list[MessageRow]:
    """The message of this row id, or all messages of this person id.

    Raises:
        LedgerError: the run has no such row.
    """
    c = message.c
    found = tx.all(
        tx.select(message, *MESSAGE)
        .where(c.run == run_id, or_(c.row_id == row_id, c.person == row_id))
        .order_by(c.no)
    )
    if not found:
        hint = None if ":" in row_id else f"an id is written as in patient:{row_id}"
        raise LedgerError(f"run {run_id} has no row {row_id}", hint=hint)
    return list(map(MessageRow._make, found))


def count_states(tx: Tx, run_id: str) -> dict[str, int]:
    """Messages per state."""
    rows = tx.all(
        tx.select(message, message.c.state, func.count().label("n"))
        .where(message.c.run == run_id)
        .group_by(message.c.state)
    )
    return {row.state: row.n for row in rows}


def count_overridden(tx: Tx, run_id: str) -> int:
    """How many marked messages somebody marked although a check denies them."""
    c = message.c
    overridden = c.run == run_id, c.marked, c.override.is_not(None)
    return int(tx.scalar(tx.select(message, func.count()).where(*overridden)))


def open_run(tx: Tx, mailing: str, due: str) -> str | None:
    """The approved, sending or paused run of this mailing and due date, if any."""
    found = tx.scalar(
        tx.select(run, run.c.id)
        .where(run.c.mailing == mailing, run.c.due == due, run.c.state.in_(RELEASED))
        .order_by(run.c.created_at.desc())
    )
    return str(found) if found else None


def runs_to_continue(tx: Tx, others: Sequence[str] = ()) -> list[RunRow]:
    """Approved, sending and paused runs, and others that are named, the oldest first."""
    found = tx.all(
        tx.select(run, *RUN)
        .where(or_(run.c.state.in_(RELEASED), run.c.id.in_(others)))
        .order_by(run.c.created_at)
    )
    return list(map(RunRow._make, found))
