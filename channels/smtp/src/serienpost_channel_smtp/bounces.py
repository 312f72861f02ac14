"""The mailbox that bounces come to, read by IMAP without changing anything in it."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from serienpost import SerienpostError, Texts, parse_sender
from serienpost_channel_smtp.connection_settings import tls, token
from serienpost_channel_smtp.oauth import TokenRefusedError, TokenServerError
from serienpost_channel_smtp.reports import may_be_report, parse, read_report

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator
    from datetime import datetime

    from imap_tools import BaseMailBox

    from serienpost import Context, Event
    from serienpost_channel_smtp.account import Security, SmtpAccount

_ = Texts(__name__)

FIRST_LOOK = timedelta(days=30)
# Read again at each look, since servers search by day and reports may come late.
OVERLAP = timedelta(days=2)

# Octets; a larger mail is not read.
LARGEST = 5_000_000

# Mails looked at in one go, the newest.
MOST = 20_000

_TIMEOUT = 60.0
_BULK = 100


class MailboxError(SerienpostError):
    """The mailbox with the bounces cannot be read."""


@dataclass(frozen=True, slots=True)
class BounceMailbox:
    """Everything that is needed to open it; `token` instead of `password` for XOAUTH2."""

    host: str
    port: int
    security: Security
    tls: ssl.SSLContext | None
    username: str
    password: str
    token: str | None
    folder: str


async def mailbox_of(context: Context, account: SmtpAccount) -> BounceMailbox | None:
    """Where the account's bounces come to, None where the account does not say.

    Raises:
        SecretError: no store knows a secret.
        ConfigError: the `ca_file` cannot be used.
        MailboxError: the provider gives no access token.
    """
    if account.imap_host is None:
        return None
    reference = account.imap_password or account.password
    tokens = None if account.imap_password else token(context, account)
    check = await asyncio.to_thread(tls, context, account, account.imap_security)
    access = None
    if tokens is not None:
        try:
            access = await tokens()
        except (TokenRefusedError, TokenServerError) as error:
            host, why = account.imap_host, error.text
            raise MailboxError(
                _("no access token for {host}: {reason}", host=host, reason=why)
            ) from None
    return BounceMailbox(
        host=account.imap_host.strip("[]"),
        port=account.effective_imap_port,
        security=account.imap_security,
        tls=check,
        username=account.imap_username or account.username or "",
        password=context.secret(reference) if reference else "",
        token=access,
        folder=account.imap_folder,
    )


def read_events(
    mailbox: BounceMailbox, account: SmtpAccount, since: datetime | None, now: datetime
) -> list[Event]:
    """What the mails since then say about our messages. Blocks.

    Of all mails only the headers are read; the rest only of those that look like reports.

    Raises:
        MailboxError: it cannot be read.
    """
    domain = parse_sender(account.sender).domain
    first = (since - OVERLAP if since else now - FIRST_LOOK).date()
    with _opened(mailbox) as box:
        from imap_tools import AND, UidRange

        found = []
        for uid in _candidates(box, str(AND(date_gte=first))):
            for mail in box.fetch(AND(uid=UidRange(uid, uid)), mark_seen=False):
                event = read_report(parse(mail.obj.as_bytes()), domain, now)
                if event is not None:
                    found.append(event)
    return found


def probe_mailbox(mailbox: BounceMailbox) -> int:
    """Log in and count the mails in the folder. Blocks.

    Raises:
        MailboxError: it cannot be read.
    """
    with _opened(mailbox) as box:
        return int(box.folder.status(mailbox.folder)["MESSAGES"])


def _candidates(box: BaseMailBox, criteria: str) -> list[str]:
    heads = box.fetch(
        criteria, mark_seen=False, headers_only=True, bulk=_BULK, limit=MOST, reverse=True
    )
    return [
        head.uid
        for head in heads
        if head.uid and head.size_rfc822 <= LARGEST and may_be_report(parse(head.obj.as_bytes()))
    ]


@contextlib.contextmanager
def _opened(mailbox: BounceMailbox) -> Iterator[BaseMailBox]:
    from imaplib import IMAP4

    from imap_tools.errors import ImapToolsError, MailboxLoginError

    where = f"{mailbox.host}:{mailbox.port}"
    try:
        box = _connected(mailbox)
        try:
            _login(box, mailbox)
            box.folder.set(mailbox.folder, readonly=True)
            yield box
        finally:
            for leave in (box.logout, box.client.shutdown):
                with contextlib.suppress(Exception):
                    leave()
    except (IMAP4.error, MailboxLoginError):
        raise MailboxError(
            _("the mailbox at {server} refuses the login", server=where),
            hint=_("check imap_username and imap_password, or username and password"),
        ) from None
    except ImapToolsError:
        raise MailboxError(
            _(
                "the mailbox at {server} does not open the folder {folder}",
                server=where,
                folder=mailbox.folder,
            ),
            hint=_("check imap_folder"),
        ) from None
    except OSError as error:
        reason = getattr(error, "verify_message", None) or error.strerror or _("no answer")
        raise MailboxError(
            _("the mailbox at {server} cannot be reached: {reason}", server=where, reason=reason),
            hint=_(
                "check imap_host, imap_port, imap_security, and ca_file for an authority of your"
                " own"
            ),
        ) from None


def _connected(mailbox: BounceMailbox) -> BaseMailBox:
    from imap_tools import MailBox, MailBoxStartTls, MailBoxUnencrypted

    host, port, check = mailbox.host, mailbox.port, mailbox.tls
    if mailbox.security == "none":
        return MailBoxUnencrypted(host, port, _TIMEOUT)
    kind = MailBoxStartTls if mailbox.security == "starttls" else MailBox
    return kind(host, port, timeout=_TIMEOUT, ssl_context=check)


def _login(box: BaseMailBox, mailbox: BounceMailbox) -> None:
    user, password = mailbox.username, mailbox.password
    if mailbox.token is not None:
        box.xoauth2(user, mailbox.token, initial_folder=None)
    elif (user + password).isascii():
        box.login(user, password, initial_folder=None)
    else:
        box.login_utf8(user, password, initial_folder=None)
