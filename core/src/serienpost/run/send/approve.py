"""A person's word on a run, as the ledger keeps it: release what was reviewed, pause, cancel.

What must be answered before a release stands in `service/release.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import exists, literal, or_, select

from serienpost import words
from serienpost.errors import LedgerError, Problem, StillOpenError
from serienpost.ledger.due import end_due
from serienpost.ledger.runs import allow_command, lock_run, released_runs, set_paused
from serienpost.ledger.schema import message, once
from serienpost.ledger.states import COMMANDS, HOLDS_ONCE
from serienpost.ledger.store import lock_once, slices
from serienpost.ledger.transitions import before, move_messages, move_run
from serienpost.run.prepare.changes import refuse_other_edition
from serienpost.run.prepare.plan import Header
from serienpost.run.send.parts import cut_parts
from serienpost.translation import Texts, pack

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import ColumnElement

    from serienpost.ledger.rows import RunRow
    from serienpost.ledger.store import Ledger, Tx

_ = Texts(__name__)

# Stands for the run in the stored sentence that the database puts together.
_RUN = "*"
_ALREADY = pack(_("already in {run}", run=_RUN)).split(_RUN)


def approve(
    ledger: Ledger,
    run_id: str,
    user: str,
    *,
    plan: str | None = None,
    send_at: datetime | None = None,
    disclaimer: str | None = None,
    archive: str | None = None,
    due_owner: str | None = None,
    released_before: Collection[str] | None = None,
) -> None:
    """Release a prepared run: marked rows become pending, all others suppressed, in one commit.

    Args:
        ledger: the practice's ledger.
        run_id: the run.
        user: who releases it.
        plan: the plan hash that was looked at; another one is refused.
        send_at: not before this time.
        disclaimer: who accepted the channel's disclaimer.
        archive: what goes into the records, `entry` or `pdf`; None as the mailing says.
        due_owner: the process that took up the due date, of `taken_up`; None for one that was not
            put off. Whoever releases its run, the date is not prepared again.
        released_before: the runs of this due date that had been released when this one was begun;
            another one since then is refused. None where a person decides.

    Raises:
        LedgerError: the run is not prepared, or its plan is another one.
        StillOpenError: somebody else released or ended the due date meanwhile.
    """
    with ledger.begin("approve") as tx:
        row = lock_run(tx, run_id)
        if plan is not None and plan != row.plan_hash:
            raise LedgerError(
                Problem(
                    _("the plan of run {run} is not the one you name; it was changed", run=run_id),
                    _("look at it again: serienpost review {run}", run=run_id),
                )
            )
        if row.state != "prepared":
            raise LedgerError(
                _(
                    "run {run} is {state}, not prepared",
                    run=run_id,
                    state=words.run_state(row.state),
                )
            )
        header = Header.from_json(row.header)
        refuse_other_edition(run_id, header)
        if released_before is not None:
            _refuse_second(tx, row, released_before)
        _move_rows(tx, run_id)
        cut_parts(tx, run_id, header.part_size)
        values = {
            "approved_at": tx.now,
            "approved_by": user,
            "send_at": send_at,
            "progress_at": tx.now,
            "archive": archive or header.archive,
        }
        if disclaimer:
            values |= {"disclaimer_by": disclaimer, "disclaimer_at": tx.now}
        move_run(tx, run_id, "prepared", "approved", **values)
        end_due(tx, row.mailing, row.due, run_id, due_owner)
        tx.note(user, "approve", run_id, detail={"plan": row.plan_hash})


def _refuse_second(tx: Tx, row: RunRow, released_before: Collection[str]) -> None:
    for other in released_runs(tx, row.mailing, row.due):
        if other not in released_before:
            raise StillOpenError(
                _(
                    "{mailing} for {due}: another process released run {run} meanwhile",
                    mailing=row.mailing,
                    due=row.due,
                    run=other,
                ),
                hint=_("serienpost show {run}", run=other),
            )


def _move_rows(tx: Tx, run_id: str) -> None:
    """Enter the marked rows' keys, where no other run holds them, and give each row its state."""
    c = message.c
    lock_once(tx)
    columns = ["practice", "key", "run", "no", "since"]
    now = literal(tx.now, once.c.since.type)
    keys = select(literal(tx.practice), c.once_key, c.run, c.no, now).where(
        c.practice == tx.practice, c.run == run_id, c.marked, c.once_key.is_not(None)
    )
    for first, last in slices(tx, run_id):
        between = c.no.between(first, last)
        tx.copy_new(once, columns, keys.where(between))
        _move_planned(tx, run_id, between)


def _move_planned(tx: Tx, run_id: str, between: ColumnElement[bool]) -> None:
    c = message.c
    has_key = exists().where(
        once.c.practice == c.practice,
        once.c.key == c.once_key,
        once.c.run == c.run,
        once.c.no == c.no,
    )
    free = or_(c.once_key.is_(None), has_key)
    move_messages(tx, run_id, "planned", "pending", between, c.marked, free)
    holder = (
        select(literal(_ALREADY[0]) + once.c.run + literal(_ALREADY[1]))
        .where(once.c.practice == c.practice, once.c.key == c.once_key)
        .correlate(message)
        .scalar_subquery()
    )
    sent = {"code": "already_sent", "text": holder, "macro_values": None}
    move_messages(tx, run_id, "planned", "suppressed", between, c.marked, **sent)
    nobody = dict.fromkeys(("number", "name", "address", "macro_values"))
    move_messages(tx, run_id, "planned", "suppressed", between, code="not_marked", **nobody)


def cancel(ledger: Ledger, run_id: str, user: str) -> int:
    """Cancel a run: what is not on the wire stays here. Returns how many messages it stopped.

    Raises:
        LedgerError: the run is finished.
    """
    with ledger.begin("cancel") as tx:
        return cancel_run(tx, run_id, user)


def cancel_run(tx: Tx, run_id: str, user: str) -> int:
    """As `cancel`, within a transaction."""
    row = lock_run(tx, run_id)
    allow_command(row, "cancel")
    stopped = sum(_stop(tx, run_id, *between) for between in slices(tx, run_id))
    why = {"reason": "person", "reason_text": _("cancelled by {user}", user=user)}
    move_run(tx, run_id, COMMANDS["cancel"], "cancelled", **why)
    tx.note(user, "cancel", run_id)
    return stopped


def _stop(tx: Tx, run_id: str, first: int, last: int) -> int:
    c = message.c
    between = c.no.between(first, last)
    stopped = move_messages(tx, run_id, before("cancelled"), "cancelled", between)
    holding = tx.select(message, c.no).where(c.run == run_id, between, c.state.in_(HOLDS_ONCE))
    tx.execute(
        tx.delete(once).where(
            once.c.run == run_id, once.c.no.between(first, last), once.c.no.not_in(holding)
        )
    )
    return stopped


def pause(ledger: Ledger, run_id: str, user: str) -> None:
    """Stop a run; a process that delivers it notices with its next commit.

    Raises:
        LedgerError: the run is not approved or is over.
    """
    with ledger.begin("pause") as tx:
        row = lock_run(tx, run_id)
        allow_command(row, "pause")
        set_paused(tx, run_id, "person", _("paused by {user}", user=user))
        tx.note(user, "pause", run_id)
