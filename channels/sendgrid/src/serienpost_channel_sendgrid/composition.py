"""From a draft to what leaves, or the reason why it cannot; and the request that carries it."""

from __future__ import annotations

import json
from base64 import b64encode
from html import escape
from typing import TYPE_CHECKING, Any

from serienpost import (
    CONTROL,
    LINE_BREAK,
    SURROGATE,
    Content,
    FilledTemplate,
    Refused,
    Texts,
    parse_sender,
    refused_in_header,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from serienpost import Attachment, Draft, Message, ProviderTemplate, Variable
    from serienpost_channel_sendgrid.account import SendGridAccount

_ = Texts(__name__)

# Octets of one request, attachments included (SendGrid: below 30 MB).
LARGEST_REQUEST = 30_000_000

# Our reference among the `custom_args`; it comes back with SendGrid's events.
REFERENCE = "ref"

_HEAD = 10_000
# A character is at most so many octets in JSON (an escaped control character).
_WORST = 6

_NO = frozenset({"nein", "no"})

_UNSAFE_ADDRESS = Refused("unsafe_address", _("the address cannot stand in a header"))
_UNSAFE_SUBJECT = Refused("unsafe_subject", _("the subject cannot stand in a header"))


def compose(account: SendGridAccount, draft: Draft) -> Content | Refused:
    """Take the rendered text, or the values for a template; refuse what SendGrid would."""
    refused = _refused(draft)
    if refused:
        return refused
    template = None
    if draft.template:
        data = fill(draft.template, dict(draft.values))
        if isinstance(data, Refused):
            return data
        template = FilledTemplate(
            draft.template.id, draft.template.version, data, draft.template.sources
        )
    content = Content(
        kind="email",
        sender=account.sender,
        address=draft.address,
        subject=draft.subject,
        text=draft.text,
        html=draft.html,
        attachments=draft.attachments,
        template=template,
    )
    if largest_size(content) + _HEAD > LARGEST_REQUEST:
        return Refused("too_large", _("the message with its attachments is larger than 30 MB"))
    return content


def largest_size(content: Content) -> int:
    """Octets that a message takes in a request at most; Base64 makes four of three."""
    size = _octets(content.text) + _octets(content.html or "") + _octets(content.subject)
    size += sum(4 * (len(a.data) // 3 + 1) + 500 for a in content.attachments)
    if content.template:
        size += sum(_WORST * len(text) + 100 for text in content.template.data.values())
    return size


def _octets(text: str) -> int:
    return 2 * len(text.encode("utf-8", "surrogatepass"))


def fill(template: ProviderTemplate, values: dict[str, str]) -> dict[str, str] | Refused:
    """What is sent for each variable, so that it reads the same wherever the template puts it.

    Set into HTML as it is, a value is sent escaped, its lines with `<br>`; elsewhere plain. A
    variable used both ways is sent only where both are the same.
    """
    data = {}
    for variable in template.variables:
        if variable.name not in values:
            continue
        value = values[variable.name]
        reason = _unsuitable(variable, value)
        if reason:
            said = _("the macro {name} {reason}", name=variable.name, reason=reason)
            return Refused("value_refused", said)
        data[variable.name] = as_markup(value) if variable.as_markup else value
    return data


def as_markup(value: str) -> str:
    """The value as HTML that shows it literally."""
    return escape(value).replace("\n", "<br>")


def _unsuitable(variable: Variable, value: str) -> str | None:
    if CONTROL.search(value):
        return _("contains control characters")
    if variable.tested and value.casefold() in _NO:
        return _(
            "is {value}, which SendGrid takes for yes; it tests with equals there", value=value
        )
    if "subject" in variable.parts and (LINE_BREAK.search(value) or refused_in_header(value)):
        return _("cannot stand in the subject of SendGrid's template")
    if variable.as_markup and variable.as_text and as_markup(value) != value:
        return _(
            "stands in triple braces in the HTML of SendGrid's template and elsewhere too; this"
            " value is not the same in both"
        )
    return None


def _refused(draft: Draft) -> Refused | None:
    written = draft.template is None
    texts = draft.text + (draft.html or "")
    if draft.kind != "email":
        return Refused("wrong_kind", _("the channel sendgrid carries e-mail only"))
    if written and not draft.subject.strip():
        return Refused("no_subject", _("an e-mail needs a subject"))
    if written and not draft.text.strip():
        return Refused("no_text", _("the text is empty"))
    if SURROGATE.search(texts):
        return Refused("text", _("the text holds half a character"))
    for text, unsafe in ((draft.address, _UNSAFE_ADDRESS), (draft.subject, _UNSAFE_SUBJECT)):
        if refused_in_header(text):
            return unsafe
    return _unfit_attachment(draft)


def _unfit_attachment(draft: Draft) -> Refused | None:
    for attachment in draft.attachments:
        names = f"{attachment.filename}{attachment.media_type}{attachment.content_id or ''}"
        if (
            refused_in_header(names)
            or ";" in attachment.media_type
            or not attachment.filename.strip()
        ):
            return Refused("attachment", _("an attachment's name cannot stand in a header"))
        if "/" not in attachment.media_type or not attachment.data:
            return Refused("attachment", _("an attachment is empty or of no type"))
        if attachment.content_id is not None and not draft.template and draft.html is None:
            return Refused("attachment", _("an image inside the text needs a formatted part"))
    return None


class MailSend:
    """Makes the documents of mail send requests for one account: nothing but what the messages hold
    and our reference."""

    def __init__(self, account: SendGridAccount) -> None:
        self._head: dict[str, Any] = {"from": mailbox_object(account.sender)}
        if account.reply_to:
            self._head["reply_to"] = mailbox_object(account.reply_to)
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


def mailbox_object(text: str) -> dict[str, str]:
    """A sender as SendGrid reads it."""
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
