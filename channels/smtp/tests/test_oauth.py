"""The login by XOAUTH2: which keys go together, getting tokens, and the login itself."""

import asyncio
import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest
from pydantic import ValidationError
from smtp_servers.scripted import Server, opened, send, single

from serienpost import Accepted, AccountProblem, Context, Deferred, SecretError
from serienpost_channel_smtp.account import SmtpAccount
from serienpost_channel_smtp.channel import SmtpChannel

XOAUTH2 = b"250-scripted\r\n250 AUTH PLAIN XOAUTH2\r\n"
TOKEN = {"login": "xoauth2", "username": "praxis@example.org", "oauth_token": "secret:TOKEN"}


class TokenServer(ThreadingHTTPServer):
    """Gives out `token-1`, `token-2` ... and keeps what was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[dict[str, list[str]]] = []
        self.answer: tuple[int, object] | None = None
        self.elsewhere: str | None = None
        self.lasts: object = 3600

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/token"


class Handler(BaseHTTPRequestHandler):
    server: TokenServer

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        server = self.server
        server.asked.append(parse_qs(self.rfile.read(length).decode()))
        number = len(server.asked)
        good = {"access_token": f"token-{number}", "expires_in": server.lasts}
        status, body = server.answer or (200, good)
        self.send_response(status)
        if server.elsewhere:
            self.send_header("Location", server.elsewhere)
        self.end_headers()
        self.wfile.write(body if isinstance(body, bytes) else json.dumps(body).encode())

    def do_GET(self) -> None:
        self.server.asked.append({"GET": [self.path]})
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"access_token": "forged"}')

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def tokens() -> Iterator[TokenServer]:
    with TokenServer() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TOKEN", "CLIENT", "REFRESH"):
        monkeypatch.setenv(name, f"canary-{name.lower()}")


def asking(tokens: TokenServer, **changes: object) -> dict[str, object]:
    return {
        "login": "xoauth2",
        "username": "praxis@example.org",
        "oauth_token_url": tokens.url,
        "oauth_client_id": "serienpost",
        "oauth_client_secret": "secret:CLIENT",
        **changes,
    }


def test_the_login_shows_name_and_token(context: Context) -> None:
    server = Server(EHLO=XOAUTH2)
    assert isinstance(asyncio.run(single(server, context, **TOKEN)), Accepted)
    (line,) = [line for line in server.lines if line.startswith(b"AUTH")]
    words = line.split()
    assert words[1] == b"XOAUTH2"
    assert base64.b64decode(words[2]) == (
        b"user=praxis@example.org\x01auth=Bearer canary-token\x01\x01"
    )


def test_a_refused_token_is_an_account_problem(context: Context) -> None:
    server = Server(
        EHLO=XOAUTH2,
        AUTH=b"334 eyJzdGF0dXMiOiI0MDEifQ==\r\n",
        EMPTY=b"535 5.7.8 Username and Password not accepted\r\n",
    )
    outcome = asyncio.run(single(server, context, **TOKEN))
    assert isinstance(outcome, AccountProblem)
    assert outcome.code == "535"
    assert "canary" not in repr(outcome)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_the_token_comes_from_no_other_address(
    context: Context, tokens: TokenServer, status: int
) -> None:
    """The attack: the answer leads elsewhere, perhaps in the clear, and a token is taken there."""
    tokens.answer, tokens.elsewhere = (status, b""), tokens.url.replace("/token", "/forged")
    server = Server(EHLO=XOAUTH2)
    assert isinstance(asyncio.run(single(server, context, **asking(tokens))), Deferred)
    assert all("GET" not in each for each in tokens.asked)
    assert "AUTH" not in server.commands


def test_a_server_without_xoauth2(context: Context) -> None:
    server = Server(EHLO=b"250-x\r\n250 AUTH PLAIN\r\n")
    outcome = asyncio.run(single(server, context, **TOKEN))
    assert outcome == AccountProblem("no_login", "the server offers no login by XOAUTH2")


@pytest.mark.parametrize(
    ("changes", "grant"),
    [
        ({"oauth_scope": "https://example.org/.default"}, "client_credentials"),
        ({"oauth_refresh_token": "secret:REFRESH"}, "refresh_token"),
    ],
)
def test_tokens_are_asked_for_and_kept(
    context: Context, tokens: TokenServer, changes: dict[str, object], grant: str
) -> None:
    server = Server(EHLO=XOAUTH2)

    async def run() -> None:
        options = asking(tokens, messages_per_connection=1, **changes)
        async with server, opened(server, context, **options) as sender:
            for number in range(3):
                assert isinstance(await send(sender, number), Accepted)

    asyncio.run(run())
    assert server.connections == 3
    (asked,) = tokens.asked
    assert asked["grant_type"] == [grant]
    assert asked["client_secret"] == ["canary-client"]
    assert asked.get("refresh_token") == (["canary-refresh"] if grant == "refresh_token" else None)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ((400, {"error": "invalid_grant", "error_description": "canary"}), "invalid_grant"),
        ((401, b"canary"), "401"),
    ],
)
def test_keys_that_are_refused_need_a_person(
    context: Context, tokens: TokenServer, answer: tuple[int, object], expected: str
) -> None:
    tokens.answer = answer
    outcome = asyncio.run(single(Server(EHLO=XOAUTH2), context, **asking(tokens)))
    assert outcome == AccountProblem("token", f"the provider gives no access token: {expected}")


@pytest.mark.parametrize(
    "answer",
    [
        (500, b"oh"),
        (200, b"no json"),
        (200, {"token": "x"}),
        (200, ["x"]),
        (200, {"access_token": "a\r\nMAIL FROM:<x>"}),
    ],
)
def test_a_token_server_in_trouble_is_asked_again(
    context: Context, tokens: TokenServer, answer: tuple[int, object]
) -> None:
    tokens.answer = answer
    server = Server(EHLO=XOAUTH2)
    outcome = asyncio.run(single(server, context, **asking(tokens)))
    assert isinstance(outcome, Deferred)
    assert outcome.connection
    assert outcome.text.startswith("the token server")
    assert server.bodies == []


def test_a_secret_that_is_not_there_is_found_before_anything_is_sent(
    context: Context, tokens: TokenServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CLIENT")
    account = SmtpAccount.model_validate(
        {"channel": "smtp", "host": "127.0.0.1", "sender": "p@example.org", **asking(tokens)}
    )

    async def run() -> None:
        async with SmtpChannel().open(context, account):
            pass

    with pytest.raises(SecretError, match="CLIENT"):
        asyncio.run(run())


@pytest.mark.parametrize(
    "changes",
    [
        {"oauth_token": None},
        {"username": None},
        {"password": "secret:TOKEN"},
        {"oauth_token_url": "https://example.org/token", "oauth_client_id": "x"},
        {"oauth_token": None, "oauth_token_url": "https://example.org/token"},
        {"oauth_token": None, "oauth_client_id": "x"},
        {
            "oauth_token": None,
            "oauth_client_id": "x",
            "oauth_token_url": "http://example.org/token",
        },
        {"oauth_token": "literal"},
    ],
)
def test_keys_that_do_not_go_together(changes: dict[str, object]) -> None:
    good = {"channel": "smtp", "host": "smtp.example.org", "sender": "p@example.org", **TOKEN}
    assert SmtpAccount.model_validate(good).login == "xoauth2"
    with pytest.raises(ValidationError):
        SmtpAccount.model_validate({**good, **changes})
