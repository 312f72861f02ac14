"""Every failure of a server, played by a scripted one, and the outcome that follows from it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Self

import pytest

from serienpost import (
    Accepted,
    AccountProblem,
    Content,
    Context,
    Deferred,
    Message,
    Outcome,
    QuotaReached,
    Rejected,
    Sender,
    Unknown,
)
from serienpost_channel_smtp.channel import SmtpChannel

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
        self.connections = 0
        self.command_came = asyncio.Event()
        self.body_came = asyncio.Event()
        self._under_way: set[asyncio.Task[None] | None] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=2**20)
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
        await self._act("GREETING", reader, writer)
        while line := await reader.readline():
            verb = line.split()[0].decode().upper()
            self.commands.append(verb)
            self.command_came.set()
            reply = await self._act(verb, reader, writer)
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
    (outcome,) = await sender.send([message(number)], slot)
    return outcome


async def single(server: Server, context: Context, **changes: object) -> Outcome:
    async with server, opened(server, context, **changes) as sender:
        return await send(sender)


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", "geheim")


LOGIN = {"username": "praxis", "password": "secret:MAIL_PASSWORD"}


def test_accepted(context: Context) -> None:
    server = Server()
    outcome = asyncio.run(single(server, context, **LOGIN))
    assert outcome == Accepted("4F2A1B", "2.0.0 Ok: queued as 4F2A1B")
    assert server.commands == ["EHLO", "AUTH", "MAIL", "RCPT", "DATA", "QUIT"]
    assert b"\r\n..\r\n...zwei Punkte\r\n" in server.accepted[0]


@pytest.mark.parametrize(
    ("verb", "reply", "expected"),
    [
        ("GREETING", b"554 5.7.1 blocked\r\n", AccountProblem("554", "5.7.1 blocked")),
        ("GREETING", b"421 busy\r\n", Deferred("421", "busy", 60.0, connection=True)),
        ("EHLO", b"502 what?\r\n", AccountProblem("502", "what?")),
        ("AUTH", b"535 5.7.8 wrong\r\n", AccountProblem("535", "5.7.8 wrong")),
        ("AUTH", b"454 4.7.0 later\r\n", Deferred("454", "4.7.0 later", 60.0, connection=True)),
        ("MAIL", b"553 5.7.1 not yours\r\n", AccountProblem("553", "5.7.1 not yours")),
        ("MAIL", b"452 4.3.1 full\r\n", Deferred("452", "4.3.1 full")),
        ("RCPT", b"450 4.7.1 Greylisted\r\n", Deferred("450", "4.7.1 Greylisted", 300.0)),
        ("RCPT", b"550 5.1.1 User unknown\r\n", Rejected("550", "5.1.1 User unknown")),
        ("RCPT", b"550 Send quota exceeded\r\n", QuotaReached("550", "Send quota exceeded")),
        ("RCPT", b"552 5.2.2 full\r\n", Deferred("552", "5.2.2 full")),
        ("DATA", b"451 4.3.0 later\r\n", Deferred("451", "4.3.0 later")),
        ("DOT", b"452 4.3.1 full\r\n", Deferred("452", "4.3.1 full")),
        ("DOT", b"552 5.3.4 too big\r\n", Rejected("552", "5.3.4 too big", "message")),
        ("DOT", b"554 5.7.1 spam\r\n", Rejected("554", "5.7.1 spam", "message")),
        ("DOT", b"550 5.1.1 User unknown\r\n", Rejected("550", "5.1.1 User unknown")),
    ],
)
def test_a_reply_is_definite(context: Context, verb: str, reply: bytes, expected: Outcome) -> None:
    server = Server(**{verb: reply})
    assert asyncio.run(single(server, context, **LOGIN)) == expected
    assert server.accepted == []


@pytest.mark.parametrize("verb", ["GREETING", "EHLO", "AUTH", "MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("action", [cut, silence, cut_after(b"250-half a re")])
def test_lost_before_the_message_is_definite(context: Context, verb: str, action: Action) -> None:
    server = Server(**{verb: action})
    outcome = asyncio.run(single(server, context, **LOGIN))
    assert isinstance(outcome, Deferred)
    assert outcome.connection is (verb in {"GREETING", "EHLO", "AUTH"})
    assert server.bodies == []


@pytest.mark.parametrize(
    "action",
    [
        cut,
        silence,
        cut_after(b"250-2.0.0 Ok\r\n25"),
        b"what is this\r\n",
        b"2 50 no\r\n",
        b"354 still going on\r\n",
        b"250-" + b"x" * 100_000 + b"\r\n250 ok\r\n",
    ],
    ids=["cut", "silence", "during the reply", "garbage", "bad code", "354", "100 kB"],
)
def test_lost_after_the_message_is_doubt(context: Context, action: Action) -> None:
    server = Server(DOT=action)
    outcome = asyncio.run(single(server, context, final_timeout=0.5))
    assert isinstance(outcome, Unknown)
    assert len(server.bodies) == 1


def test_lost_inside_the_message_is_doubt(context: Context) -> None:
    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"354 go on\r\n")
        await reader.readexactly(20)
        raise LostError

    outcome = asyncio.run(single(Server(DATA=half), context))
    assert outcome == Unknown("data", "connection lost after the message, before its reply")


@pytest.mark.parametrize("verb", ["GREETING", "EHLO", "MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("action", [b"what is this\r\n", b"2x0 no\r\n", b"\xff\xfe\x00\r\n"])
def test_garbage_before_the_message_is_definite(context: Context, verb: str, action: bytes) -> None:
    server = Server(**{verb: action})
    outcome = asyncio.run(single(server, context))
    assert outcome == Deferred("reply", "the server's reply is not SMTP", connection=True)
    assert server.bodies == []


def test_replies_in_pieces(context: Context) -> None:
    server = Server(
        EHLO=in_pieces(b"25", b"0-scripted\r", b"\n250-SIZE 1000", b"00\r\n250 ", b"HELP\r\n"),
        DOT=in_pieces(b"2", b"50", b"-2.0.0 fir", b"st\r\n", b"250 second", b"\r", b"\n"),
    )
    assert asyncio.run(single(server, context)) == Accepted(None, "2.0.0 first second")


def test_late_reply_is_never_taken_for_the_next_message(context: Context) -> None:
    async def late(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.4)
        writer.write(b"250 late\r\n")
        await writer.drain()

    server = Server(DOT=[late, b"554 5.7.1 spam\r\n"])

    async def run() -> list[Outcome]:
        async with server, opened(server, context, final_timeout=0.2) as sender:
            return [await send(sender, 1), await send(sender, 2)]

    first, second = asyncio.run(run())
    assert isinstance(first, Unknown)
    assert isinstance(second, Rejected)


@pytest.mark.parametrize("reply", [b"354 still going on\r\n", b"what is this\r\n"])
def test_after_an_unreadable_reply_a_new_connection_is_made(context: Context, reply: bytes) -> None:
    server = Server(DOT=[reply])

    async def run() -> list[Outcome]:
        async with server, opened(server, context) as sender:
            return [await send(sender, 1), await send(sender, 2)]

    assert [type(outcome) for outcome in asyncio.run(run())] == [Unknown, Accepted]
    assert server.connections == 2


def test_a_reply_that_nobody_asked_for_is_never_taken_for_acceptance(context: Context) -> None:
    server = Server(DATA=b"354 go on\r\n250 2.0.0 Ok\r\n", DOT=b"554 5.7.1 spam\r\n")
    outcome = asyncio.run(single(server, context))
    assert outcome == Deferred("connection", "connection lost during DATA")
    assert server.bodies == []


def test_8_bit_reply(context: Context) -> None:
    outcome = asyncio.run(
        single(Server(RCPT="550 Empfänger unbekannt\r\n".encode("latin-1")), context)
    )
    assert outcome == Rejected("550", "Empfänger unbekannt")


def test_421_after_some_messages_goes_on_over_a_new_connection(context: Context) -> None:
    server = Server(MAIL=[OK, OK, b"421 4.3.2 enough\r\n"])

    async def run() -> list[Outcome]:
        async with server, opened(server, context) as sender:
            return [await send(sender, number) for number in range(5)]

    outcomes = asyncio.run(run())
    assert [type(outcome) for outcome in outcomes] == [Accepted] * 5
    assert (server.connections, len(server.accepted)) == (2, 5)


def test_421_on_a_new_connection_is_deferred(context: Context) -> None:
    outcome = asyncio.run(single(Server(MAIL=b"421 4.3.2 no\r\n"), context))
    assert outcome == Deferred("421", "4.3.2 no", 60.0, connection=True)


def test_421_to_the_message_is_not_sent_again_in_the_same_call(context: Context) -> None:
    server = Server(DOT=[OK, b"421 4.3.2 no\r\n"])

    async def run() -> list[Outcome]:
        async with server, opened(server, context) as sender:
            return [await send(sender, 1), await send(sender, 2), await send(sender, 3)]

    assert [type(outcome) for outcome in asyncio.run(run())] == [Accepted, Deferred, Accepted]
    assert len(server.bodies) == 3


def test_idle_connection_closed_by_the_server(context: Context) -> None:
    server = Server(MAIL=[OK, cut])

    async def run() -> list[Outcome]:
        async with server, opened(server, context) as sender:
            return [await send(sender, 1), await send(sender, 2)]

    assert [type(outcome) for outcome in asyncio.run(run())] == [Accepted, Accepted]
    assert server.connections == 2


def test_a_refusal_keeps_the_connection_and_resets_it(context: Context) -> None:
    server = Server(RCPT=[b"550 5.1.1 no\r\n"], DOT=[b"554 5.7.1 spam\r\n"])

    async def run() -> list[Outcome]:
        async with server, opened(server, context) as sender:
            return [await send(sender, number) for number in range(3)]

    outcomes = asyncio.run(run())
    assert [type(outcome) for outcome in outcomes] == [Rejected, Rejected, Accepted]
    assert server.connections == 1
    assert server.commands.count("RSET") == 2


@pytest.mark.parametrize("action", [b"500 what?\r\n", cut, silence])
def test_a_refused_reset_does_not_touch_the_next_message(context: Context, action: Action) -> None:
    server = Server(RCPT=[b"550 5.1.1 no\r\n"], RSET=[action])

    async def run() -> list[Outcome]:
        async with server, opened(server, context) as sender:
            return [await send(sender, 1), await send(sender, 2)]

    assert [type(outcome) for outcome in asyncio.run(run())] == [Rejected, Accepted]
    assert server.connections == 2


def test_a_new_connection_after_some_messages(context: Context) -> None:
    server = Server()

    async def run() -> None:
        async with server, opened(server, context, messages_per_connection=2) as sender:
            for number in range(5):
                assert isinstance(await send(sender, number), Accepted)

    asyncio.run(run())
    assert (server.connections, server.commands.count("QUIT")) == (3, 3)


def test_slots_are_connections(context: Context) -> None:
    server = Server()

    async def run() -> None:
        async with server, opened(server, context, connections=3) as sender:
            assert (sender.slots, sender.batch) == (3, 1)
            await asyncio.gather(*(send(sender, number, number) for number in range(3)))

    asyncio.run(run())
    assert (server.connections, len(server.accepted)) == (3, 3)


def test_nobody_listens(context: Context) -> None:
    async def run() -> Outcome:
        server = Server()
        async with server:
            pass
        async with opened(server, context) as sender:
            return await send(sender)

    outcome = asyncio.run(run())
    assert outcome == Deferred(
        "connection", "connection refused during connecting", connection=True
    )


def test_too_big_for_the_server_is_not_sent(context: Context) -> None:
    server = Server(EHLO=b"250-scripted\r\n250 SIZE 100\r\n")
    outcome = asyncio.run(single(server, context))
    assert isinstance(outcome, Rejected)
    assert (outcome.code, outcome.scope) == ("too_big", "message")
    assert "MAIL" not in server.commands


def test_unsafe_message_is_not_sent(context: Context) -> None:
    server = Server()
    content = Content("email", "p@example.org", "e@example.net", "a\r\nBcc: x@example.org", "x")

    async def run() -> Outcome:
        async with server, opened(server, context) as sender:
            (outcome,) = await sender.send([Message("0123456789AB", "r", 1, content)], 0)
            return outcome

    outcome = asyncio.run(run())
    assert isinstance(outcome, Rejected)
    assert (outcome.code, outcome.scope) == ("header_guard", "message")
    assert server.connections == 0


@pytest.mark.parametrize("verb", ["EHLO", "DOT"])
def test_cancelled_call_cuts_the_connection(context: Context, verb: str) -> None:
    server = Server(**{verb: [silence]})

    async def run() -> Outcome:
        async with server, opened(server, context) as sender:
            task = asyncio.create_task(send(sender, 1))
            await (server.command_came if verb == "EHLO" else server.body_came).wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return await send(sender, 2)

    assert isinstance(asyncio.run(run()), Accepted)
    assert server.connections == 2


def test_login_is_tried_once(context: Context) -> None:
    server = Server(EHLO=b"250-x\r\n250 AUTH CRAM-MD5 LOGIN PLAIN\r\n", AUTH=b"535 5.7.8 no\r\n")
    assert isinstance(asyncio.run(single(server, context, **LOGIN)), AccountProblem)
    assert server.commands == ["EHLO", "AUTH"]


def test_login_by_another_mechanism_where_one_is_not_implemented(context: Context) -> None:
    server = Server(
        EHLO=b"250-x\r\n250 AUTH PLAIN LOGIN\r\n",
        AUTH=[b"504 5.5.4 no\r\n", b"334 UGFzc3dvcmQ6\r\n"],
        Z2VOZWLT=b"235 ok\r\n",
    )
    assert isinstance(asyncio.run(single(server, context, **LOGIN)), Accepted)


@pytest.mark.parametrize("ehlo", [b"250 x\r\n", b"250-x\r\n250 AUTH GSSAPI\r\n"])
def test_no_login_offered(context: Context, ehlo: bytes) -> None:
    outcome = asyncio.run(single(Server(EHLO=ehlo), context, **LOGIN))
    assert isinstance(outcome, AccountProblem)
    assert outcome.code == "no_login"


def test_no_starttls_offered(context: Context) -> None:
    server = Server()
    outcome = asyncio.run(single(server, context, security="starttls", **LOGIN))
    assert outcome == AccountProblem("no_starttls", "the server does not offer STARTTLS")
    assert server.commands == ["EHLO"]


def test_date_and_quota_follow_the_clock(context: Context) -> None:
    now = datetime(2026, 11, 23, 16, 30, tzinfo=UTC)
    channel = SmtpChannel(clock=now.astimezone)
    server = Server(RCPT=[OK, b"550 5.4.5 Daily user sending limit exceeded\r\n"])

    async def run() -> list[Outcome]:
        async with server:
            account = channel.account.model_validate(
                {
                    "channel": "smtp",
                    "host": "127.0.0.1",
                    "port": server.port,
                    "security": "none",
                    "sender": "praxis@example.org",
                }
            )
            async with channel.open(context, account) as sender:
                return [await send(sender, 1), await send(sender, 2)]

    _, quota = asyncio.run(run())
    assert b"Date: Mon, 23 Nov 2026 17:30:00 +0100" in server.accepted[0]
    assert isinstance(quota, QuotaReached)
    assert quota.until == datetime(2026, 11, 23, 23, 0, tzinfo=UTC)


def test_texts_hold_no_recipient(context: Context) -> None:
    for verb in ("RCPT", "DOT"):
        reply = b"550 5.1.1 <erika.canary0@example.net> erika.canary0 unknown\r\n"
        outcome = asyncio.run(single(Server(**{verb: reply}), context))
        assert "canary" not in repr(outcome)
        assert "example.net" not in repr(outcome)
