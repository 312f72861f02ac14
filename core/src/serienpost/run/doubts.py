"""Doubt: a message that may or may not have left is never sent again by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import literal, or_, select

from serienpost.errors import LedgerError
from serienpost.ledger.delivery import free_once
from serienpost.ledger.schema import message, once, run
from serienpost.ledger.slices import lock_once, slices
from serienpost.run.approving import allow_command, lock_run
from serienpost.run.parts import cut_parts, last_part

if TYPE_CHECKING:
    from collections.abc import Sequence

    from serienpost.ledger.store import Ledger, Tx
    from serienpost.run.header import Header

Decision = Literal["accepted", "resend", "failed"]
_STATE = {"accepted": "accepted", "resend": "pending", "failed": "failed"}


def resolve(ledger: Ledger, run_id: str, rows: Sequence[str], decision: Decision, user: str) -> int:
    """A person decides about messages in doubt; `resend` reopens a finished run.

    Args:
        ledger: the practice's ledger.
        run_id: the run.
        rows: row ids, or person ids meaning all rows of that person.
        decision: it arrived, send it again, or it did not and stays so.
        user: who decides; recorded.

    Raises:
        LedgerError: a row is not in this run or not in doubt; nothing is changed.
    """
    c = message.c
    with ledger.begin("resolve") as tx:
        run_row = lock_run(tx, run_id)
        allow_command(run_row, "resolve")
        if decision == "resend" and run_row.state == "cancelled":
            raise LedgerError(
                f"run {run_id} is cancelled; it sends nothing any more",
                hint="resolve --as accepted or --as failed",
            )
        if decision == "resend" and run_row.purged_at:
            raise LedgerError(f"the values of run {run_id} were removed after the retention period")
        numbers = []
        for row_id in dict.fromkeys(rows):
            found = find_rows(tx, run_id, row_id)
            doubtful = [row for row in found if row.state == "in_doubt"]
            if not doubtful:
                raise LedgerError(f"{row_id} is {found[0].state}, not in doubt")
            numbers += [row.no for row in doubtful]
        for no in numbers:
            tx.note(user, f"resolve {decision}", run_id, no)
        tx.execute(
            tx.update(message)
            .where(c.run == run_id, c.no.in_(numbers), c.state == "in_doubt")
            .values(
                state=_STATE[decision],
                basis="person",
                fence=c.fence + 1,
                sent_at=tx.now if decision == "accepted" else None,
                updated_at=tx.now,
            )
        )
        if decision == "failed":
            free_once(tx, run_id, numbers)
        if decision == "resend":
            reopen(tx, run_id)
    return len(numbers)


def apply_rule(tx: Tx, run_id: str, header: Header) -> bool:
    """Apply the mailing's `on_doubt` to what is in doubt; returns whether messages are open again.

    With `resend` a message is sent again while it has attempts left, then stays in doubt.
    """
    if header.on_doubt == "hold":
        return False
    settled = sum(_settle(tx, run_id, header, *between) for between in slices(tx, run_id))
    return settled > 0 and header.on_doubt == "resend"


def _settle(tx: Tx, run_id: str, header: Header, first: int, last: int) -> int:
    c = message.c
    doubtful = [c.run == run_id, c.no.between(first, last), c.state == "in_doubt"]
    if header.on_doubt == "resend":
        doubtful.append(c.attempts - c.attempts_before < header.max_attempts)
        values: dict[str, Any] = {"state": "pending"}
    else:
        values = {"state": "accepted", "sent_at": tx.now}
    for row in tx.all(tx.select(message, c.no).where(*doubtful)):
        tx.note("rule", f"resolve {header.on_doubt}", run_id, row.no)
    return tx.execute(
        tx.update(message)
        .where(*doubtful)
        .values(basis="rule", fence=c.fence + 1, updated_at=tx.now, **values)
    )


def retry_failed(ledger: Ledger, run_id: str, user: str) -> int:
    """Give failed messages another chance; those that another run has sent meanwhile are
    suppressed. Reopens a finished run. Returns how many will be tried again.

    Raises:
        LedgerError: the run's state does not allow it.
    """
    with ledger.begin("retry") as tx:
        row = lock_run(tx, run_id)
        allow_command(row, "retry")
        lock_once(tx)
        again = sum(_try_again(tx, run_id, *between) for between in slices(tx, run_id))
        tx.note(user, "retry", run_id, detail={"messages": again})
        if again:
            reopen(tx, run_id)
            cut_parts(tx, run_id, row.header.get("part_size"))
    return again


def _try_again(tx: Tx, run_id: str, first: int, last: int) -> int:
    c = message.c
    failed = c.run == run_id, c.no.between(first, last), c.state == "failed"
    keys = select(c.practice, c.once_key, c.run, c.no, literal(tx.now, once.c.since.type)).where(
        c.practice == tx.practice, *failed, c.once_key.is_not(None)
    )
    tx.copy_new(once, ("practice", "key", "run", "no", "since"), keys)
    holds = tx.select(once, once.c.no).where(once.c.run == run_id, once.c.no.between(first, last))
    again = tx.execute(
        tx.update(message)
        .where(*failed, or_(c.once_key.is_(None), c.no.in_(holds)))
        .values(
            state="pending",
            code=None,
            text=None,
            attempts_before=c.attempts,
            first_attempt_at=None,
            next_attempt_at=None,
            part=None,
            fence=c.fence + 1,
            updated_at=tx.now,
        )
    )
    tx.execute(
        tx.update(message)
        .where(*failed)
        .values(
            state="suppressed",
            code="already_sent",
            text="sent by another run meanwhile",
            fence=c.fence + 1,
            updated_at=tx.now,
        )
    )
    return again


def reopen(tx: Tx, run_id: str) -> None:
    """A finished run has open messages again; on a channel of parts they are a new edition."""
    tx.execute(
        tx.update(run)
        .where(run.c.id == run_id, run.c.state == "finished")
        .values(
            state="sending",
            finished_at=None,
            progress_at=tx.now,
            edition=run.c.edition + 1,
            first_part=last_part(tx, run_id) + 1,
        )
    )


def find_rows(tx: Tx, run_id: str, row_id: str) -> Sequence[Any]:
    """The message of this row id, or all messages of this person id.

    Raises:
        LedgerError: the run has no such row.
    """
    c = message.c
    found = tx.all(
        tx.select(message)
        .where(c.run == run_id, or_(c.row_id == row_id, c.person == row_id))
        .order_by(c.no)
    )
    if not found:
        hint = None if ":" in row_id else f"an id is written as in patient:{row_id}"
        raise LedgerError(f"run {run_id} has no row {row_id}", hint=hint)
    return found
