"""Channels: how a message leaves, and what else a channel may be able to do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime  # noqa: TC003  # part of public records
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias, TypeVar, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from serienpost.contracts.accounts import AccountSettings
    from serienpost.contracts.content import Content, Cost, Draft, Message, Refused
    from serienpost.contracts.context import Context
    from serienpost.contracts.kinds import Kind
    from serienpost.contracts.outcomes import Accepted, Outcome, Rejected, Unknown

A = TypeVar("A", bound="AccountSettings")
# The model of a channel's accounts.
A_contra = TypeVar("A_contra", bound="AccountSettings", contravariant=True)


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


# The last look: whether the messages of a call may still leave, now. It takes a moment where they
# have to be checked again.
Go: TypeAlias = Callable[[], Awaitable[bool]]


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

    async def ready(self, slot: int) -> None:
        """Connect and log in what the next call on slot 0 .. slots-1 will need.

        Asked before the ledger holds that call as under way, and again as often as it may help: at
        once done where the connection stands. Nothing leaves here. What fails is the outcome of the
        next call on this slot; raising is the same as doing nothing.
        """

    async def send(self, call: Sequence[Message], slot: int, go: Go) -> Sequence[Outcome]:
        """Do one wire request on slot 0 .. slots-1 and say what became of each message, in order.

        `await go()` right before the first octet of a message (MAIL FROM, the first byte of the
        request, the name of the file), after all that may take time, and again before each further
        request of the call. After a False nothing more is written: what has not left is
        `NotStarted`, and the account stays usable.

        Whatever is not certain is `Unknown`. Raising, or answering with another number or type,
        is taken as `Unknown` for all messages of the call.
        """


@runtime_checkable
class HasDisconnect(Protocol):
    """A sender that can take leave of one connection, for another process of the same account.

    The connections of an account are a budget over all processes that deliver with it. A sender
    without this keeps what it has connected until it ends, and others wait for that.
    """

    async def disconnect(self, slot: int) -> None:
        """Close what stands on slot 0 .. slots-1, on which no call is under way; `ready` connects
        it again. Closing what is closed does nothing."""


class Channel(Protocol[A]):
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
    def account(self) -> type[A]:
        """The model of this channel's entries under `accounts:`."""

    @property
    def repeatable(self) -> bool:
        """A call made again leaves one result and nothing leaves the machine (letters)."""

    @property
    def longest_call(self) -> float:
        """Seconds after which a call is over for certain; the lease is this plus five minutes."""

    def processor(self, account: A) -> Processor | None:
        """Who gets the data; None when it does not leave the practice's own machines."""

    def compose(self, context: Context, account: A, draft: Draft) -> Content | Refused:
        """Turn a draft into what leaves. Called at `check` with examples and for every row."""

    def cost(self, account: A, content: Content) -> Cost | None:
        """What this message will cost, None where it costs nothing."""

    def preview(self, account: A, message: Message) -> Mapping[str, bytes]:
        """What would leave, as files: suffix (`.eml`, `.txt`, `.pdf`) -> bytes."""

    def open(self, context: Context, account: A) -> AbstractAsyncContextManager[Sender]:
        """Open the account; its connections are made by `Sender.ready`."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that became known after acceptance. `id` is unique per account and event.

    `other` is whatever else a provider reports, or words that the channel does not know: it is
    kept with its code and changes nothing. With neither `ref` nor `provider_ref` a bounce or
    complaint is taken for what the account sent to `address` last, within seven days.

    `permanent` bounces put the address on the suppression list, so only a definite fault of the
    address is one: it does not exist, or is closed for good (`is_address_fault`). Mailbox full, a
    policy, a blocklist, too many tries and what nobody understands are none.
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
class HasEvents(Protocol[A_contra]):
    """A channel that can ask its provider for reports and bounces."""

    def events(
        self, context: Context, account: A_contra, since: datetime | None
    ) -> AsyncIterator[Event]: ...


@runtime_checkable
class HasLookup(Protocol[A_contra]):
    """A channel that can ask its provider what became of a message in doubt."""

    async def lookup(
        self, context: Context, account: A_contra, messages: Sequence[Message]
    ) -> Sequence[Accepted | Rejected | Unknown]: ...


@runtime_checkable
class HasProbe(Protocol[A_contra]):
    """A channel whose account can be tried without sending."""

    async def probe(self, context: Context, account: A_contra) -> Sequence[ProbeResult]: ...


@runtime_checkable
class HasBalance(Protocol[A_contra]):
    """A channel whose provider keeps an account of credits."""

    async def balance(self, context: Context, account: A_contra) -> float: ...


@dataclass(frozen=True, slots=True)
class Sent:
    """An accepted message as `finish` gets to know it; `row`, `number` and `name` say whom,
    `provider_ref` is the one of its `Accepted`."""

    ref: str
    position: int
    part: int
    row: str
    number: str | None
    name: str | None
    provider_ref: str | None = None


@dataclass(frozen=True, slots=True)
class Generation:
    """What a run delivered since it was last finished: 0 at first, then one for each reopening."""

    run: str
    number: int
    title: str
    language: str
    sent: Sequence[Sent]


@runtime_checkable
class HasFinish(Protocol[A_contra]):
    """A channel that sends in fixed parts, each in one call, and completes its result after the
    last one."""

    def part_size(self, account: A_contra) -> int:
        """Messages of a part at most; the sender's `batch`."""

    def finish(self, context: Context, account: A_contra, generation: Generation) -> Sequence[Path]:
        """Complete what the parts of a generation hold; done again, it changes nothing.

        Raises:
            SerienpostError: it cannot be completed now; the run stays open.
        """


@runtime_checkable
class HasLayout(Protocol[A_contra]):
    """A channel that sets macros and files of its own around the text."""

    @property
    def layout_macros(self) -> frozenset[str]:
        """Macros that are set without the text naming them; none of them may be empty."""

    def files(self, context: Context, account: A_contra) -> Mapping[str, bytes]:
        """The files that the account names, to be frozen with the run: name -> bytes.

        Raises:
            SerienpostError: one is missing or no file of its kind.
        """


@runtime_checkable
class HasForecast(Protocol[A_contra]):
    """A channel that must try a message out to know what it costs."""

    def forecast(
        self, context: Context, account: A_contra, contents: Sequence[Content]
    ) -> Sequence[Cost | Refused]:
        """The cost of each content, or why it cannot leave. Nothing is kept.

        Raises:
            SerienpostError: no content can be tried out.
        """


@runtime_checkable
class HasViews(Protocol[A_contra]):
    """A channel whose messages people look at in another form than they leave in."""

    def views(
        self, account: A_contra, message: Message, files: Mapping[str, bytes]
    ) -> Mapping[str, bytes]:
        """Files to look at, beside those of `Channel.preview`: suffix -> bytes.

        `.html` is the message in a browser and loads nothing from elsewhere (`browser_page`
        makes such a file), `.txt` its text, `.1.png`, `.2.png` ... its pages.

        Args:
            account: that sends.
            message: as `preview` got it.
            files: what `preview` gave.
        """


@runtime_checkable
class HasRecord(Protocol[A_contra]):
    """A channel whose messages can be kept in a record and made again from it alone."""

    def record(self, account: A_contra, message: Message) -> str:
        """The message with all that it needs, as text."""

    def print_records(self, records: Sequence[str]) -> bytes:
        """One printable file of what `record` gave, in this order.

        Raises:
            SerienpostError: one is none of this channel's or cannot be printed.
        """
