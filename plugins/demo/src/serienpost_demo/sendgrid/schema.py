"""What mail send takes: the documented fields, types and limits, each error with its field.

Our own description of SendGrid's v3 API. Unknown keys are refused, so that a misspelt one is found.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    ValidationError,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MOST_RECIPIENTS = 1000
# Octets of a request, attachments included.
LARGEST_REQUEST = 30_000_000

LONGEST_ARGS = 10_000
RESERVED_HEADERS = frozenset(
    (
        *("x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "to", "from"),
        *("content-transfer-encoding", "subject", "reply-to", "cc", "bcc"),
    )
)


def _address(value: str) -> str:
    local, at, domain = value.rpartition("@")
    if not (local and at and "." in domain and value.isascii()) or set(value) & set(' \r\n,;<>"'):
        raise ValueError("does not contain a valid address")
    if domain.startswith(".") or domain.endswith(".") or ".." in value:
        raise ValueError("does not contain a valid address")
    return value


def _name(value: str) -> str:
    if set(value) & set(";,\r\n"):
        raise ValueError("a name must not contain ; or ,")
    return value


def _ascii(value: str) -> str:
    if not value.isascii():
        raise ValueError("must be ASCII")
    return value


def _base64(value: str) -> str:
    try:
        base64.b64decode(value, validate=True)
    except binascii.Error:
        raise ValueError("is not Base64") from None
    return value


def _media_type(value: str) -> str:
    if set(value) & set(";\r\n"):
        raise ValueError("a type must not contain ; or line breaks")
    return value


def _headers(value: dict[str, str]) -> dict[str, str]:
    for name, text in value.items():
        if not name.isascii() or " " in name or name.lower() in RESERVED_HEADERS:
            raise ValueError("a header is reserved or no header")
        if set(text) & set("\r\n"):
            raise ValueError("a header has line breaks")
    return value


def _args(value: dict[str, str]) -> dict[str, str]:
    if sum(len(k.encode()) + len(v.encode()) for k, v in value.items()) > LONGEST_ARGS:
        raise ValueError(f"is larger than {LONGEST_ARGS} octets")
    return value


def _unique(value: list[Any]) -> list[Any]:
    if len({repr(each) for each in value}) != len(value):
        raise ValueError("must not contain an entry twice")
    return value


Text = Annotated[StrictStr, Field(min_length=1)]
Headers = Annotated[dict[StrictStr, StrictStr], AfterValidator(_headers)]
Args = Annotated[dict[StrictStr, Text], AfterValidator(_args)]


class Part(BaseModel):
    """A part of the request that takes its own keys only."""

    model_config = ConfigDict(extra="forbid")


class Mailbox(Part):
    email: Annotated[StrictStr, AfterValidator(_address)]
    name: Annotated[StrictStr, AfterValidator(_name)] | None = None


Mailboxes = Annotated[list[Mailbox], Field(max_length=MOST_RECIPIENTS)]


class Personalization(Part):
    to: Annotated[Mailboxes, Field(min_length=1)]
    from_: Mailbox | None = Field(default=None, alias="from")
    cc: Mailboxes = []
    bcc: Mailboxes = []
    subject: Text | None = None
    headers: Headers | None = None
    substitutions: dict[StrictStr, StrictStr] | None = None
    dynamic_template_data: dict[StrictStr, Any] | None = None
    custom_args: Args | None = None
    send_at: StrictInt | None = None

    @property
    def addresses(self) -> list[str]:
        """All recipients, folded."""
        return [each.email.casefold() for each in (*self.to, *self.cc, *self.bcc)]


class Content(Part):
    type: Annotated[Text, AfterValidator(_media_type)]
    value: Text


class Attachment(Part):
    content: Annotated[Text, AfterValidator(_base64)]
    filename: Text
    type: Annotated[Text, AfterValidator(_media_type)] | None = None
    disposition: Literal["inline", "attachment"] = "attachment"
    content_id: StrictStr | None = None


class Switch(Part):
    enable: StrictBool = False


class Footer(Switch):
    text: StrictStr | None = None
    html: StrictStr | None = None


class MailSettings(Part):
    bypass_list_management: Switch | None = None
    bypass_spam_management: Switch | None = None
    bypass_bounce_management: Switch | None = None
    bypass_unsubscribe_management: Switch | None = None
    footer: Footer | None = None
    sandbox_mode: Switch = Switch()


class ClickTracking(Switch):
    enable_text: StrictBool = False


class OpenTracking(Switch):
    substitution_tag: StrictStr | None = None


class SubscriptionTracking(Footer):
    substitution_tag: StrictStr | None = None


class Analytics(Switch):
    utm_source: StrictStr | None = None
    utm_medium: StrictStr | None = None
    utm_term: StrictStr | None = None
    utm_content: StrictStr | None = None
    utm_campaign: StrictStr | None = None


class TrackingSettings(Part):
    click_tracking: ClickTracking | None = None
    open_tracking: OpenTracking | None = None
    subscription_tracking: SubscriptionTracking | None = None
    ganalytics: Analytics | None = None


class Unsubscribe(Part):
    group_id: StrictInt
    groups_to_display: Annotated[list[StrictInt], Field(max_length=25)] = []


Category = Annotated[StrictStr, Field(max_length=255), AfterValidator(_ascii)]


class MailSend(Part):
    """A whole request."""

    personalizations: Annotated[
        list[Personalization], Field(min_length=1, max_length=MOST_RECIPIENTS)
    ]
    from_: Mailbox = Field(alias="from")
    reply_to: Mailbox | None = None
    reply_to_list: (
        Annotated[list[Mailbox], Field(max_length=1000), AfterValidator(_unique)] | None
    ) = None
    subject: Text | None = None
    content: list[Content] = []
    attachments: list[Attachment] = []
    template_id: StrictStr | None = None
    headers: Headers | None = None
    categories: Annotated[list[Category], Field(max_length=10), AfterValidator(_unique)] = []
    custom_args: Args | None = None
    send_at: StrictInt | None = None
    batch_id: StrictStr | None = None
    asm: Unsubscribe | None = None
    ip_pool_name: Annotated[StrictStr, Field(min_length=2, max_length=64)] | None = None
    mail_settings: MailSettings = MailSettings()
    tracking_settings: TrackingSettings | None = None


def read(document: object) -> tuple[MailSend | None, list[tuple[str, str]]]:
    """Check a request; returns it, or message and field of each error."""
    empty = list(_nulls(document))
    if empty:
        return None, [("must not be null", field) for field in empty]
    try:
        mail = MailSend.model_validate(document)
    except ValidationError as error:
        found = [
            (each["msg"].removeprefix("Value error, "), ".".join(map(str, each["loc"])))
            for each in error.errors(include_url=False, include_context=False)
        ]
        return None, found
    errors = list(_rules(mail))
    return (None if errors else mail), errors


def _nulls(value: object, field: str = "") -> Iterator[str]:
    """Where null stands; only data for a template may hold it."""
    if value is None:
        yield field
        return
    parts: Iterable[tuple[object, object]] = ()
    if isinstance(value, dict):
        parts = value.items()
    elif isinstance(value, list):
        parts = enumerate(value)
    for name, each in parts:
        if name != "dynamic_template_data" or each is None:
            yield from _nulls(each, f"{field}.{name}".lstrip("."))


def _rules(mail: MailSend) -> list[tuple[str, str]]:
    """What the documentation says beside the types."""
    dynamic = (mail.template_id or "").startswith("d-")
    seen: set[str] = set()
    errors: list[tuple[str, str]] = []
    for index, one in enumerate(mail.personalizations):
        field = f"personalizations.{index}"
        addresses = set(one.addresses)
        if len(addresses) < len(one.addresses) or addresses & seen:
            errors.append(("each address must be unique in the request", f"{field}.to"))
        seen |= addresses
        if one.dynamic_template_data is not None and not dynamic:
            errors.append(("needs a dynamic template", f"{field}.dynamic_template_data"))
        if one.substitutions is not None and dynamic:
            errors.append(("not with a dynamic template", f"{field}.substitutions"))
        if mail.template_id is None and not (one.subject or mail.subject):
            errors.append(("the subject is required", f"{field}.subject"))
    if sum(len(one.addresses) for one in mail.personalizations) > MOST_RECIPIENTS:
        errors.append((f"more than {MOST_RECIPIENTS} recipients", "personalizations"))
    if mail.template_id is None and not mail.content:
        errors.append(("the content is required", "content"))
    if mail.reply_to and mail.reply_to_list:
        errors.append(("reply_to and reply_to_list exclude each other", "reply_to"))
    types = [each.type for each in mail.content]
    order = {"text/plain": 0, "text/html": 1}
    if types != sorted(types, key=lambda each: order.get(each, 2)):
        errors.append(("text/plain comes first, then text/html", "content"))
    return errors
