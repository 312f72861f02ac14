"""Channels: how a message leaves, and the closed vocabulary of what became of it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime  # noqa: TC003  # part of public records
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from serienpost.config.accounts import AccountSettings
    from serienpost.context import Context
    from serienpost.contracts.macros import MacroSetting
    from serienpost.contracts.providers import KeptTemplate
    from serienpost.kinds import Kind


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a channel can express; anything beyond is an error at `check`.

    Args:
        subject: messages have a subject line.
        html: a formatted part beside the text.
        attachments: files beside the text.
        scheduling: the provider can hold a message until a time.
        longest_text: characters at most, None = no limit of its own.
    """

    subject: bool = False
    html: bool = False
    attachments: bool = False
    scheduling: bool = False
    longest_text: int | None = None


@dataclass(frozen=True, slots=True)
class Processor:
    """Who receives the data outside the practice, for the manifest.

    Args:
        name: the company.
        region: where it processes the data.
        contract: day of the contract about processing (Art. 28 GDPR), ISO 8601, if known.
        attestation: what attests its security (C5 type 2, section 393 SGB V), if known.
    """

    name: str
    region: str
    contract: str | None = None
    attestation: str | None = None


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
    template: KeptTemplate | None = None
    named: frozenset[str] = frozenset()
    files: Mapping[str, bytes] = field(default_factory=dict)
    setting: MacroSetting | None = None


@dataclass(frozen=True, slots=True)
class ProviderTemplate:
    """A template kept by the provider, frozen by id and version, and the data sent for it."""

    id: str
    version: str
    data: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Content:
    """Everything that leaves for one recipient. Two contents with one digest are the same.

    `headers` are those of an e-mail that stand in none of the other parts (`Reply-To`).
    """

    kind: str
    sender: str
    address: str
    subject: str
    text: str
    html: str | None = None
    attachments: tuple[Attachment, ...] = ()
    template: ProviderTemplate | None = None
    headers: tuple[tuple[str, str], ...] = ()

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
    foretold; `is_test` marks a message to an own address.
    """

    ref: str
    run: str
    position: int
    content: Content
    send_at: datetime | None = None
    part: int | None = None
    cost: float | None = None
    is_test: bool = False


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider took responsibility; `ref` is its own reference, if it gave one."""

    ref: str | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Rejected:
    """Definitely not sent and will not be: the recipient's fault or the message's."""

    code: str
    text: str
    scope: Literal["recipient", "message"] = "recipient"


@dataclass(frozen=True, slots=True)
class Deferred:
    """Definitely not sent now, worth another try after `retry_after` seconds (None: backoff).

    `connection` marks a failure to reach the provider at all; ten in a row pause the run.
    """

    code: str
    text: str
    retry_after: float | None = None
    connection: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may or may not have been sent; `stage` says where certainty ended (`data`, `reply`)."""

    stage: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class AccountProblem:
    """Definitely not sent, and nothing else will be: bad login, sender refused. Pauses the run."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class QuotaReached:
    """Definitely not sent; the account may send again at `until` (aware, UTC; None: unknown)."""

    code: str
    text: str
    until: datetime | None = None


Outcome: TypeAlias = Accepted | Rejected | Deferred | Unknown | AccountProblem | QuotaReached


class Sender(Protocol):
    """An open account of a channel. Lives in one event loop.

    Args:
        slots: calls that may be under way at once (connections).
        batch: messages per call at most.
    """

    @property
    def slots(self) -> int: ...

    @property
    def batch(self) -> int: ...

    def calls(self, messages: Sequence[Message]) -> Iterable[Sequence[Message]]:
        """Cut messages into wire requests of at most `batch`; each message exactly once."""

    async def send(self, call: Sequence[Message], slot: int) -> Sequence[Outcome]:
        """Do one wire request on slot 0 .. slots-1 and say what became of each message, in order.

        Whatever is not certain is `Unknown`. Raising, or answering with another number or type,
        is taken as `Unknown` for all messages of the call.
        """


