"""A server that lies before and after it encrypts: nothing is sent that it could read or forge."""

from __future__ import annotations

import asyncio
import base64
from typing import TYPE_CHECKING, Self

import pytest
from smtp_servers.authority import Authority, make_authority
from smtp_servers.scripted import opened, send

from serienpost import Accepted, AccountProblem, Deferred, Outcome, Rejected

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from serienpost import Context

PASSWORD = "geheim-77"
OFFER = b"250-scripted\r\n250-STARTTLS\r\n250 AUTH PLAIN LOGIN CRAM-MD5\r\n"
ENCRYPTED = b"250-scripted\r\n250 AUTH PLAIN\r\n"


class Liar:
    """A server that encrypts when asked, and says what its script says.

    Args:
        tls: its certificate, None where it never encrypts.
        plain: replies by command before the encryption; `GREETING`, `EHLO`, `STARTTLS`.
        encrypted: replies by command after it.
        instead: what is done in place of the handshake.
    """

    def __init__(
        self,
        tls: ssl.SSLContext | None,
        plain: dict[str, bytes] | None = None,
        encrypted: dict[str, bytes] | None = None,
        instead: Callable[[asyncio.StreamWriter], None] | None = None,
    ) -> None:
        self._tls, self._instead = tls, instead
        usual = {"GREETING": b"220 x\r\n", "EHLO": OFFER, "STARTTLS": b"220 go\r\n"}
        self._plain = usual | (plain or {})
        self._encrypted = {
            "EHLO": ENCRYPTED,
            "AUTH": b"235 ok\r\n",
            "DATA": b"354 go\r\n",
            ".": b"250 queued\r\n",
            "QUIT": b"221 bye\r\n",
        } | (encrypted or {})
        self.before: list[bytes] = []
        self.after: list[bytes] = []

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._talk(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        script, heard = self._plain, self.before
        writer.write(script["GREETING"])
        body = False
        while line := await reader.readline():
            heard.append(line)
            verb = line.split()[0].decode("latin-1").upper() if line.split() else ""
            if body:
                body = line != b".\r\n"
                if not body:
                    writer.write(script["."])
                continue
            reply = script.get(verb, b"250 ok\r\n")
            body = verb == "DATA"
            writer.write(reply)
            if verb == "STARTTLS" and reply.startswith(b"2"):
                if self._instead:
                    self._instead(writer)
                    continue
                if self._tls:
                    await writer.drain()
                    await writer.start_tls(self._tls)
                    script, heard = self._encrypted, self.after


def outcome(context: Context, server: Liar, ca: str | None = None, **changes: object) -> Outcome:
    account = {"security": "starttls", "username": "u", "password": "secret:SMTP", "ca_file": ca}

    async def run() -> Outcome:
        async with server, opened(server, context, **(account | changes)) as sender:  # type: ignore[arg-type]
            return await send(sender)

    return asyncio.run(run())


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMTP", PASSWORD)


def kept_silent(server: Liar) -> None:
    """Neither login nor message reached the server."""
    heard = b"".join(server.before + server.after)
    for word in (b"AUTH", b"MAIL", b"RCPT", b"DATA", b"canary", PASSWORD.encode()):
        assert word not in heard
    assert base64.b64encode(PASSWORD.encode()) not in heard


STRIPPED = {
    "not offered": {"EHLO": b"250-scripted\r\n250 AUTH PLAIN\r\n"},
    "refused": {"STARTTLS": b"454 not now\r\n"},
    "refused for good": {"STARTTLS": b"502 no\r\n"},
    "answered as something else": {"STARTTLS": b"250 fine, go on\r\n"},
    "EHLO not understood": {"EHLO": b"502 no\r\n"},
    "offered in another word": {"EHLO": b"250-scripted\r\n250-STARTTLSX\r\n250 XSTARTTLS\r\n"},
    "already encrypted, it says": {"STARTTLS": b"503 already\r\n"},
    "greets with a refusal": {"GREETING": b"554 no\r\n"},
}


@pytest.mark.usefixtures("secret")
@pytest.mark.parametrize("way", STRIPPED)
def test_without_encryption_nothing_is_said(context: Context, way: str) -> None:
    server = Liar(None, STRIPPED[way])
    assert isinstance(outcome(context, server), AccountProblem | Deferred)
    kept_silent(server)


FORGED = b"250-x\r\n250-SIZE 1\r\n250 AUTH LOGIN\r\n"
INJECTED = {
    "after EHLO": {"EHLO": OFFER + b"220 go\r\n"},
    "after the greeting": {"GREETING": b"220 x\r\n" + OFFER},
    "all at once": {"GREETING": b"220 x\r\n" + OFFER + b"220 go\r\n" + ENCRYPTED},
}
DISCARDED = {
    "EHLO": b"220 go\r\n" + FORGED,
    "all of it": b"220 go\r\n" + FORGED + b"235 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n250 ok\r\n",
    "one reply": b"220 go\r\n235 welcome\r\n",
    "half a line": b"220 go\r\n250-x",
}


@pytest.mark.usefixtures("secret")
@pytest.mark.parametrize("way", INJECTED)
def test_what_was_said_too_early_ends_the_connection(
    context: Context, authority: Authority, way: str
) -> None:
    server = Liar(authority.server_side(), INJECTED[way])
    assert isinstance(outcome(context, server, str(authority.ca)), AccountProblem | Deferred)
    kept_silent(server)


@pytest.mark.usefixtures("secret")
@pytest.mark.parametrize("way", DISCARDED)
def test_what_was_said_in_the_clear_answers_nothing_encrypted(
    context: Context, authority: Authority, way: str
) -> None:
    """As in CVE-2011-0411: replies that are buffered across the handshake. The library throws away
    what follows the reply to STARTTLS; each command is answered by the server itself."""
    server = Liar(
        authority.server_side(), {"STARTTLS": DISCARDED[way]}, {".": b"554 the true answer\r\n"}
    )
    found = outcome(context, server, str(authority.ca))
    assert isinstance(found, Rejected)
    verbs = [line.split()[0] for line in server.after if line.split()]
    assert verbs[:2] == [b"EHLO", b"AUTH"]
    assert b"AUTH PLAIN" in server.after[1]
    assert b"SIZE=" not in b"".join(server.after)


@pytest.mark.usefixtures("secret")
@pytest.mark.parametrize(
    "instead",
    [
        lambda writer: writer.write(ENCRYPTED),
        lambda writer: writer.write(b"\x15\x03\x01\x00\x02\x02\x28"),
        lambda writer: writer.transport.abort(),
    ],
)
def test_no_handshake_is_no_encryption(
    context: Context, instead: Callable[[asyncio.StreamWriter], None]
) -> None:
    server = Liar(None, instead=instead)
    assert isinstance(outcome(context, server), AccountProblem | Deferred)
    heard = b"".join(server.before + server.after)
    assert PASSWORD.encode() not in heard
    assert b"MAIL" not in heard


@pytest.mark.usefixtures("secret")
def test_a_certificate_that_nobody_vouches_for(context: Context, authority: Authority) -> None:
    server = Liar(authority.server_side())
    found = outcome(context, server)
    assert isinstance(found, AccountProblem)
    assert found.code == "certificate"
    kept_silent(server)


@pytest.mark.usefixtures("secret")
def test_a_certificate_of_another_name(context: Context, authority: Authority) -> None:
    server = Liar(authority.server_side())
    found = outcome(context, server, str(authority.ca), host="localhost")
    assert isinstance(found, AccountProblem)
    assert found.code == "certificate"
    kept_silent(server)


@pytest.mark.usefixtures("secret")
def test_what_was_offered_in_the_clear_is_forgotten(context: Context, authority: Authority) -> None:
    """Only the second EHLO counts (RFC 3207, 4.2): no login, size or pipelining of the first."""
    first = b"250-x\r\n250-STARTTLS\r\n250-PIPELINING\r\n250-SIZE 1\r\n250 AUTH LOGIN CRAM-MD5\r\n"
    server = Liar(authority.server_side(), {"EHLO": first})
    assert isinstance(outcome(context, server, str(authority.ca)), Accepted)
    assert any(line.startswith(b"AUTH PLAIN") for line in server.after)
    assert b"SIZE" not in b"".join(server.after)
    bare = Liar(authority.server_side(), {"EHLO": first}, {"EHLO": b"250 x\r\n"})
    found = outcome(context, bare, str(authority.ca))
    assert isinstance(found, AccountProblem)
    assert found.code == "no_login"
    kept_silent(bare)


LOGINS = {
    "no base64": b"334 !!!\r\n",
    "no text": b"334 /////w==\r\n",
    "empty": b"334\r\n",
    "two at once": b"334 QUJD\r\n235 ok\r\n",
    "endless": b"334 " + b"QUJD" * 5000 + b"\r\n",
}


@pytest.mark.usefixtures("secret")
@pytest.mark.parametrize("mechanism", [b"CRAM-MD5", b"LOGIN"])
@pytest.mark.parametrize("way", LOGINS)
def test_a_challenge_that_is_none_ends_the_login(
    context: Context, authority: Authority, mechanism: bytes, way: str
) -> None:
    encrypted = {"EHLO": b"250-x\r\n250 AUTH " + mechanism + b"\r\n", "AUTH": LOGINS[way]}
    server = Liar(authority.server_side(), encrypted=encrypted)
    found = outcome(context, server, str(authority.ca))
    assert isinstance(found, AccountProblem | Deferred), found
    assert b"MAIL" not in b"".join(server.after)


@pytest.mark.usefixtures("secret")
@pytest.mark.parametrize(
    "echo", [PASSWORD.encode(), base64.b64encode(b"\0u\0" + PASSWORD.encode())]
)
def test_a_server_that_repeats_the_password_is_not_repeated(
    context: Context, authority: Authority, echo: bytes
) -> None:
    server = Liar(
        authority.server_side(), encrypted={"AUTH": b"535 5.7.8 wrong: " + echo + b"\r\n"}
    )
    found = outcome(context, server, str(authority.ca))
    assert isinstance(found, AccountProblem)
    assert echo.decode() not in str(found)
