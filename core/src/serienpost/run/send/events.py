"""Events: what became known after acceptance. One function takes them all in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import func

from serienpost.contracts.channels import Event, HasEvents
from serienpost.ledger.schema import event, message, run
from serienpost.ledger.suppressions import EVENT, suppress
from serienpost.ledger.transitions import before, move_messages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Row, Select

    from serienpost.context import PracticeContext
    from serienpost.ledger.store import Ledger, Tx

BATCH = 200
# An event that names an address alone is about what was sent to it so long before at most: mail
# servers try for days (RFC 5321, 4.5.4.1).
ADDRESS_DAYS = timedelta(days=7)

# How far the provider's clock may be behind ours.
_CLOCKS = timedelta(minutes=2)

_STATE = {"delivered": "delivered", "bounced": "bounced", "complained": "complained"}
_REASON = {"bounced": "bounce", "complained": "complaint", "unsubscribed": "unsubscribe"}


@dataclass(frozen=True, slots=True)
class Taken:
    """What a poll brought: new events, messages whose state changed, addresses suppressed."""

    new: int = 0
    changed: int = 0
    suppressed: int = 0

    def __add__(self, other: Taken) -> Taken:
        return Taken(
            self.new + other.new, self.changed + other.changed, self.suppressed + other.suppressed
        )


def poll_events(context: PracticeContext, ledger: Ledger, account: str) -> Taken:
    """Ask an account's provider for everything since the last event; store, then interpret.

    What came before a provider failed is kept.
    """
    settings = context.config.accounts[account]
    channel = context.registry.channels[settings.channel]
    if not isinstance(channel, HasEvents):
        return Taken()
    with ledger.read() as tx:
        since = tx.scalar(tx.select(event, func.max(event.c.at)).where(event.c.account == account))

    answered = partial(context.registry.answered, "channels", channel.name, "events")

    async def poll() -> Taken:
        kind = context.kind_of(account).name
        taken, batch = Taken(), []
        try:
            reports: AsyncIterable[object] = channel.events(context, settings, since)
            async for one in answered(reports, AsyncIterable):
                batch.append(answered(one, Event))
                if len(batch) >= BATCH:
                    taken += take_events(ledger, account, kind, batch)
                    batch = []
        finally:
            taken += take_events(ledger, account, kind, batch)
        return taken

    return asyncio.run(poll())


def take_events(ledger: Ledger, account: str, kind: str, events: Sequence[Event]) -> Taken:
    """Store events and apply those that are new, in one transaction.

    A permanent bounce or a complaint puts the address on the suppression list. One that names
    nothing but an address is about what the account's newest run sent to it. An event that
    comes again, or comes late (`delivered` after `bounced`), changes nothing.
    """
    taken = Taken()
    with ledger.begin("events") as tx:
        for one in events:
            known = tx.select(event, event.c.id).where(
                event.c.account == account, event.c.id == one.id
            )
            if tx.first(known):
                continue
            taken += _take(tx, ledger, account, kind, one)
    return taken


def _take(tx: Tx, ledger: Ledger, account: str, kind: str, one: Event) -> Taken:
    rows = _messages_of(tx, ledger, account, kind, one)
    tx.insert(
        event,
        [
            {
                "account": account,
                "id": one.id,
                "run": rows[0].run if rows else None,
                "no": rows[0].no if rows else None,
                "kind": one.kind,
                "at": one.at,
                "code": one.code,
                "text": one.text,
            }
        ],
    )
    changed = sum(_move(tx, row, one) for row in rows)
    address_hash = rows[0].address_hash if rows else None
    if address_hash is None and one.address:
        address_hash = ledger.address_hash(kind, one.address)
    final = one.kind in ("complained", "unsubscribed") or (one.kind == "bounced" and one.permanent)
    if not (final and address_hash):
        return Taken(1, changed)
    return Taken(
        1, changed, suppress(tx, kind, address_hash, _REASON[one.kind], f"{EVENT}{one.id}")
    )


def _messages_of(tx: Tx, ledger: Ledger, account: str, kind: str, one: Event) -> Sequence[Row[Any]]:
    """By our reference; else by the provider's, if that is of one message alone; where there is
    none, by the address."""
    if one.ref:
        known = tx.first(tx.select(message).where(message.c.ref == one.ref))
        if known:
            return [known]
    runs = tx.select(run, run.c.id).where(run.c.account == account)
    if one.provider_ref and not one.ref:
        mine = tx.select(message).where(
            message.c.run.in_(runs), message.c.provider_ref.is_not(None)
        )
        found = tx.all(mine.where(message.c.provider_ref == one.provider_ref).limit(2))
        return found if len(found) == 1 else []
    if one.ref or not one.address or one.kind not in ("bounced", "complained"):
        return []
    recent = runs.where(run.c.progress_at >= one.at - ADDRESS_DAYS)
    hashed = ledger.address_hash(kind, one.address)
    return _sent_to(tx, recent, hashed, one)


def _sent_to(tx: Tx, runs: Select[Any], address_hash: str, one: Event) -> list[Row[Any]]:
    """What the newest of these runs had sent to an address, and if the provider no longer writes
    there, what it took for it later on and dropped."""
    c = message.c
    sent = tx.all(
        tx.select(message)
        .where(c.run.in_(runs), c.address_hash == address_hash)
        .where(c.sent_at >= one.at - ADDRESS_DAYS)
        .order_by(c.sent_at)
    )
    before = [row for row in sent if row.sent_at <= one.at + _CLOCKS]
    newest = [row for row in before if row.run == before[-1].run]
    return [*newest, *(sent[len(before) :] if one.permanent else [])]


def _move(tx: Tx, row: Row[Any], one: Event) -> int:
    state = _STATE.get(one.kind)
    if state is None:
        return 0
    if row.state == "in_doubt":
        _clear_doubt(tx, row)
    said = {"code": one.code or row.code, "text": one.text or row.text}
    return move_messages(tx, row.run, before(state), state, message.c.no == row.no, **said)


def _clear_doubt(tx: Tx, row: Row[Any]) -> None:
    """A provider that reports about a message has accepted it."""
    known = {"basis": "late answer", "sent_at": tx.now}
    move_messages(tx, row.run, "in_doubt", "accepted", message.c.no == row.no, **known)
    tx.note("report", "resolve accepted", row.run, row.no)