class Channel(Protocol):
    """A way for messages to leave."""

    @property
    def name(self) -> str:
        """The name used under `channel:` in an account."""

    @property
    def title(self) -> str:
        """A short name for people."""

    @property
    def kind(self) -> str | Kind:
        """`email`, `sms`, `letter`, or the channel's own `Kind` object."""

    @property
    def capabilities(self) -> Capabilities: ...

    @property
    def account(self) -> type[AccountSettings]:
        """The model of this channel's entries under `accounts:`."""

    @property
    def repeatable(self) -> bool:
        """A call made again leaves one result and nothing leaves the machine (letters)."""

    @property
    def longest_call(self) -> float:
        """Seconds after which a call is over for certain; the lease is this plus five minutes."""

    def processor(self, account: AccountSettings) -> Processor | None:
        """Who gets the data; None when it does not leave the practice's own machines."""

    def compose(
        self, context: Context, account: AccountSettings, draft: Draft
    ) -> Content | Refused:
        """Turn a draft into what leaves. Called at `check` with examples and for every row."""

    def cost(self, account: AccountSettings, content: Content) -> Cost | None:
        """What this message will cost, None where it costs nothing."""

    def preview(self, account: AccountSettings, message: Message) -> Mapping[str, bytes]:
        """What would leave, as files: suffix (`.eml`, `.txt`, `.pdf`) -> bytes."""

    def open(
        self, context: Context, account: AccountSettings
    ) -> AbstractAsyncContextManager[Sender]:
        """Open the account. Connections may be made here or with the first call."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that became known after acceptance. `id` is unique per account and event.

    `other` is whatever else a provider reports, or words that the channel does not know: it is
    kept with its code and changes nothing. With neither `ref` nor `provider_ref` a bounce or
    complaint is taken for what the account sent to `address` last, within seven days.
    """

    id: str
    kind: Literal["delivered", "bounced", "complained", "unsubscribed", "other"]
    at: datetime
    ref: str | None = None
    provider_ref: str | None = None
    address: str | None = None
    code: str = ""
    text: str = ""
    permanent: bool = False


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """One thing `doctor` found out about an account."""

    ok: bool
    text: str
    remedy: str | None = None


@runtime_checkable
class HasEvents(Protocol):
    """A channel that can ask its provider for reports and bounces."""

    def events(
        self, context: Context, account: AccountSettings, since: datetime | None
    ) -> AsyncIterator[Event]: ...


@runtime_checkable
class HasLookup(Protocol):
    """A channel that can ask its provider what became of a message in doubt."""

    async def lookup(
        self, context: Context, account: AccountSettings, messages: Sequence[Message]
    ) -> Sequence[Accepted | Rejected | Unknown]: ...


@runtime_checkable
class HasProbe(Protocol):
    """A channel whose account can be tried without sending."""

    async def probe(self, context: Context, account: AccountSettings) -> Sequence[ProbeResult]: ...


@runtime_checkable
class HasBalance(Protocol):
    """A channel whose provider keeps an account of credits."""

    async def balance(self, context: Context, account: AccountSettings) -> float: ...


@dataclass(frozen=True, slots=True)
class Sent:
    """An accepted message as `finish` gets to know it; `row`, `number` and `name` say whom."""

    ref: str
    position: int
    part: int
    row: str
    number: str | None
    name: str | None


@dataclass(frozen=True, slots=True)
class Edition:
    """What a run delivered since it was last finished: 0 at first, then one for each reopening."""

    run: str
    number: int
    title: str
    language: str
    sent: Sequence[Sent]


@runtime_checkable
class HasFinish(Protocol):
    """A channel that sends in fixed parts, each in one call, and completes its result after the
    last one."""

    def part_size(self, account: AccountSettings) -> int:
        """Messages of a part at most; the sender's `batch`."""

    def finish(
        self, context: Context, account: AccountSettings, edition: Edition
    ) -> Sequence[Path]:
        """Complete what the parts of an edition hold; done again, it changes nothing.

        Raises:
            SerienpostError: it cannot be completed now; the run stays open.
        """


@runtime_checkable
class HasLayout(Protocol):
    """A channel that sets macros and files of its own around the text."""

    @property
    def layout_macros(self) -> frozenset[str]:
        """Macros that are set without the text naming them; none of them may be empty."""

    def files(self, context: Context, account: AccountSettings) -> Mapping[str, bytes]:
        """The files that the account names, to be frozen with the run: name -> bytes.

        Raises:
            SerienpostError: one is missing or no file of its kind.
        """


@runtime_checkable
class HasForecast(Protocol):
    """A channel that must try a message out to know what it costs."""

    def forecast(
        self, context: Context, account: AccountSettings, contents: Sequence[Content]
    ) -> Sequence[Cost | Refused]:
        """The cost of each content, or why it cannot leave. Nothing is kept.

        Raises:
            SerienpostError: no content can be tried out.
        """


@runtime_checkable
class HasRecord(Protocol):
    """A channel whose messages can be kept in a record and made again from it alone."""

    def record(self, account: AccountSettings, message: Message) -> str:
        """The message with all that it needs, as text."""

    def print_records(self, records: Sequence[str]) -> bytes:
        """One printable file of what `record` gave, in this order.

        Raises:
            SerienpostError: one is none of this channel's or cannot be printed.
        """
