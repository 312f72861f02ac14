"""What may stand in a header, and the headers beyond those of every message: where answers go, how
to unsubscribe, who wrote."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from serienpost import PLACEHOLDER, parse_sender, refused_in_header, unsubscribe_mail

if TYPE_CHECKING:
    from collections.abc import Iterator

    from serienpost import Context
    from serienpost_channel_smtp.account import SmtpAccount

_ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?"
)
_LONGEST_ADDRESS = 254

Header = tuple[str, str]


def is_address(value: str) -> bool:
    """Whether this is a plain ASCII address (RFC 5321), without quotes, comments or brackets."""
    return (
        len(value) <= _LONGEST_ADDRESS
        and _ADDRESS.fullmatch(value) is not None
        and ".." not in value
        and refused_in_header(value) is None
    )


def further_headers(
    context: Context, account: SmtpAccount, language: str, *, linked: bool
) -> tuple[Header, ...]:
    """Name and value of each; the message's reference is put in when it has one.

    Args:
        context: the practice.
        account: the sender.
        language: of the text.
        linked: whether the text itself says how to unsubscribe.
    """
    return tuple(_headers(context, account, language, linked=linked))


def _headers(
    context: Context, account: SmtpAccount, language: str, *, linked: bool
) -> Iterator[Header]:
    if account.reply_to:
        yield "Reply-To", account.reply_to
    if account.list_unsubscribe == "always" or (account.list_unsubscribe != "never" and linked):
        yield from _unsubscribe(context, account, language)
    if account.auto_submitted:
        yield "Auto-Submitted", "auto-generated"
        yield "X-Auto-Response-Suppress", "OOF, AutoReply"


def _unsubscribe(context: Context, account: SmtpAccount, language: str) -> Iterator[Header]:
    """RFC 2369; RFC 8058 allows one click only to an https address."""
    mailbox = parse_sender(account.reply_to or account.sender)
    mail = f"<{unsubscribe_mail(mailbox.address, language)}>"
    page = context.practice.unsubscribe_url
    if page is None:
        yield "List-Unsubscribe", mail
        return
    yield "List-Unsubscribe", f"<{page}{PLACEHOLDER}>, {mail}"
    if page.startswith("https://"):
        yield "List-Unsubscribe-Post", "List-Unsubscribe=One-Click"
