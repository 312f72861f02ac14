"""Tells by mail that something failed which runs unattended (`notify:`)."""

from __future__ import annotations

import asyncio
import json
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from serienpost.contracts.content import Content, Draft, Message, Refused
from serienpost.contracts.outcomes import Accepted
from serienpost.errors import SerienpostError, cause_of
from serienpost.ledger.notifications import can_note, claim, end, note, unnoted, waiting
from serienpost.ledger.permits import take_permits
from serienpost.ledger.store import new_ref
from serienpost.ledger.suppressions import reason_of
from serienpost.redaction import redact
from serienpost.run.prepare.opened_account import open_account
from serienpost.run.send.single_message import send_alone, used_up
from serienpost.service.failures import ONCE, Cause, Failures, described
from serienpost.service.notices import Notice
from serienpost.translation import Texts, speaking

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from serienpost.config.models import Notify
    from serienpost.context import PracticeContext
    from serienpost.contracts.outcomes import ProviderAnswer
    from serienpost.ledger.store import Tx
    from serienpost.run.send.stop import Stop
    from serienpost.service.failures import Description
    from serienpost.service.opened import OpenedPractice

_ = Texts(__name__)

# Seconds that a mail may take; one that takes longer may have left.
LONGEST = 60.0


@contextmanager
def told_by_mail(
    practice: OpenedPractice, stop: Stop, *, is_wanted: bool = True
) -> Iterator[Failures]:
    """Gather what fails within; then tell the practice by mail, if that is wanted and it says whom.

    Whatever becomes of the mail changes nothing else: what keeps it from leaving is a notice. Asked
    to stop, it is left to the next round.
    """
    failures = Failures(stop)
    notify = practice.context.config.notify
    if notify is None or not is_wanted:
        yield failures
        return
    try:
        yield failures
    except Exception as error:
        if not isinstance(error, SerienpostError):  # noted where it is known what it is about
            failures.add_bug(error)
        _tell_anyhow(practice, notify, failures)
        raise
    _tell_anyhow(practice, notify, failures)


def _tell_anyhow(practice: OpenedPractice, notify: Notify, failures: Failures) -> None:
    try:
        _tell(practice, notify, failures)
    except Exception as error:  # noqa: BLE001  # a mail never stands in the way
        _not_mailed(practice, cause_of(error))


def _not_mailed(practice: OpenedPractice, why: str) -> None:
    practice.notify(Notice("not_mailed", {"text": why}))


def _tell(practice: OpenedPractice, notify: Notify, failures: Failures) -> None:
    """Note the causes for each address, then tell each what waits for it.

    Raises:
        SerienpostError: the ledger is away.
    """
    ledger = practice.ledger
    with ledger.read() as tx:
        causes = set(failures.found(tx))
        if not can_note(tx):
            if causes:
                _not_mailed(practice, _("the ledger is an older one; end its open runs"))
            return
        hashes = {address: ledger.address_hash("email", address) for address in notify.to}
        keys = [_key(one, of) for one in causes for of in hashes.values()]
        new = unnoted(tx, keys, [one for one in keys if json.loads(one)[0] in ONCE])
    if new:
        with ledger.begin("notify", counted=False) as tx:
            note(tx, new)
    for address, hashed in hashes.items():
        if not failures.stop.requests:
            _tell_one(practice, notify.account, address, hashed)


def _key(cause: Cause, hashed: str) -> str:
    return json.dumps([*cause, hashed[:_OF_A_HASH]], ensure_ascii=False)


# As much of an address's keyed hash tells the addresses of `notify` apart.
_OF_A_HASH = 16


class _NotNowError(Exception):
    """No mail leaves now, and nothing was claimed for it."""


