"""The document of a mail send request: nothing but what the messages hold and our reference."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import TYPE_CHECKING, Any

from serienpost import parse_sender

if TYPE_CHECKING:
    from collections.abc import Sequence

    from serienpost import Attachment, Message
    from serienpost_channel_sendgrid.account import SendGridAccount

REFERENCE = "ref"
"""Our reference among the `custom_args`; it comes back with SendGrid's events."""


class Body:
    """Makes the documents of one account."""

    def __init__(self, account: SendGridAccount) -> None:
        self._head: dict[str, Any] = {"from": _mailbox(account.sender)}
        if account.reply_to:
            self._head["reply_to"] = _mailbox(account.reply_to)
        if account.categories:
            self._head["categories"] = account.categories
        click, opened = account.click_tracking, account.open_tracking
        self._head["tracking_settings"] = {
            "click_tracking": {"enable": click, "enable_text": click},
            "open_tracking": {"enable": opened},
            "subscription_tracking": {"enable": False},
            "ganalytics": {"enable": False},
        }
        if account.sandbox:
            self._head["mail_settings"] = {"sandbox_mode": {"enable": True}}

    def document(self, messages: Sequence[Message]) -> dict[str, Any]:
        """One request: messages with one template, or a single rendered one."""
        first = messages[0].content
        document = {"personalizations": [_personalization(each) for each in messages], **self._head}
        if first.template:
            document["template_id"] = first.template.id
        else:
            document["subject"] = first.subject
            document["content"] = [{"type": "text/plain", "value": first.text}]
            if first.html is not None:
                document["content"].append({"type": "text/html", "value": first.html})
        if first.attachments:
            document["attachments"] = [_attachment(each) for each in first.attachments]
        return document

    def octets(self, messages: Sequence[Message]) -> bytes:
        """The same as UTF-8."""
        document = self.document(messages)
        return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _mailbox(text: str) -> dict[str, str]:
    name, address = parse_sender(text)
    return {"email": address, "name": name} if name else {"email": address}


def _personalization(message: Message) -> dict[str, Any]:
    content = message.content
    one: dict[str, Any] = {
        "to": [{"email": content.address}],
        "custom_args": {REFERENCE: message.ref},
    }
    if content.template and content.template.data:
        one["dynamic_template_data"] = dict(content.template.data)
    return one


def _attachment(attachment: Attachment) -> dict[str, str]:
    plain = {
        "content": b64encode(attachment.data).decode("ascii"),
        "filename": attachment.filename,
        "type": attachment.media_type,
        "disposition": "attachment" if attachment.content_id is None else "inline",
    }
    if attachment.content_id is not None:
        plain["content_id"] = attachment.content_id
    return plain
