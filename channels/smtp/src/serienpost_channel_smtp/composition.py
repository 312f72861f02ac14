"""From a rendered draft to what leaves, with the account's headers, or the reason why it cannot."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from serienpost import (
    PLACEHOLDER,
    Content,
    Refused,
    Texts,
    holds_reference,
    parse_sender,
    refused_in_header,
    unsubscribe_mail,
)
from serienpost_channel_smtp.headers import is_address, unsafe_attachment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from serienpost import Context, Draft
    from serienpost_channel_smtp.account import SmtpAccount

_ = Texts(__name__)

# Characters; no provider shows nearly as many, and none need take more than 998 octets a line.
_LONGEST_SUBJECT = 900

_WRONG_KIND = Refused("wrong_kind", _("the channel smtp carries e-mail only"))
_ADDRESS = Refused("address", _("the address is not plain ASCII, which SMTP needs"))
_NO_SUBJECT = Refused("no_subject", _("an e-mail needs a subject"))
_LONG_SUBJECT = Refused("long_subject", _("the subject is too long"))
_NO_TEXT = Refused("no_text", _("the text is empty"))
_TEXT = Refused("text", _("the text holds half a character"))


def compose(context: Context, account: SmtpAccount, draft: Draft) -> Content | Refused:
    """Take the draft as it is, with the account's headers; refuse what SMTP cannot carry."""
    if not account.html:
        files = tuple(file for file in draft.attachments if file.content_id is None)
        draft = replace(draft, html=None, attachments=files)
    refused = _refused(draft)
    if refused:
        return refused
    content = Content(
        kind="email",
        sender=account.sender,
        address=draft.address,
        subject=draft.subject,
        text=draft.text,
        html=draft.html,
        attachments=draft.attachments,
    )
    linked = holds_reference(content)
    headers = tuple(_headers(context, account, draft.language, linked=linked))
    return replace(content, headers=headers) if headers else content


def _headers(
    context: Context, account: SmtpAccount, language: str, *, linked: bool
) -> Iterator[tuple[str, str]]:
    """Headers beyond those of every message: where answers go, how to unsubscribe, who wrote; the
    message's reference is put in when it has one. `linked`: the text itself says how to end it."""
    if account.reply_to:
        yield "Reply-To", account.reply_to
    if account.list_unsubscribe == "always" or (account.list_unsubscribe != "never" and linked):
        yield from _unsubscribe(context, account, language)
    if account.auto_submitted:
        yield "Auto-Submitted", "auto-generated"
        yield "X-Auto-Response-Suppress", "OOF, AutoReply"


def _unsubscribe(
    context: Context, account: SmtpAccount, language: str
) -> Iterator[tuple[str, str]]:
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


def _refused(draft: Draft) -> Refused | None:
    checks = (
        (draft.kind != "email", _WRONG_KIND),
        (not is_address(draft.address), _ADDRESS),
        (not draft.subject.strip(), _NO_SUBJECT),
        (len(draft.subject) > _LONGEST_SUBJECT, _LONG_SUBJECT),
        (not draft.text.strip(), _NO_TEXT),
        (not _is_whole(draft.text + (draft.html or "")), _TEXT),
    )
    for applies, refused in checks:
        if applies:
            return refused
    if reason := refused_in_header(draft.subject):
        return Refused("unsafe_subject", _("the subject {reason}", reason=reason))
    return _refused_attachment(draft)


def _is_whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _refused_attachment(draft: Draft) -> Refused | None:
    for attachment in draft.attachments:
        if reason := unsafe_attachment(attachment):
            return Refused("attachment", reason)
        if attachment.content_id is not None and draft.html is None:
            return Refused("attachment", _("an image inside the text needs a formatted part"))
    return None
