"""Every failure of a server, played by a scripted one, and the outcome that follows from it."""

import asyncio
from datetime import UTC, datetime

import pytest
from smtp_servers.scripted import (
    DEFAULTS,
    OK,
    PIPELINING,
    Action,
    LostError,
    Server,
    cut,
    cut_after,
    in_pieces,
    opened,
    send,
    silence,
    single,
)

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
    Unknown,
)
from serienpost_channel_smtp.channel import SmtpChannel
from serienpost_testkit.suites.wire import yes


@pytest.fixture(params=["one by one", "pipelined"])
def ehlo(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs a test against a server without and one with PIPELINING."""
    if request.param == "pipelined":
        monkeypatch.setitem(DEFAULTS, "EHLO", PIPELINING)


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", "geheim")


LOGIN = {"username": "praxis", "password": "secret:MAIL_PASSWORD"}


pytestmark = pytest.mark.usefixtures("ehlo")


def test_accepted(context: Context) -> None:
    server = Server()
    outcome = asyncio.run(single(server, context, **LOGIN))
    assert outcome == Accepted("4F2A1B", "2.0.0 Ok: queued as 4F2A1B")
    assert server.commands == ["EHLO", "AUTH", "MAIL", "RCPT", "DATA", "QUIT"]
    assert b"\r\n=2E\r\n...zwei Punkte\r\n" in server.accepted[0]


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
        ("RCPT", b"550 5.1.1 User unknown\r\n", Rejected("550", "5.1.1 User unknown", "address")),
        ("RCPT", b"550 Send quota exceeded\r\n", QuotaReached("550", "Send quota exceeded")),
        ("RCPT", b"552 5.2.2 full\r\n", Deferred("552", "5.2.2 full")),
        ("DATA", b"451 4.3.0 later\r\n", Deferred("451", "4.3.0 later")),
        ("DOT", b"452 4.3.1 full\r\n", Deferred("452", "4.3.1 full")),
        ("DOT", b"552 5.3.4 too big\r\n", Rejected("552", "5.3.4 too big", "message")),
        ("DOT", b"554 5.7.1 spam\r\n", Rejected("554", "5.7.1 spam", "message")),
        ("DOT", b"550 5.1.1 User unknown\r\n", Rejected("550", "5.1.1 User unknown", "address")),
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
@pytest.mark.parametrize(
    "action",
    [b"what is this\r\n", b"2x0 no\r\n", b"\xff\xfe\x00\r\n", b"250-" + b"x" * 100_000 + b"\r\n"],
    ids=["words", "no code", "octets", "100 kB"],
)
def test_garbage_before_the_message_is_definite(context: Context, verb: str, action: bytes) -> None:
    server = Server(**{verb: action})
    outcome = asyncio.run(single(server, context))
    assert isinstance(outcome, Deferred)
    assert (outcome.code, outcome.connection) == ("reply", True)
    assert "the server's reply is not SMTP" in outcome.text
    assert (f":{server.port}" in outcome.text) is (verb in ("GREETING", "EHLO"))
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
    assert outcome == Rejected("550", "Empfänger unbekannt", "address")


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
    server = Server()

    async def run() -> Outcome:
        async with server:
            pass
        async with opened(server, context) as sender:
            return await send(sender)

    outcome = asyncio.run(run())
    said = (
        f"the server at 127.0.0.1:{server.port} does not answer: connection refused"
        " (start it, or correct host and port)"
    )
    assert outcome == Deferred("connection", said, connection=True)


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
            (outcome,) = await sender.send([Message("0123456789AB", "r", 1, content)], 0, yes)
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
    assert isinstance(outcome, AccountProblem)
    assert outcome.code == "no_starttls"
    assert f"the server does not offer STARTTLS; 127.0.0.1:{server.port}: check" in outcome.text
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


def pipelined(**script: Action | list[Action]) -> Server:
    return Server(EHLO=PIPELINING, **script)


async def several(server: Server, context: Context, count: int) -> list[Outcome]:
    async with server, opened(server, context) as sender:
        return [await send(sender, number) for number in range(count)]


def test_the_envelope_goes_out_in_one_packet(context: Context) -> None:
    packets: list[bytes] = []

    async def mail(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.05)
        packets.append(bytes(reader._buffer))  # type: ignore[attr-defined]
        writer.write(OK)

    asyncio.run(single(pipelined(MAIL=mail), context))
    asyncio.run(single(Server(EHLO=b"250 scripted\r\n", MAIL=mail), context))
    assert packets == [b"RCPT TO:<erika.canary0@example.net>\r\nDATA\r\n", b""]


def test_where_a_refusal_is_followed_by_354_the_connection_is_cut(context: Context) -> None:
    server = pipelined(RCPT=[b"550 5.1.1 User unknown\r\n"], DATA=b"354 go on\r\n")
    outcomes = asyncio.run(several(server, context, 2))
    assert [type(outcome) for outcome in outcomes] == [Rejected, Accepted]
    assert (server.connections, len(server.bodies)) == (2, 1)


@pytest.mark.parametrize("action", [cut, silence, b"what?\r\n", b"421 4.3.0 bye\r\n"])
def test_a_refusal_stays_one_whatever_follows_it(context: Context, action: Action) -> None:
    server = pipelined(RCPT=[b"550 5.1.1 User unknown\r\n"], DATA=[action])
    outcomes = asyncio.run(several(server, context, 2))
    assert outcomes[0] == Rejected("550", "5.1.1 User unknown", "address")
    assert isinstance(outcomes[1], Accepted)
    assert server.connections == 2


def test_the_first_refusal_counts(context: Context) -> None:
    server = pipelined(
        MAIL=[b"553 5.7.1 not yours\r\n"],
        RCPT=[b"503 5.5.1 MAIL first\r\n"],
        DATA=[b"503 5.5.1 RCPT first\r\n"],
    )
    (outcome,) = asyncio.run(several(server, context, 1))
    assert outcome == AccountProblem("553", "5.7.1 not yours")
    assert server.bodies == []


def test_the_reset_goes_out_with_the_next_envelope(context: Context) -> None:
    server = pipelined(RCPT=[b"550 5.1.1 User unknown\r\n"])
    outcomes = asyncio.run(several(server, context, 2))
    assert [type(outcome) for outcome in outcomes] == [Rejected, Accepted]
    assert server.connections == 1
    assert server.commands.count("RSET") == 1


def test_replies_of_different_codes_in_one_are_no_reply(context: Context) -> None:
    outcome = asyncio.run(single(Server(DOT=b"250-fine\r\n554 no\r\n"), context))
    assert isinstance(outcome, Unknown)


def test_the_server_s_limit_of_messages_is_kept(context: Context) -> None:
    server = Server(EHLO=b"250-scripted\r\n250-LIMITS RCPTMAX=1 MAILMAX=2\r\n250 HELP\r\n")
    outcomes = asyncio.run(several(server, context, 5))
    assert [type(outcome) for outcome in outcomes] == [Accepted] * 5
    assert (server.connections, server.commands.count("QUIT")) == (3, 3)
