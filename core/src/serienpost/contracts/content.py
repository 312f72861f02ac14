"""What leaves: text and files before and after the channel had its say."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime  # noqa: TC003  # part of public records
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from serienpost.contracts.macros import MacroSetting
    from serienpost.fields import Part


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of a provider's template, under its name there.

    Args:
        name: to be answered by the macro of exactly this name.
        parts: where it stands: `subject`, `text`, `html`.
        as_markup: somewhere the provider sets it into HTML as it is, so it is sent escaped.
        as_text: somewhere it is needed as plain text.
        tested: it decides a condition.
        may_be_empty: the template provides for it wherever it may be empty.
    """

    name: str
    parts: tuple[Part, ...]
    as_markup: bool = False
    as_text: bool = False
    tested: bool = False
    may_be_empty: bool = False


@dataclass(frozen=True, slots=True)
class ProviderTemplate:
    """A template that the provider keeps, as it is at one moment.

    Args:
        id: the provider's id of it.
        version: the provider's id of the version that is in force.
        digest: of everything in it; the same version may be edited in place.
        title: how people call it.
        variables: what it uses, sorted by name.
        hints: sentences for whoever keeps it there; nothing that forbids sending.
        sources: part -> as the provider keeps it, for whoever looks at what will leave.
    """

    id: str
    version: str
    digest: str
    title: str
    variables: tuple[Variable, ...] = ()
    hints: tuple[str, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> ProviderTemplate:
        """The template that `dataclasses.asdict` made plain."""
        variables = tuple(
            Variable(**{**each, "parts": tuple(each["parts"])}) for each in plain["variables"]
        )
        return cls(**{**plain, "variables": variables, "hints": tuple(plain["hints"])})

    def is_same(self, other: ProviderTemplate) -> bool:
        """Whether a message made with the other reads as with this one."""
        return (self.id, self.version, self.digest) == (other.id, other.version, other.digest)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a message; `content_id` makes it an image inside the HTML part."""

    filename: str
    media_type: str
    data: bytes
    content_id: str | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A row's text as rendered by the core, before the channel has had its say.

    `values` are the macros that the text uses and the channel sets itself, as text in the
    message's language; `named` those that the text names itself, of two parts the formatted one.
    `subject` is empty where the channel has none. `files` are the frozen files by name: page, style
    sheet and images of the template, the signature's image, those that the channel asked for. With
    a `template` kept by the provider subject and text are empty: the provider writes them, and
    `values` are all that it gets.
    """

    kind: str
    language: str
    address: str
    subject: str
    text: str
    html: str | None
    values: Mapping[str, str]
    attachments: tuple[Attachment, ...] = ()
    template: ProviderTemplate | None = None
    named: frozenset[str] = frozenset()
    files: Mapping[str, bytes] = field(default_factory=dict)
    setting: MacroSetting | None = None


@dataclass(frozen=True, slots=True)
class FilledTemplate:
    """A template kept by the provider, frozen by id and version, and the data sent for it;
    `sources` are its parts, so that the message can be looked at. They do not leave."""

    id: str
    version: str
    data: Mapping[str, str]
    sources: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Content:
    """Everything that leaves for one recipient. Two contents with one digest are the same.

    `headers` are those of an e-mail that stand in none of the other parts (`Reply-To`). `layout` is
    what the channel must know to set the message, beside its texts and files: names and values of
    its own, such as a letter's DIN form and the lines in its window.
    """

    kind: str
    sender: str
    address: str
    subject: str
    text: str
    html: str | None = None
    attachments: tuple[Attachment, ...] = ()
    template: FilledTemplate | None = None
    headers: tuple[tuple[str, str], ...] = ()
    layout: tuple[tuple[str, str], ...] = ()

    def digest(self) -> str:
        """SHA-256 over canonical JSON of all parts; attachments by their own digests."""
        plain: dict[str, object] = {
            "kind": self.kind,
            "sender": self.sender,
            "address": self.address,
            "subject": self.subject,
            "text": self.text,
            "html": self.html,
            "attachments": [
                [a.filename, a.media_type, a.content_id, _sha256(a.data)] for a in self.attachments
            ],
        }
        if self.headers:
            plain["headers"] = [list(header) for header in self.headers]
        if self.layout:
            plain["layout"] = [list(entry) for entry in self.layout]
        if self.template:
            plain["template"] = [self.template.id, self.template.version, dict(self.template.data)]
        return hashlib.sha256(_canonical(plain).encode("utf-8", "surrogatepass")).hexdigest()


_canonical = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


@lru_cache(maxsize=4)
def _sha256(data: bytes) -> str:
    """The digest of a file; the last few are kept, since many messages share one."""
    return hashlib.sha256(data).hexdigest()


@dataclass(frozen=True, slots=True)
class Refused:
    """The channel cannot or will not carry this draft: a sentence for the user."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Cost:
    """What one message costs: `unit` is `credits`, `pages` or `messages`; `detail` goes to JSON
    (`{"segments": 2, "encoding": "GSM-7"}`), but for `because`: the sign outside of the GSM
    alphabet that makes an SMS longer, which the review names with how often."""

    unit: Literal["credits", "pages", "messages"]
    amount: float
    detail: Mapping[str, str | int | float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Message:
    """What a sender gets: content and the reference that stays the same over all attempts.

    `ref` is 12 characters of Crockford base32; `position` is the row's number in its run;
    `send_at` (aware, UTC) is set where the provider is to hold the message. `part` is the fixed
    part that the message belongs to, on channels that have them; `cost` the amount that was
    foretold; `is_test` marks a message to an own address. `seen_at` is set where the message is
    only looked at, in the practice's zone, for channels that write a date into it: when it left, or
    the moment.
    """

    ref: str
    run: str
    position: int
    content: Content
    send_at: datetime | None = None
    part: int | None = None
    cost: float | None = None
    is_test: bool = False
    seen_at: datetime | None = None
