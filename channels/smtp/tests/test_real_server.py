"""Against aiosmtpd: STARTTLS, TLS, login, certificates of an own authority, and the probe."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from email import message_from_bytes
from email.policy import default
from typing import TYPE_CHECKING

import pytest
from smtp_servers.authority import Authority, make_authority

from serienpost import (
    Accepted,
    AccountProblem,
    ConfigError,
    Content,
    Context,
    Deferred,
    Message,
    Outcome,
    SecretError,
)
from serienpost_channel_smtp.channel import SmtpChannel
from serienpost_testkit.suites.wire import yes

if TYPE_CHECKING:
    from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword

SENDER = "Praxis Dr. Sonnenschein <praxis@example.org>"
CONTENT = Content(
    "email", SENDER, "erika@example.net", "Grüße", "Guten Tag, schöne Grüße\n", "<p>Grüße</p>"
)

LOGIN = {"username": "praxis", "password": "secret:MAIL_PASSWORD"}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("ca"))


class Mailbox:
    """Keeps what arrives; refuses senders of other domains."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []

    async def handle_MAIL(  # noqa: N802
        self,
        server: object,
        session: object,
        envelope: "Envelope",
        address: str,
        options: list[str],
    ) -> str:
        if not address.endswith("@example.org"):
            return "553 5.7.1 Sender address rejected: not owned by user"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: object, session: object, envelope: "Envelope"
    ) -> str:
        self.envelopes.append(envelope)
        return "250 OK"


def authenticate(
    server: object, session: object, envelope: object, mechanism: str, login: "LoginPassword"
) -> "AuthResult":
    from aiosmtpd.smtp import AuthResult

    return AuthResult(success=login.password == b"geheim", handled=False)


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def starttls(authority: Authority, mailbox: Mailbox, serve_mail: Callable[..., int]) -> int:
    """A submission server: STARTTLS and login required."""
    return serve_mail(
        mailbox,
        tls_context=authority.server_side(),
        require_starttls=True,
        auth_required=True,
        authenticator=authenticate,
    )


@pytest.fixture
def implicit(authority: Authority, mailbox: Mailbox, serve_mail: Callable[..., int]) -> int:
    """A server that speaks TLS from the first octet."""
    return serve_mail(mailbox, tls=authority.server_side())


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", "geheim")
    monkeypatch.setenv("WRONG", "falsch")


def settings(port: int, **changes: object) -> dict[str, object]:
    plain = {"channel": "smtp", "host": "127.0.0.1", "port": port, "sender": SENDER, "timeout": 2.0}
    return {**plain, **changes}


async def send(
    context: Context, values: dict[str, object], count: int = 1, content: Content = CONTENT
) -> list[Outcome]:
    channel = SmtpChannel()
    account = channel.account.model_validate(values)
    outcomes: list[Outcome] = []
    async with channel.open(context, account) as sender:
        for number in range(count):
            message = Message(f"0123456789{number:02}", "run", number, content)
            outcomes.extend(await sender.send([message], 0, yes))
    return outcomes


def test_starttls_and_login(
    context: Context, authority: Authority, starttls: int, mailbox: Mailbox
) -> None:
    values = settings(starttls, ca_file=str(authority.ca), **LOGIN)
    outcomes = asyncio.run(send(context, values, 3))
    assert [type(outcome) for outcome in outcomes] == [Accepted] * 3
    envelope = mailbox.envelopes[0]
    assert (envelope.mail_from, envelope.rcpt_tos) == ("praxis@example.org", ["erika@example.net"])


def test_tls_from_the_first_octet(
    context: Context, authority: Authority, implicit: int, mailbox: Mailbox
) -> None:
    values = settings(implicit, security="tls", ca_file=str(authority.ca))
    assert isinstance(asyncio.run(send(context, values))[0], Accepted)


