"""One message to an own address, before anybody gets one."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from serienpost import words
from serienpost.contracts.content import Content, Message, Refused
from serienpost.contracts.kinds import Address
from serienpost.contracts.outcomes import Accepted, ProviderAnswer
from serienpost.errors import LedgerError, SerienpostError
from serienpost.files import refuse_other, write_private
from serienpost.ledger.permits import take_permits
from serienpost.ledger.rows import Outgoing
from serienpost.ledger.runs import allow_command, find_rows, find_run
from serienpost.ledger.states import COMMANDS
from serienpost.ledger.store import new_ref
from serienpost.ledger.suppressions import reason_of
from serienpost.run.prepare.check import EXAMPLE_ADDRESS
from serienpost.run.prepare.plan import from_json
from serienpost.run.prepare.provider_template import Watch
from serienpost.run.prepare.renderer import Trial, message_of
from serienpost.run.send.loop import refuse_event_loop
from serienpost.run.send.recheck import Recheck
from serienpost.run.send.single_message import send_alone, used_up
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Callable

    from serienpost.ledger.store import Ledger, Tx
    from serienpost.run.prepare.renderer import RunRenderer

_ = Texts(__name__)

# Bytes at the beginning of a file that say what it is, as in `%PDF-`.
_KIND = 5


def send_test(
    renderer: RunRenderer,
    ledger: Ledger,
    run_id: str,
    to: str,
    row_id: str | None,
    user: str,
    leaves: Callable[[Tx], None],
) -> ProviderAnswer:
    """Send one message to an own address: with made-up values, or with a marked row's data after
    the same questions as in the recheck. Takes a permit; changes nothing of the plan. Where nothing
    leaves the machine, `to` is a file and the message is written there.

    The journal says before it leaves to whom it goes, as the suppression list keeps addresses, and
    with whose data; `leaves` is called in the same transaction.

    Raises:
        SerienpostError: the address is none or on the suppression list, the row may not be used,
            the rate is used up.
        RuntimeError: called where an event loop runs.
    """
    refuse_event_loop()
    is_file = renderer.channel.repeatable
    own = None if is_file else _own_address(renderer, to)
    row = _usable_row(renderer, ledger, run_id, row_id) if row_id else None
    address = own or (row.address if row else EXAMPLE_ADDRESS["letter"])
    values = from_json(row.macro_values) if row else renderer.example_values()
    content = renderer.content(values, address, examples=row is None)
    if isinstance(content, Refused):
        raise SerienpostError(content.reason)
    with ledger.begin("test") as tx:
        allow_command(find_run(tx, run_id), "test")
        hashed = _not_suppressed(renderer, ledger, tx, own) if own else None
        rates = renderer.account.rate
        spread = renderer.account.spread
        given, free_at = take_permits(tx, renderer.header.account, rates, 1, spread=spread)
        if not given:
            raise SerienpostError(used_up(renderer.context.zone, free_at))
        leaves(tx)
        tx.note(user, "test", run_id, row.no if row else None, {"to": hashed})
    trial = Trial(new_ref(), run_id, cost=row.cost if row else None)
    if is_file:
        return _write_test(renderer, message_of(trial, content), Path(to))
    test = message_of(trial, _marked_as_test(content))
    forbidden = partial(_forbidden, renderer, ledger, run_id, row, hashed)
    return asyncio.run(_send(renderer, test, forbidden))


def _write_test(renderer: RunRenderer, test: Message, path: Path) -> Accepted:
    suffix, data = next(iter(renderer.channel.preview(renderer.account, test).items()))
    if path.suffix != suffix:
        raise SerienpostError(
            _("--to is no file for such a message"),
            hint=_("name a file, as in {file}", file=f"probe{suffix}"),
        )
    refuse_other(path, data[:_KIND])
    write_private(path, data)
    return Accepted(text=str(path))


def refuse_address(renderer: RunRenderer, ledger: Ledger, to: str) -> None:
    """Refuse an address to which no test can go.

    Raises:
        SerienpostError: it is none, or on the suppression list.
    """
    if not renderer.channel.repeatable:
        own = _own_address(renderer, to)
        with ledger.read() as tx:
            _not_suppressed(renderer, ledger, tx, own)


def _own_address(renderer: RunRenderer, to: str) -> str:
    field = min(renderer.kind.fields)
    address = renderer.kind.address({field: to})
    if not isinstance(address, Address):
        raise SerienpostError(
            _(
                "the test's address cannot be reached by {kind}: {why}",
                kind=renderer.kind.title,
                why=address.reason,
            )
        )
    return address.value


def _not_suppressed(renderer: RunRenderer, ledger: Ledger, tx: Tx, address: str) -> str:
    """The keyed hash of an address that nobody suppressed."""
    kind = renderer.kind.name
    hashed = ledger.address_hash(kind, address)
    if reason := reason_of(tx, kind, hashed):
        raise SerienpostError(
            _(
                "the test's address is on the suppression list ({reason})",
                reason=words.why_suppressed(reason),
            ),
            hint=_(
                "name another one; or take it off: serienpost suppress remove ADDRESS"
                " --kind {kind}",
                kind=kind,
            ),
        )
    return hashed


def _usable_row(renderer: RunRenderer, ledger: Ledger, run_id: str, row_id: str) -> Outgoing:
    with ledger.read() as tx:
        found = find_rows(tx, run_id, row_id)[0]
    if found.macro_values is None:
        raise LedgerError(
            _("{row} is not marked; its data is not used for a test", row=found.row_id)
        )
    row = Outgoing.of(found)
    closed = Recheck(renderer, ledger).run([row], ledger.clock())[1]
    if closed:
        why = closed[0].text or ""
        raise SerienpostError(_("{row} may not be used: {why}", row=found.row_id, why=why))
    return row


def _forbidden(
    renderer: RunRenderer, ledger: Ledger, run_id: str, row: Outgoing | None, hashed: str | None
) -> str | None:
    """Why a test may leave no more: its run is over, somebody suppressed where it goes, or the data
    of a row may not be used; made-up values always may."""
    with ledger.read() as tx:
        found = find_run(tx, run_id)
        if found.state not in COMMANDS["test"]:
            return _("run {run} is {state} by now", run=run_id, state=words.run_state(found.state))
        if hashed and reason_of(tx, renderer.kind.name, hashed):
            return _("the test's address is on the suppression list by now")
    if row and Recheck(renderer, ledger).run([row], ledger.clock())[1]:
        return _("{row} may not be used any more", row=row.row_id)
    return None


def _marked_as_test(content: Content) -> Content:
    if content.subject:
        return replace(content, subject=f"TEST: {content.subject}")
    return replace(content, text=f"TEST: {content.text}")


async def _send(
    renderer: RunRenderer, test: Message, forbidden: Callable[[], str | None]
) -> ProviderAnswer:
    await Watch(renderer).look()
    return await send_alone(renderer.open(), test, forbidden)
