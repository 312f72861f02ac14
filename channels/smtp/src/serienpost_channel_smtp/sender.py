"""An open account: one persistent connection per slot, one message per call."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from serienpost import (
    Accepted,
    Deferred,
    NotStarted,
    Outcome,
    Rejected,
    faultpoint,
    redact,
)
from serienpost_channel_smtp.failures import WIRE_ERRORS, at_server, outcome_of
from serienpost_channel_smtp.message import UnsafeMessageError, build
from serienpost_channel_smtp.reply_rules import classify, readable
from serienpost_channel_smtp.wire import Connection, RefusedError, TooBigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from serienpost import Go, Message
    from serienpost_channel_smtp.account import SmtpAccount
    from serienpost_channel_smtp.connection_settings import ConnectionSettings
    from serienpost_channel_smtp.protocol import SmtpReply

# Seconds at most from the start of a call to the first octet of the message, all in all, and to
# connect and log in before a call.
BEFORE_DOT = 300.0

_QUEUED_AS = re.compile(r"(?:queued as|\bid=)\s*([A-Za-z0-9.-]{4,60})", re.IGNORECASE)


class SmtpSender:
    """Sends through one account. A message whose fate is known is never `Unknown`.

    A cancelled `send` cuts its connection and lets the cancellation through: what was under way
    may or may not have been sent.
    """

    batch = 1

    def __init__(
        self, account: SmtpAccount, settings: ConnectionSettings, clock: Callable[[], datetime]
    ) -> None:
        self._account = account
        self._clock = clock
        self._slots = [Slot(account, settings, clock) for _ in range(account.connections)]

    @property
    def slots(self) -> int:
        return len(self._slots)

    def calls(self, messages: Sequence[Message]) -> Iterable[Sequence[Message]]:
        return [[message] for message in messages]

    async def ready(self, slot: int) -> None:
        """Have an open connection that may carry another message; a failure is kept for `send`."""
        await self._slots[slot].connect()

    async def send(self, call: Sequence[Message], slot: int, go: Go) -> Sequence[Outcome]:
        return [await self._send_one(message, self._slots[slot], go) for message in call]

    async def _send_one(self, message: Message, slot: Slot, go: Go) -> Outcome:
        try:
            raw = build(message, date=self._clock())
        except UnsafeMessageError as error:
            return Rejected("header_guard", error.problems[0].message, scope="message")
        return await slot.deliver(message.content.address, raw, go)

    async def disconnect(self, slot: int) -> None:
        """Take leave of the server on one connection."""
        await self._slots[slot].close()

    async def close(self) -> None:
        """Take leave of the server on all connections."""
        await asyncio.gather(*(slot.close() for slot in self._slots))


class Slot:
    """A place for one connection; makes a new one when the old one has served or failed."""

    def __init__(
        self, account: SmtpAccount, settings: ConnectionSettings, clock: Callable[[], datetime]
    ) -> None:
        self._account = account
        self._settings = settings
        self._clock = clock
        self._connection = Connection(settings)
        self._failed: Outcome | None = None

    async def connect(self) -> None:
        """Connect and log in before a message, unless that is done; what failed is the outcome of
        the next message."""
        if self._connection.sent >= self._most_messages():
            await self.close()
        if not self._connection.is_open:
            self._failed = await self._opened(asyncio.get_running_loop().time() + BEFORE_DOT)

    async def deliver(self, address: str, raw: bytes, go: Go) -> Outcome:
        """Hand one message to the server.

        A kept connection may have been closed by the server in the meantime. Where it turns out
        so before the message, the call goes on over a new connection.
        """
        failed, self._failed = self._failed, None
        if failed is not None:
            return failed
        if self._connection.sent >= self._most_messages():
            await self.close()
        deadline = asyncio.get_running_loop().time() + BEFORE_DOT
        was_kept = self._connection.is_open
        outcome = await self._attempt(address, raw, deadline, go)
        was_stale = (
            was_kept
            and isinstance(outcome, Deferred)
            and outcome.code in {"connection", "421"}
            and self._connection.stage != "dot"
        )
        return await self._attempt(address, raw, deadline, go) if was_stale else outcome

    def _most_messages(self) -> int:
        own, server = self._account.messages_per_connection, self._connection.most_messages
        return min(own, server) if server else own

    async def _opened(self, deadline: float) -> Outcome | None:
        """Open a new connection where there is none; says what failed."""
        from aiosmtplib import SMTPException

        if self._connection.is_open:
            return None
        self._connection.drop()
        connection = self._connection = Connection(self._settings)
        try:
            async with asyncio.timeout_at(deadline):
                await connection.open()
        except (SMTPException, *WIRE_ERRORS) as error:
            connection.drop()
            outcome = outcome_of(error, connection.stage, now=self._clock())
            return at_server(outcome, f"{self._settings.host}:{self._settings.port}")
        except BaseException:
            connection.drop()
            raise
        return None

    async def _attempt(self, address: str, raw: bytes, deadline: float, go: Go) -> Outcome:
        from aiosmtplib import SMTPException

        failed = await self._opened(deadline)
        if failed is not None:
            return failed
        connection = self._connection
        try:
            if not await go():
                return NotStarted()
            await connection.envelope(self._account.envelope, address, len(raw), deadline)
            faultpoint("smtp.envelope")
            # The server may have taken its time; a message that is not begun is not delivered.
            if not await go():
                connection.drop()
                return NotStarted()
            reply = await connection.body(raw)
        except (SMTPException, *WIRE_ERRORS) as error:
            outcome = outcome_of(error, connection.stage, now=self._clock(), address=address)
            if not _can_go_on(error):
                connection.drop()
            return outcome
        except BaseException:
            connection.drop()
            raise
        return self._outcome(connection, reply, address)

    def _outcome(self, connection: Connection, reply: SmtpReply, address: str) -> Outcome:
        """What the reply to the whole message means."""
        if 200 <= reply.code <= 299:
            text = readable(reply.text)
            queued = _QUEUED_AS.search(text)
            return Accepted(queued[1] if queued else None, redact(text, address))
        if not 400 <= reply.code <= 599 or reply.code == 421:
            connection.drop()
        return classify("dot", reply.code, reply.text, now=self._clock(), address=address)

    async def close(self) -> None:
        await self._connection.quit()
        self._connection = Connection(self._settings)


def _can_go_on(error: Exception) -> bool:
    """Whether server and client still agree about where they are in the protocol."""
    if isinstance(error, RefusedError):
        return 400 <= error.reply.code <= 599 and error.reply.code != 421
    return isinstance(error, TooBigError)
