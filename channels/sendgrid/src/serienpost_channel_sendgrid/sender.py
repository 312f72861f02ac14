"""An open account: cuts messages into requests and says what became of each message."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Protocol

from serienpost import (
    Accepted,
    AccountProblem,
    Deferred,
    HeldBackError,
    NotStarted,
    Texts,
    Unknown,
)
from serienpost_channel_sendgrid.client import LostError, NotSentError
from serienpost_channel_sendgrid.composition import LARGEST_REQUEST, MailSend, largest_size
from serienpost_channel_sendgrid.replies import LONGEST_WAIT, Named, Split, utc_now, verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from serienpost import Go, Message, Outcome, Rejected
    from serienpost_channel_sendgrid.account import SendGridAccount
    from serienpost_channel_sendgrid.client import Client
    from serienpost_channel_sendgrid.replies import Verdict

_ = Texts(__name__)

SEND = "/v3/mail/send"
# Seconds after which a call begins no further request.
BUDGET = 240.0

# So many single messages refused alike without one accepted: nothing more is tried in this call, so
# that the core's own rule for all channels can pause the run.
HOPELESS = 5

# Octets of a message in a request beside address and data.
_PERSONALIZATION = 300


class SendGridSender:
    """Sends through one account, one client per slot.

    Args:
        account: the account.
        clients: one per slot.
        batch: messages of one request with a template.
    """

    def __init__(self, account: SendGridAccount, clients: Sequence[Client], batch: int) -> None:
        self.batch = batch
        self._account = account
        self._clients = clients
        self._mail_send = MailSend(account)
        self._blocked_until = 0.0

    @property
    def slots(self) -> int:
        return len(self._clients)

    def calls(self, messages: Sequence[Message]) -> Iterable[Sequence[Message]]:
        """Rendered texts and attachments go alone; messages with a template together, unless two
        have the same address: SendGrid takes each address once per request."""
        together: list[list[Message]] = []
        alone: list[list[Message]] = []
        addresses: list[set[str]] = []
        sizes: list[int] = []
        for message in messages:
            content = message.content
            if content.template is None or content.attachments:
                alone.append([message])
                continue
            address = content.address.casefold()
            size = largest_size(content) + len(address) + _PERSONALIZATION
            place = next(
                (
                    at
                    for at, call in enumerate(together)
                    if len(call) < self.batch
                    and address not in addresses[at]
                    and sizes[at] + size < LARGEST_REQUEST
                    and call[0].content.template.id == content.template.id  # type: ignore[union-attr]
                ),
                len(together),
            )
            if place == len(together):
                together.append([])
                addresses.append(set())
                sizes.append(0)
            together[place].append(message)
            addresses[place].add(address)
            sizes[place] += size
        return [*together, *alone]

    async def ready(self, slot: int) -> None:
        """Nothing: httpx connects with a request, and asks `go` when the connection stands."""

    async def disconnect(self, slot: int) -> None:
        """Close the connection of a slot's client."""
        await self._clients[slot].disconnect()

    async def send(self, call: Sequence[Message], slot: int, go: Go) -> Sequence[Outcome]:
        """Send one request; where SendGrid refuses it for some of its messages, send the others.

        SendGrid takes or refuses a request as a whole, so what was refused may be sent again in
        smaller requests; what may have been taken is not.
        """
        if await self._is_blocked():
            return [Deferred("429", _("the limit of the account is reached"), 1.0)] * len(call)
        ask = partial(self._request, self._clients[slot], go)
        return await Division(ask, call).outcomes()

    async def _request(
        self, client: Client, go: Go, messages: Sequence[Message]
    ) -> Verdict | NotStarted:
        """One request and what its answer means."""
        try:
            reply = await client.post(SEND, self._mail_send.octets(messages), go)
        except HeldBackError:
            return NotStarted()
        except NotSentError as error:
            if error.certificate:
                return AccountProblem("certificate", _("the server's certificate is not valid"))
            return Deferred("connection", error.text, connection=True)
        except LostError as error:
            return Unknown("reply", error.text)
        sandbox = self._account.sandbox
        found = verdict(reply, len(messages), sandbox=sandbox, now=utc_now())
        if isinstance(found, Deferred) and found.code == "429":
            wait = found.retry_after or 1.0
            self._blocked_until = asyncio.get_running_loop().time() + wait
        return found

    async def _is_blocked(self) -> bool:
        """Wait for the end of a limit that another slot ran into; True where that is cut short."""
        seconds = self._blocked_until - asyncio.get_running_loop().time()
        if seconds <= 0:
            return False
        try:
            await asyncio.sleep(min(seconds, LONGEST_WAIT))
        except asyncio.CancelledError:
            return True
        return False


class Ask(Protocol):
    """Sends one request and says what its answer means."""

    async def __call__(self, messages: Sequence[Message]) -> Verdict | NotStarted: ...


class Division:
    """Parts that are still to be sent, and what is known of each message."""

    def __init__(self, ask: Ask, call: Sequence[Message]) -> None:
        self._ask = ask
        self._call = call
        self._parts: list[Sequence[Message]] = [call]
        self._known: dict[str, Outcome] = {}
        self._refused = 0
        self._last: Rejected | None = None
        self._accepted = False

    async def outcomes(self) -> list[Outcome]:
        """Send until each message has its outcome; in the order of the call."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + BUDGET
        while self._parts:
            part = self._parts.pop()
            if loop.time() > deadline:
                self._stop(part, Deferred("time", _("the call took too long; not sent yet"), 1.0))
                break
            try:
                found = await self._ask(part)
            except asyncio.CancelledError:
                if not self._known:
                    raise
                self._settle(part, Unknown("reply", _("stopped while waiting for the answer")))
                self._stop([], Deferred("stopped", _("not sent yet"), 1.0))
                break
            self._take(part, found)
        return [self._known[message.ref] for message in self._call]

    def _take(self, part: Sequence[Message], found: Verdict | NotStarted) -> None:
        if isinstance(found, Named):
            for index, rejected in found.rejected.items():
                self._settle([part[index]], rejected)
            rest = [m for index, m in enumerate(part) if index not in found.rejected]
            if rest:
                self._parts.append(rest)
        elif isinstance(found, Split):
            self._divide(part, found)
        elif isinstance(found, Accepted):
            self._accepted = True
            self._settle(part, found)
        elif isinstance(found, Unknown):
            self._settle(part, found)
            self._stop([], Deferred("stopped", _("not sent yet, after a lost answer"), 1.0))
        else:
            self._stop(part, found)

    def _divide(self, part: Sequence[Message], split: Split) -> None:
        if len(part) > 1:
            half = len(part) // 2
            self._parts += [part[half:], part[:half]]
            return
        self._settle(part, split.alone)
        self._refused = self._refused + 1 if split.alone == self._last else 1
        self._last = split.alone
        if self._refused >= HOPELESS and not self._accepted:
            self._stop([], Deferred("stopped", _("not sent yet, after refusals alike"), 1.0))

    def _stop(self, part: Sequence[Message], outcome: Outcome) -> None:
        """Nothing more is sent by this call."""
        for left in (part, *self._parts):
            self._settle(left, outcome)
        self._parts = []

    def _settle(self, part: Sequence[Message], outcome: Outcome) -> None:
        self._known |= dict.fromkeys((message.ref for message in part), outcome)
