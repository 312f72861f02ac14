"""Asks a provider what became of messages in doubt, where its channel can."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from serienpost.contracts.channels import (
    Accepted,
    Content,
    HasLookup,
    Message,
    Refused,
    Rejected,
    Unknown,
)
from serienpost.ledger.delivery import free_once
from serienpost.ledger.schema import message
from serienpost.reference import with_reference
from serienpost.run.outcomes import checked
from serienpost.run.values import from_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Row

    from serienpost.ledger.store import Ledger, Tx
    from serienpost.run.blueprint import Blueprint

Answer = Accepted | Rejected | Unknown
BATCH = 100


def look_up_doubts(blueprint: Blueprint, ledger: Ledger, run_id: str) -> int:
    """Decide what the provider knows; whatever else stays in doubt. Returns how many it decided.

    A provider that cannot be asked decides nothing; the doubts wait for the next time.
    """
    channel = blueprint.channel
    if not isinstance(channel, HasLookup):
        return 0
    decided = last = 0
    while rows := _doubtful(ledger, run_id, last):
        last = rows[-1].no
        messages = [made for row in rows if (made := _message(blueprint, row))]
        answers = asyncio.run(_ask(blueprint, channel, messages))
        by_no = {made.position: answer for made, answer in zip(messages, answers, strict=True)}
        with ledger.begin("lookup") as tx:
            decided += sum(_write(tx, row, by_no.get(row.no)) for row in rows)
    return decided


def _doubtful(ledger: Ledger, run_id: str, after: int) -> Sequence[Row[Any]]:
    """The next messages in doubt, in order."""
    c = message.c
    with ledger.read() as tx:
        return tx.all(
            tx.select(message)
            .where(c.run == run_id, c.no > after, c.state == "in_doubt")
            .order_by(c.no)
            .limit(BATCH)
        )


async def _ask(
    blueprint: Blueprint, channel: HasLookup, messages: Sequence[Message]
) -> Sequence[Answer]:
    unknown = Unknown("lookup")
    try:
        answers = await channel.lookup(blueprint.context, blueprint.account, messages)
    except Exception:  # noqa: BLE001  # a provider that cannot be asked leaves the doubt
        return [unknown] * len(messages)
    sound = checked(answers, len(messages))
    return [one if isinstance(one, (Accepted, Rejected)) else unknown for one in sound]


def _message(blueprint: Blueprint, row: Row[Any]) -> Message | None:
    if row.macro_values is None or row.address is None:
        return None
    content = blueprint.content(from_json(row.macro_values), row.address)
    if isinstance(content, Refused):
        content = Content(blueprint.kind.name, "", row.address, "", "")
    return Message(row.ref, row.run, row.no, with_reference(content, row.ref))


def _write(tx: Tx, row: Row[Any], answer: Answer | None) -> int:
    if answer is None or isinstance(answer, Unknown):
        return 0
    accepted = isinstance(answer, Accepted)
    values: dict[str, Any] = {
        "state": "accepted" if accepted else "failed",
        "basis": "lookup",
        "sent_at": tx.now if accepted else None,
        "code": None if isinstance(answer, Accepted) else answer.code,
        "text": answer.text or None,
    }
    if isinstance(answer, Accepted):
        values["provider_ref"] = answer.ref or row.provider_ref
    changed = tx.execute(
        tx.update(message)
        .where(
            message.c.run == row.run,
            message.c.no == row.no,
            message.c.state == "in_doubt",
            message.c.fence == row.fence,
        )
        .values(fence=message.c.fence + 1, updated_at=tx.now, **values)
    )
    if changed:
        tx.note("lookup", f"resolve {values['state']}", row.run, row.no)
        if not accepted:
            free_once(tx, row.run, [row.no])
    return changed
