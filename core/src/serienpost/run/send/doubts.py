"""Doubt: a message that may or may not have left is never sent again by itself.

A person decides, the mailing's rule, or what the provider knows. Failed messages get their other
chance here too, and both reopen a finished run.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import literal, or_, select

from serienpost import words
from serienpost.contracts.channels import HasLookup
from serienpost.contracts.content import Content, Refused
from serienpost.contracts.outcomes import Accepted, Rejected, Unknown
from serienpost.errors import LedgerError
from serienpost.ledger.delivery import free_once
from serienpost.ledger.rows import MESSAGE, MessageRow, Outgoing
from serienpost.ledger.runs import allow_command, find_rows, lock_run, split_names
from serienpost.ledger.schema import message, once, run
from serienpost.ledger.store import lock_once, slices
from serienpost.ledger.transitions import move_messages, move_run
from serienpost.run.prepare.changes import refuse_other_edition
from serienpost.run.prepare.plan import Header, from_json
from serienpost.run.prepare.renderer import message_of
from serienpost.run.send.outcomes import checked
from serienpost.run.send.parts import cut_parts, last_part
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement

    from serienpost.contracts.content import Message
    from serienpost.ledger.rows import RunRow
    from serienpost.ledger.store import Ledger, Tx
    from serienpost.run.prepare.renderer import RunRenderer

_ = Texts(__name__)

Answer = Accepted | Rejected | Unknown
# So many messages a provider is asked about at once.
BATCH = 100

Resolution = Literal["accepted", "resend", "failed"]
_STATE = {"accepted": "accepted", "resend": "pending", "failed": "failed"}


def resolve(
    ledger: Ledger, run_id: str, rows: Sequence[str], decision: Resolution, user: str
) -> int:
    """A person decides about messages in doubt; `resend` reopens a finished run.

    Args:
        ledger: the practice's ledger.
        run_id: the run.
        rows: row ids, or person ids meaning all rows of that person.
        decision: it arrived, send it again, or it did not and stays so.
        user: who decides; recorded.

    Raises:
        LedgerError: a row is not in this run or not in doubt; nothing is changed.
        ValueError: there is no such decision.
    """
    if decision not in _STATE:
        raise ValueError(_("a doubt is decided as one of {names}", names=list(_STATE)))
    c = message.c
    with ledger.begin("resolve") as tx:
        run_row = lock_run(tx, run_id)
        allow_command(run_row, "resolve")
        if decision == "resend" and run_row.state == "cancelled":
            raise LedgerError(
                _("run {run} is cancelled; it sends nothing any more", run=run_id),
                hint=_("resolve --as accepted or --as failed"),
            )
        if decision == "resend":
            _refuse_purged(run_row)
            refuse_other_edition(run_id, Header.from_json(run_row.header))
        numbers = []
        for row_id in split_names(tx, run_id, rows):
            found = find_rows(tx, run_id, row_id)
            doubtful = [row for row in found if row.state == "in_doubt"]
            if not doubtful:
                row, state = found[0].row_id, words.message_state(found[0].state)
                raise LedgerError(_("{row} is not in doubt but: {state}", row=row, state=state))
            numbers += [row.no for row in doubtful]
        numbers = list(dict.fromkeys(numbers))
        for no in numbers:
            tx.note(user, f"resolve {decision}", run_id, no)
        sent_at = tx.now if decision == "accepted" else None
        decided = {"basis": "person", "sent_at": sent_at}
        move_messages(tx, run_id, "in_doubt", _STATE[decision], c.no.in_(numbers), **decided)
        if decision == "failed":
            free_once(tx, run_id, numbers)
        if decision == "resend" and numbers:
            reopen(tx, run_id)
    return len(numbers)


def _refuse_purged(row: RunRow) -> None:
    if row.purged_at:
        raise LedgerError(
            _("the values of run {run} were removed after the retention period", run=row.id)
        )


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
    which: list[ColumnElement[bool]] = [c.no.between(first, last)]
    values: dict[str, Any] = {"basis": "rule"}
    if header.on_doubt == "resend":
        which.append(c.attempts - c.attempts_before < header.max_attempts)
    else:
        values["sent_at"] = tx.now
    doubtful = tx.select(message, c.no).where(c.run == run_id, *which, c.state == "in_doubt")
    for row in tx.all(doubtful):
        tx.note("rule", f"resolve {header.on_doubt}", run_id, row.no)
    end = "pending" if header.on_doubt == "resend" else "accepted"
    return move_messages(tx, run_id, "in_doubt", end, *which, **values)


def retry_failed(ledger: Ledger, run_id: str, user: str) -> int:
    """Give failed messages another chance; those that another run has sent meanwhile are
    suppressed. Reopens a finished run. Returns how many will be tried again.

    Raises:
        LedgerError: the run's state does not allow it.
    """
    with ledger.begin("retry") as tx:
        row = lock_run(tx, run_id)
        allow_command(row, "retry")
        _refuse_purged(row)
        header = Header.from_json(row.header)
        refuse_other_edition(run_id, header)
        lock_once(tx)
        c = message.c
        again = sum(
            _try_again(tx, run_id, c.no.between(*between)) for between in slices(tx, run_id)
        )
        tx.note(user, "retry", run_id, detail={"messages": again})
        if again:
            reopen(tx, run_id)
            cut_parts(tx, run_id, header.part_size)
    return again


def give_back(tx: Tx, run_id: str, numbers: Sequence[int], header: Header) -> int:
    """Make these failed messages of a run that is not over pending again, as `retry_failed` does;
    returns how many."""
    again = _try_again(tx, run_id, message.c.no.in_(numbers))
    cut_parts(tx, run_id, header.part_size)
    tx.note("breaker", "retry", run_id, detail={"messages": again})
    return again


def _try_again(tx: Tx, run_id: str, which: ColumnElement[bool]) -> int:
    c = message.c
    failed = c.run == run_id, which, c.state == "failed"
    keys = select(c.practice, c.once_key, c.run, c.no, literal(tx.now, once.c.since.type)).where(
        c.practice == tx.practice, *failed, c.once_key.is_not(None)
    )
    tx.copy_new(once, ("practice", "key", "run", "no", "since"), keys)
    mine = tx.select(message, c.no).where(c.run == run_id, which)
    holds = tx.select(once, once.c.no).where(once.c.run == run_id, once.c.no.in_(mine))
    free = or_(c.once_key.is_(None), c.no.in_(holds))
    afresh = dict.fromkeys(("code", "text", "first_attempt_at", "next_attempt_at", "part"))
    again = move_messages(
        tx, run_id, "failed", "pending", which, free, attempts_before=c.attempts, **afresh
    )
    sent = {"code": "already_sent", "text": _("sent by another run meanwhile")}
    move_messages(tx, run_id, "failed", "suppressed", which, **sent)
    return again


def reopen(tx: Tx, run_id: str) -> None:
    """A finished run has open messages again; on a channel of parts they are a new generation."""
    move_run(
        tx,
        run_id,
        "finished",
        "sending",
        finished_at=None,
        progress_at=tx.now,
        edition=run.c.edition + 1,
        first_part=last_part(tx, run_id) + 1,
    )


def look_up_doubts(renderer: RunRenderer, ledger: Ledger, run_id: str) -> int:
    """Decide what the provider knows; whatever else stays in doubt. Returns how many it decided.

    A provider that cannot be asked decides nothing; the doubts wait for the next time.
    """
    channel = renderer.channel
    if not isinstance(channel, HasLookup):
        return 0
    decided = last = 0
    while rows := _doubtful(ledger, run_id, last):
        last = rows[-1].no
        messages = [made for row in rows if (made := _message(renderer, row))]
        answers = asyncio.run(_ask(renderer, channel, messages))
        by_no = {made.position: answer for made, answer in zip(messages, answers, strict=True)}
        with ledger.begin("lookup") as tx:
            decided += sum(_write(tx, row, by_no.get(row.no)) for row in rows)
    return decided


def _doubtful(ledger: Ledger, run_id: str, after: int) -> list[MessageRow]:
    """The next messages in doubt, in order."""
    c = message.c
    with ledger.read() as tx:
        found = tx.all(
            tx.select(message, *MESSAGE)
            .where(c.run == run_id, c.no > after, c.state == "in_doubt")
            .order_by(c.no)
            .limit(BATCH)
        )
    return list(map(MessageRow._make, found))


async def _ask(
    renderer: RunRenderer, channel: HasLookup[Any], messages: Sequence[Message]
) -> Sequence[Answer]:
    unknown = Unknown("lookup")
    try:
        answers = await channel.lookup(renderer.context, renderer.account, messages)
    except Exception:  # noqa: BLE001  # a provider that cannot be asked leaves the doubt
        return [unknown] * len(messages)
    sound = checked(answers, len(messages))
    return [one if isinstance(one, (Accepted, Rejected)) else unknown for one in sound]


def _message(renderer: RunRenderer, row: MessageRow) -> Message | None:
    if row.macro_values is None or row.address is None:
        return None
    content = renderer.content(from_json(row.macro_values), row.address)
    if isinstance(content, Refused):
        content = Content(renderer.kind.name, "", row.address, "", "")
    return message_of(Outgoing.of(row), content)


def _write(tx: Tx, row: MessageRow, answer: Answer | None) -> int:
    if answer is None or isinstance(answer, Unknown):
        return 0
    values: dict[str, Any] = {"basis": "lookup", "text": answer.text or None}
    if isinstance(answer, Accepted):
        end = "accepted"
        known = answer.ref or row.provider_ref
        values |= {"sent_at": tx.now, "code": None, "provider_ref": known}
    else:
        end = "failed"
        values |= {"sent_at": None, "code": answer.code}
    same = message.c.no == row.no, message.c.fence == row.fence
    changed = move_messages(tx, row.run, "in_doubt", end, *same, **values)
    if changed:
        tx.note("lookup", f"resolve {end}", row.run, row.no)
        if end == "failed":
            free_once(tx, row.run, [row.no])
    return changed