def _tell_one(practice: OpenedPractice, name: str, address: str, hashed: str) -> None:
    """Send one mail from the account of this name, about all that this address may be told now.

    Raises:
        SerienpostError: the ledger is away, or the mail cannot leave.
    """
    ledger = practice.ledger
    with ledger.read() as tx:
        is_quiet = not _waiting_for(tx, hashed)
    if is_quiet:
        return
    try:
        with ledger.begin("notify") as tx:
            told = _claimed(tx, hashed)
            if told:
                _allow(practice.context, tx, name, hashed)
    except _NotNowError as error:
        _not_mailed(practice, str(error))
        return
    if not told:
        return
    answer = _sent(practice.context, name, address, list(told.values()))
    if not isinstance(answer, Accepted):
        _not_mailed(practice, redact(answer.text, address) or type(answer).__name__)
        return
    with ledger.begin("notify", counted=False) as tx:
        end(tx, told)


def _waiting_for(tx: Tx, hashed: str) -> dict[str, Cause]:
    """What waits for this address, by key."""
    found = {key: json.loads(key) for key in waiting(tx)}
    return {key: Cause(*one[:-1]) for key, one in found.items() if one[-1] == hashed[:_OF_A_HASH]}


def _claimed(tx: Tx, hashed: str) -> dict[str, Description]:
    """What this process alone tells this address, by key; what does not stand any more is ended."""
    known = {key: described(tx, cause) for key, cause in _waiting_for(tx, hashed).items()}
    end(tx, [key for key, told in known.items() if told is None])
    standing = {key: told for key, told in known.items() if told is not None}
    return {key: standing[key] for key in claim(tx, standing)}


def _allow(context: PracticeContext, tx: Tx, name: str, hashed: str) -> None:
    """Take the permit for a mail.

    Raises:
        _NotNowError: there is none now, or the address is on the suppression list.
    """
    if reason_of(tx, "email", hashed):
        raise _NotNowError(_("the address of notify: is on the suppression list"))
    account = context.config.accounts[name]
    given, free_at = take_permits(tx, name, account.rate, 1, spread=account.spread)
    if not given:
        raise _NotNowError(used_up(context.zone, free_at))


def _sent(
    context: PracticeContext, name: str, address: str, told: Sequence[Description]
) -> ProviderAnswer:
    """Send one mail; its permit is taken.

    Raises:
        SerienpostError: it cannot leave, or the provider does not answer.
    """
    config = context.config
    account = config.accounts[name]
    channel = context.registry.channels[account.channel]
    with speaking(config.language, context.zone):
        subject, text = _written(config.practice.name, told)
    draft = Draft("email", config.language, address, subject, text, None, {})
    content: Content | Refused = context.registry.answered(
        "channels",
        channel.name,
        "compose",
        channel.compose(context, account, draft),
        (Content, Refused),
    )
    if isinstance(content, Refused):
        raise SerienpostError(content.reason)
    message = Message(new_ref(), "", 0, _by_a_computer(content), is_test=True)

    async def send() -> ProviderAnswer:
        opened = open_account(context, channel, account)
        async with asyncio.timeout(LONGEST):
            return await send_alone(opened, message, lambda: None)

    try:
        return asyncio.run(send())
    except TimeoutError:
        said = _("the provider of account {account} does not answer", account=name)
        raise SerienpostError(said) from None


def _by_a_computer(content: Content) -> Content:
    """The mail with the header that says so (RFC 3834, 5), and none about unsubscribing."""
    kept = dict(one for one in content.headers if not one[0].startswith("List-"))
    return replace(content, headers=tuple({**kept, "Auto-Submitted": "auto-generated"}.items()))


def _written(practice: str, told: Sequence[Description]) -> tuple[str, str]:
    """Subject and text, in the present language."""
    n = len(told)
    about = (
        told[0].what if n == 1 else _.ngettext("{n} thing to look at", "{n} things to look at", n)
    )
    paragraphs = [
        _("Something that runs unattended needs a person."),
        *("\n".join(f"{line}" for line in one if line) for one in told),
        _(
            "serienpost wrote this mail, since notify: in serienpost.yaml asks for it. It comes at"
            " most once an hour about the same thing and names no patient."
        ),
    ]
    return f"{practice}: {about}", "\n\n".join(f"{one}" for one in paragraphs) + "\n"
