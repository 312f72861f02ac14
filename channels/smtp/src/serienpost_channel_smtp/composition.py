"""From a rendered draft to what leaves, or the reason why it cannot."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from serienpost import Content, Refused, holds_reference, refused_in_header
from serienpost_channel_smtp.headers import further_headers, is_address
from serienpost_channel_smtp.message import unsafe_attachment

if TYPE_CHECKING:
    from serienpost import Context, Draft
    from serienpost_channel_smtp.account import SmtpAccount

_LONGEST_SUBJECT = 900
"""Characters; no provider shows nearly as many, and none need take more than 998 octets a line."""


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
    headers = further_headers(context, account, draft.language, linked=holds_reference(content))
    return replace(content, headers=headers) if headers else content


def _refused(draft: Draft) -> Refused | None:
    subject = refused_in_header(draft.subject)
    texts = draft.text + (draft.html or "")
    checks = (
        (draft.kind != "email", "wrong_kind", "the channel smtp carries e-mail only"),
        (not is_address(draft.address), "address", "SMTP cannot carry this address in ASCII"),
        (not draft.subject.strip(), "no_subject", "an e-mail needs a subject"),
        (len(draft.subject) > _LONGEST_SUBJECT, "long_subject", "the subject is too long"),
        (subject is not None, "unsafe_subject", f"the subject {subject}"),
        (not draft.text.strip(), "no_text", "the text is empty"),
        (not _is_whole(texts), "text", "the text holds half a character"),
    )
    for applies, code, reason in checks:
        if applies:
            return Refused(code, reason)
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
            return Refused("attachment", "an image inside the text needs a formatted part")
    return None
