"""An SMTP server that answers as a script says, and one message to send to it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Self

from serienpost import Content, Context, Message, Outcome, Sender
from serienpost_channel_smtp.channel import SmtpChannel
from serienpost_testkit.suites.wire import yes

Action = bytes | Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

OK = b"250 2.0.0 Ok\r\n"
DEFAULTS: dict[str, bytes] = {
    "GREETING": b"220 scripted ESMTP\r\n",
    "EHLO": b"250-scripted\r\n250-SIZE 100000\r\n250 AUTH PLAIN\r\n",
    "AUTH": b"235 2.7.0 ok\r\n",
    "DATA": b"354 go on\r\n",
    "DOT": b"250 2.0.0 Ok: queued as 4F2A1B\r\n",
    "QUIT": b"221 bye\r\n",
}
# The EHLO of a server that takes MAIL, RCPT and DATA together.
PIPELINING = b"250-scripted\r\n250-SIZE 100000\r\n250-PIPELINING\r\n250 AUTH PLAIN\r\n"


class LostError(Exception):
    """The scripted server cuts the connection."""


async def cut(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    raise LostError


async def silence(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()
    raise LostError


def in_pieces(*pieces: bytes) -> Action:
    async def write(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.02)

    return write


def cut_after(start: bytes) -> Action:
    async def write(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        await writer.drain()
        await asyncio.sleep(0.02)
        raise LostError

    return write


class Server:
    """Answers each verb with the next action of its script, then with the usual reply.

    `bodies` are messages whose final dot came; `accepted` those that were answered with 250.
    """

    def __init__(self, **script: Action | list[Action]) -> None:
        self._script = {
            verb: list(actions) if isinstance(actions, list) else actions
            for verb, actions in script.items()
        }
        self.bodies: list[bytes] = []
        self.accepted: list[bytes] = []
        self.commands: list[str] = []
        self.lines: list[bytes] = []
        self.connections = 0
        self.command_came = asyncio.Event()
        self.body_came = asyncio.Event()
        self._under_way: set[asyncio.Task[None] | None] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=2**24)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._under_way - {None}:
            task.cancel()
        await asyncio.gather(*self._under_way - {None}, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._under_way.add(asyncio.current_task())
        with contextlib.suppress(
            LostError, ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError
        ):
            await self._talk(reader, writer)
        writer.transport.abort()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        has_recipient = False
        await self._act("GREETING", reader, writer)
        while line := await reader.readline():
            verb = (line.split() or [b"EMPTY"])[0].decode().upper()
            self.lines.append(line)
            self.commands.append(verb)
            self.command_came.set()
            if verb == "DATA" and not has_recipient and verb not in self._script:
                writer.write(b"554 5.5.1 no valid recipients\r\n")
                continue
            reply = await self._act(verb, reader, writer)
            if verb in {"RCPT", "MAIL", "RSET"}:
                has_recipient = verb == "RCPT" and reply.startswith(b"2")
            if verb == "DATA" and reply.startswith(b"354"):
                body = await reader.readuntil(b"\r\n.\r\n")
                self.bodies.append(body)
                self.body_came.set()
                if (await self._act("DOT", reader, writer)).startswith(b"2"):
                    self.accepted.append(body)
            if verb == "QUIT":
                return

    async def _act(
        self, verb: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bytes:
        usual = DEFAULTS.get(verb, OK)
        action = self._script.get(verb, usual)
        if isinstance(action, list):
            action = action.pop(0) if action else usual
        if not isinstance(action, bytes):
            await action(reader, writer)
            return b""
        writer.write(action)
        await writer.drain()
        if action.startswith(b"421"):
            raise LostError
        return action


def message(number: int = 0, text: str = "Guten Tag\n.\n..zwei Punkte\n") -> Message:
    content = Content(
        kind="email",
        sender="Praxis <praxis@example.org>",
        address=f"erika.canary{number}@example.net",
        subject="Termin",
        text=text,
    )
    return Message(f"0123456789{number:02}", "run", number, content)


@contextlib.asynccontextmanager
async def opened(
    server: Server, context: Context, *, final_timeout: float = 2.0, **changes: object
) -> AsyncIterator[Sender]:
    channel = SmtpChannel(final_timeout=final_timeout)
    account = channel.account.model_validate(
        {
            "channel": "smtp",
            "host": "127.0.0.1",
            "port": server.port,
            "security": "none",
            "sender": "Praxis <praxis@example.org>",
            "timeout": 1.0,
            **changes,
        }
    )
    async with channel.open(context, account) as sender:
        yield sender


async def send(sender: Sender, number: int = 0, slot: int = 0) -> Outcome:
    (outcome,) = await sender.send([message(number)], slot, yes)
    return outcome


async def single(server: Server, context: Context, **changes: object) -> Outcome:
    async with server, opened(server, context, **changes) as sender:
        return await send(sender)
