"""`approve`: a person releases exactly what was reviewed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import exists, literal, select

from serienpost.errors import LedgerError, Problem
from serienpost.ledger.runs import allow_command, lock_run, set_paused
from serienpost.ledger.schema import message, once, run
from serienpost.ledger.states import HOLDS_ONCE
from serienpost.ledger.store import lock_once, slices
from serienpost.run.send.parts import cut_parts

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement

    from serienpost.ledger.store import Ledger, Tx


def approve(
    ledger: Ledger,
    run_id: str,
    user: str,
    *,
    plan: str | None = None,
    send_at: datetime | None = None,
    disclaimer: str | None = None,
    archive: str | None = None,
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

    Raises:
        LedgerError: the run is not prepared, or its plan is another one.
    """
    with ledger.begin("approve") as tx:
        row = lock_run(tx, run_id)
        if plan is not None and plan != row.plan_hash:
            raise LedgerError(
                Problem(
                    f"the plan of run {run_id} is not the one you name; it was changed",
                    f"look at it again: serienpost review {run_id}",
                )
            )
        if row.state != "prepared":
            raise LedgerError(f"run {run_id} is {row.state}, not prepared")
        _move_rows(tx, run_id)
        cut_parts(tx, run_id, row.header.get("part_size"))
        values = {
            "state": "approved",
            "approved_at": tx.now,
            "approved_by": user,
            "send_at": send_at,
            "progress_at": tx.now,
            "archive": archive or row.header.get("archive"),
        }
        if disclaimer:
            values |= {"disclaimer_by": disclaimer, "disclaimer_at": tx.now}
        tx.execute(
            tx.update(run).where(run.c.id == run_id, run.c.state == "prepared").values(**values)
        )
        tx.note(user, "approve", run_id, detail={"plan": row.plan_hash})


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
        _move_planned(tx, c.run == run_id, between, c.state == "planned")


def _move_planned(tx: Tx, *planned: ColumnElement[bool]) -> None:
    c = message.c
    has_key = exists().where(
        once.c.practice == c.practice,
        once.c.key == c.once_key,
        once.c.run == c.run,
        once.c.no == c.no,
    )
    tx.execute(
        tx.update(message)
        .where(*planned, c.marked, (c.once_key.is_(None)) | has_key)
        .values(state="pending", fence=c.fence + 1, updated_at=tx.now)
    )
    holder = (
        select(literal("already in ") + once.c.run)
        .where(once.c.practice == c.practice, once.c.key == c.once_key)
        .correlate(message)
        .scalar_subquery()
    )
    tx.execute(
        tx.update(message)
        .where(*planned, c.marked)
        .values(
            state="suppressed",
            code="already_sent",
            text=holder,
            fence=c.fence + 1,
            updated_at=tx.now,
            macro_values=None,
        )
    )
    tx.execute(
        tx.update(message)
        .where(*planned)
        .values(
            state="suppressed",
            code="not_marked",
            fence=c.fence + 1,
            updated_at=tx.now,
            number=None,
            name=None,
            address=None,
            macro_values=None,
        )
    )


def cancel(ledger: Ledger, run_id: str, user: str) -> int:
    """Cancel a run: what is not on the wire stays here. Returns how many messages it stopped.

    Raises:
        LedgerError: the run is finished.
    """
    with ledger.begin("cancel") as tx:
        row = lock_run(tx, run_id)
        allow_command(row, "cancel")
        stopped = sum(_stop(tx, run_id, *between) for between in slices(tx, run_id))
        tx.execute(
            tx.update(run)
            .where(run.c.id == run_id)
            .values(state="cancelled", reason="person", reason_text=f"cancelled by {user}")
        )
        tx.note(user, "cancel", run_id)
    return stopped


def _stop(tx: Tx, run_id: str, first: int, last: int) -> int:
    c = message.c
    mine = c.run == run_id, c.no.between(first, last)
    stopped = tx.execute(
        tx.update(message)
        .where(*mine, c.state.in_(("planned", "pending", "claimed")))
        .values(
            state="cancelled",
            owner=None,
            lease_until=None,
            fence=c.fence + 1,
            updated_at=tx.now,
        )
    )
    holding = tx.select(message, c.no).where(*mine, c.state.in_(HOLDS_ONCE))
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
        set_paused(tx, run_id, "person", f"paused by {user}")
        tx.note(user, "pause", run_id)
