"""Commands out and replies in on a connection that is open and encrypted.

The library that opens connections reads one reply at a time; this reads as many as were asked for,
so that MAIL, RCPT and DATA can go out together (RFC 2920) and each reply still has its stage.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass

# Octets of one reply with all its lines; RFC 5321 (4.5.3.1.5) allows 512 a line.
_LONGEST_REPLY = 32 * 1024


@dataclass(frozen=True, slots=True)
class SmtpReply:
    """A whole reply; its lines are separated by line feeds, octets outside UTF-8 are surrogates."""

    code: int
    text: str


class ReplyError(Exception):
    """What the server sent is not a reply (RFC 5321, 4.2); `text` is what it was."""

    def __init__(self, text: str) -> None:
        super().__init__("not an SMTP reply")
        self.text = text


class SmtpProtocol(asyncio.Protocol):
    """Takes over a transport. What cannot be read ends it: order is all that ties a reply to its
    command."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._buffer = bytearray()
        self._code = b""
        self._lines: list[bytes] = []
        self._replies: deque[SmtpReply] = deque()
        self._end: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None
        transport.set_protocol(self)

    @property
    def is_open(self) -> bool:
        return self._end is None and not self._transport.is_closing()

    @property
    def is_silent(self) -> bool:
        """Whether the server has said nothing that was not read yet."""
        return not (self._replies or self._lines or self._buffer or self._end)

    def write(self, octets: bytes) -> None:
        """Send; never waits.

        Raises:
            ConnectionError: the connection is closed; nothing was sent.
        """
        if not self.is_open:
            raise ConnectionError("connection lost") from self._end
        self._transport.write(octets)

    async def reply(self, seconds: float) -> SmtpReply:
        """The next reply.

        Raises:
            TimeoutError: none came in time.
            ReplyError: it is not one.
            ConnectionError: the connection was lost.
        """
        if not self._replies and self._end is None:
            await self._more(seconds)
        if self._replies:
            return self._replies.popleft()
        if isinstance(self._end, ReplyError):
            raise self._end
        raise ConnectionError("connection lost") from self._end

    async def _more(self, seconds: float) -> None:
        self._waiter = self._loop.create_future()
        self._deadline = self._loop.time() + max(seconds, 0.0)
        if self._timer is None or self._timer.when() > self._deadline:
            self._set_timer()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _set_timer(self) -> None:
        """One timer serves many replies: it looks again later if the present one has time left."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(self._deadline, self._expire)

    def _expire(self) -> None:
        self._timer = None
        if self._waiter is None or self._waiter.done():
            return
        if self._loop.time() < self._deadline:
            self._set_timer()
        else:
            self._waiter.set_exception(TimeoutError("no reply in time"))

    def abort(self) -> None:
        """Cut the connection; octets that have not left yet never will."""
        self._transport.abort()
        self._stop_timer()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def data_received(self, data: bytes) -> None:
        """Called by the transport."""
        if self._end is not None:
            return
        self._buffer += data
        try:
            self._read_lines()
        except ReplyError as error:
            self._end = error
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the transport."""
        if self._end is None:
            self._end = exc or ConnectionResetError("closed by the server")
        self._stop_timer()
        self._wake()

    def _wake(self) -> None:
        ready = self._replies or self._end
        if ready and self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _read_lines(self) -> None:
        buffer = self._buffer
        begin = 0
        while (end := buffer.find(b"\n", begin)) >= 0:
            self._take(bytes(buffer[begin:end]).rstrip(b"\r"))
            begin = end + 1
        del buffer[:begin]
        if len(buffer) + sum(map(len, self._lines)) > _LONGEST_REPLY:
            endless = b"\n".join([*self._lines, bytes(buffer)])
            raise ReplyError(endless.decode("utf-8", "surrogateescape"))

    def _take(self, line: bytes) -> None:
        code, more = line[:3], line[3:4]
        is_reply = len(code) == 3 and code.isdigit() and more in (b"", b" ", b"-")
        if not is_reply or (self._lines and code != self._code):
            raise ReplyError(line.decode("utf-8", "surrogateescape"))
        self._code = code
        self._lines.append(line[4:].strip())
        if more != b"-":
            text = b"\n".join(self._lines)
            self._lines.clear()
            self._replies.append(SmtpReply(int(code), text.decode("utf-8", "surrogateescape")))