def test_what_arrives_is_what_was_previewed(
    context: Context, authority: Authority, implicit: int, mailbox: Mailbox
) -> None:
    values = settings(implicit, security="tls", ca_file=str(authority.ca))
    content = replace(CONTENT, headers=(("Reply-To", "a@example.org"),))
    asyncio.run(send(context, values, content=content))
    channel = SmtpChannel()
    message = Message("012345678900", "run", 0, content)
    preview = channel.preview(channel.account.model_validate(values), message)[".eml"]
    arrived = mailbox.envelopes[0].content
    assert isinstance(arrived, bytes)

    def dateless(raw: bytes) -> list[bytes]:
        return [line for line in raw.split(b"\r\n") if not line.startswith((b"Date:", b"X-"))]

    assert dateless(arrived) == dateless(preview)
    mail = message_from_bytes(arrived, policy=default)
    assert mail["Message-ID"] == "<012345678900@example.org>"
    assert mail["Reply-To"] == "a@example.org"


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_unknown_authority(
    context: Context, starttls: int, implicit: int, mailbox: Mailbox, security: str
) -> None:
    port = starttls if security == "starttls" else implicit
    (outcome,) = asyncio.run(send(context, settings(port, security=security, **LOGIN)))
    assert isinstance(outcome, AccountProblem)
    assert outcome.code == "certificate"
    assert mailbox.envelopes == []


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_certificate_for_another_name(
    context: Context, authority: Authority, starttls: int, implicit: int, security: str
) -> None:
    port = starttls if security == "starttls" else implicit
    values = settings(port, security=security, host="localhost", ca_file=str(authority.ca), **LOGIN)
    (outcome,) = asyncio.run(send(context, values))
    assert isinstance(outcome, AccountProblem)
    assert outcome.code == "certificate"


def test_refused_login(
    context: Context, authority: Authority, starttls: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", "falsch")
    values = settings(starttls, ca_file=str(authority.ca), **LOGIN)
    (outcome,) = asyncio.run(send(context, values))
    assert isinstance(outcome, AccountProblem)
    assert outcome.code == "535"


def test_starttls_is_not_tried_on_a_tls_port(
    context: Context, authority: Authority, implicit: int
) -> None:
    values = settings(implicit, ca_file=str(authority.ca), timeout=1.0)
    assert isinstance(asyncio.run(send(context, values))[0], Deferred)


def test_tls_on_a_plain_port_is_an_account_problem(
    context: Context, authority: Authority, starttls: int
) -> None:
    values = settings(starttls, security="tls", ca_file=str(authority.ca))
    (outcome,) = asyncio.run(send(context, values))
    assert isinstance(outcome, AccountProblem)
    assert outcome.code == "tls"


def test_missing_secret_and_ca_file(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="no\\.pem"):
        asyncio.run(send(context, settings(1, ca_file="no.pem")))
    (context.folder / "bad.pem").write_text("no certificate")
    with pytest.raises(ConfigError, match="bad\\.pem"):
        asyncio.run(send(context, settings(1, ca_file="bad.pem")))
    monkeypatch.delenv("MAIL_PASSWORD")
    with pytest.raises(SecretError, match="MAIL_PASSWORD"):
        asyncio.run(send(context, settings(1, **LOGIN)))


def probe(context: Context, values: dict[str, object]) -> list[tuple[bool, str]]:
    channel = SmtpChannel()
    account = channel.account.model_validate(values)
    results = asyncio.run(channel.probe(context, account))
    assert all(result.ok or result.remedy for result in results)
    return [(result.ok, result.text) for result in results if "CVE" not in result.text]


def test_probe_of_a_good_account(
    context: Context, authority: Authority, starttls: int, mailbox: Mailbox
) -> None:
    results = probe(context, settings(starttls, ca_file=str(authority.ca), **LOGIN))
    assert [ok for ok, _ in results] == [True] * 5
    assert [text for _, text in results] == [
        f"127.0.0.1:{starttls} answers",
        "TLSv1.3, certificate valid",
        "login accepted",
        "the sender is allowed",
        "messages up to 33 MB",
    ]
    assert mailbox.envelopes == []


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"ca_file": None}, "certificate is refused"),
        ({"sender": "x@example.com"}, "553 5.7.1 Sender address rejected"),
        ({"username": "praxis", "password": "secret:WRONG"}, "535 5.7.8"),
        ({"port": 1}, "connection refused"),
    ],
)
def test_probe_of_a_bad_account(
    context: Context, authority: Authority, starttls: int, changes: dict[str, object], found: str
) -> None:
    good = settings(starttls, ca_file=str(authority.ca), **LOGIN)
    results = probe(context, {**good, **changes})
    assert [ok for ok, _ in results[:-1]] == [True] * (len(results) - 1)
    ok, text = results[-1]
    assert not ok
    assert found in text
