"""An open account: cuts messages into requests and says what became of each message."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from serienpost import AccountProblem, Deferred, Unknown
from serienpost_channel_sendgrid.body import Body
from serienpost_channel_sendgrid.compose import LARGEST_REQUEST, largest_size
from serienpost_channel_sendgrid.division import Division
from serienpost_channel_sendgrid.http import LostError, NotSentError
from serienpost_channel_sendgrid.replies import LONGEST_WAIT, utc_now, verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from serienpost import Message, Outcome
    from serienpost_channel_sendgrid.account import SendGridAccount
    from serienpost_channel_sendgrid.http import Client
    from serienpost_channel_sendgrid.replies import Verdict

SEND = "/v3/mail/send"
_PERSONALIZATION = 300
"""Octets of a message in a request beside address and data."""


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
        self._body = Body(account)
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

    async def send(self, call: Sequence[Message], slot: int) -> Sequence[Outcome]:
        """Send one request; where SendGrid refuses it for some of its messages, send the others.

        SendGrid takes or refuses a request as a whole, so what was refused may be sent again in
        smaller requests; what may have been taken is not.
        """
        if await self._is_blocked():
            return [Deferred("429", "the limit of the account is reached", 1.0)] * len(call)
        ask = partial(self._request, self._clients[slot])
        return await Division(ask, call).outcomes()

    async def _request(self, client: Client, messages: Sequence[Message]) -> Verdict:
        """One request and what its answer means."""
        try:
            reply = await client.post(SEND, self._body.octets(messages))
        except NotSentError as error:
            if error.certificate:
                return AccountProblem("certificate", "the server's certificate is not valid")
            return Deferred("connection", str(error), connection=True)
        except LostError as error:
            return Unknown("reply", str(error))
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
