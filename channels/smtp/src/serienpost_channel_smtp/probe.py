"""What `doctor` finds out about an account without sending anything."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING

from serienpost import AccountProblem, ProbeResult, SerienpostError, Texts, joined
from serienpost_channel_smtp.bounces import mailbox_of, probe_mailbox
from serienpost_channel_smtp.failures import PORT_AND_SECURITY, REMEDIES, WIRE_ERRORS, outcome_of
from serienpost_channel_smtp.message import UPDATE_PYTHON, encoded_words_become_headers
from serienpost_channel_smtp.presets import preset_note
from serienpost_channel_smtp.wire import Connection

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence
    from datetime import datetime

    from serienpost import Context
    from serienpost_channel_smtp.account import SmtpAccount
    from serienpost_channel_smtp.connection_settings import ConnectionSettings

_ = Texts(__name__)

_REMEDY_OF_STAGE = {
    "connect": _("check host and port, and whether the network lets this port out"),
    "ehlo": _("check host and port"),
    "starttls": PORT_AND_SECURITY,
    "auth": _("check username and password; some providers want a password for this program alone"),
    "mail": _("set sender or envelope_sender to an address that this login owns"),
}


async def probe(
    context: Context, account: SmtpAccount, settings: ConnectionSettings, now: datetime
) -> Sequence[ProbeResult]:
    """Try sending without sending, then the mailbox for bounces; say what the provider limits."""
    return [
        *await _probe_sending(account, settings, now),
        *await _probe_mailbox(context, account),
        *_preset(account),
        *_python(),
    ]


async def _probe_sending(
    account: SmtpAccount, settings: ConnectionSettings, now: datetime
) -> list[ProbeResult]:
    """Connect, encrypt, log in, offer the sender; the first failure ends it."""
    connection = Connection(settings)
    answers = _("{server} answers", server=f"{settings.host}:{settings.port}")
    login = _("login accepted") if settings.username else _("no login is set")
    steps: tuple[tuple[Callable[[], Awaitable[None]], Callable[[], str]], ...] = (
        (connection.connect, lambda: answers),
        (connection.secure, lambda: _encryption(connection)),
        (connection.login, lambda: login),
        (lambda: connection.offer(account.envelope), lambda: _("the sender is allowed")),
    )
    results: list[ProbeResult] = []
    try:
        for step, found in steps:
            failure = await _failure(connection, step, now)
            if failure:
                results.append(failure)
                break
            results.append(ProbeResult(ok=True, text=found()))
        else:
            results.extend(ProbeResult(ok=True, text=text) for text in _limits(connection))
    finally:
        await connection.quit()
    return results


async def _failure(
    connection: Connection, step: Callable[[], Awaitable[None]], now: datetime
) -> ProbeResult | None:
    from aiosmtplib import SMTPException

    try:
        await step()
    except (SMTPException, *WIRE_ERRORS) as error:
        outcome = outcome_of(error, connection.stage, now=now)
        text = getattr(outcome, "text", "")
        code = getattr(outcome, "code", "")
        remedy = REMEDIES.get(code) if isinstance(outcome, AccountProblem) else None
        return ProbeResult(
            ok=False,
            text=joined(" ", (code, text)) if code.isdecimal() else text,
            remedy=remedy or _REMEDY_OF_STAGE.get(connection.stage),
        )
    return None


def _encryption(connection: Connection) -> str:
    tls = connection.client.get_transport_info("ssl_object")
    if not isinstance(tls, ssl.SSLObject):
        return _("not encrypted (a server on this machine)")
    return _("{version}, certificate valid", version=tls.version() or "TLS")


def _limits(connection: Connection) -> Iterator[str]:
    """What EHLO announces (RFC 1870, RFC 9422)."""
    size, most = connection.size_limit, connection.most_messages
    if size:
        yield _("messages up to {size} MB", size=size // 1_000_000)
    else:
        yield _("no limit of size is announced")
    if most:
        yield _.ngettext(
            "at most {n} message over one connection",
            "at most {n} messages over one connection",
            most,
        )


async def _probe_mailbox(context: Context, account: SmtpAccount) -> list[ProbeResult]:
    try:
        mailbox = await mailbox_of(context, account)
        if mailbox is None:
            return []
        count = await asyncio.to_thread(probe_mailbox, mailbox)
    except SerienpostError as error:
        hints = [problem.hint for problem in error.problems if problem.hint]
        said = joined("; ", [problem.message for problem in error.problems])
        return [ProbeResult(ok=False, text=said, remedy=hints[0] if hints else None)]
    found = _.ngettext(
        "{n} e-mail in {folder} at {host}",
        "{n} e-mails in {folder} at {host}",
        count,
        folder=mailbox.folder,
        host=mailbox.host,
    )
    return [ProbeResult(ok=True, text=found)]


def _preset(account: SmtpAccount) -> list[ProbeResult]:
    if account.preset is None:
        return []
    return [ProbeResult(ok=True, text=joined(": ", (account.preset, preset_note(account.preset))))]


def _python() -> list[ProbeResult]:
    if not encoded_words_become_headers():
        return []
    return [
        ProbeResult(
            ok=True,
            text=_(
                "this Python's email package is open to CVE-2024-6923; such subjects are refused"
            ),
            remedy=UPDATE_PYTHON,
        )
    ]
