"""The mailbox for bounces, on a small IMAP server."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest
from imap_server import ImapServer, serving

from serienpost import ConfigError, Context, Event
from serienpost_channel_smtp.bounces import LARGEST, MailboxError
from serienpost_channel_smtp.channel import SmtpChannel

REF = "7K3MPXQ2ABCD"
BOUNCE = f"""From: MAILER-DAEMON@example.net
To: praxis@example.org
Subject: failure notice
Date: Mon, 23 Nov 2026 10:00:05 +0100
Message-ID: <1@example.net>

<erika.canary@example.net>: 550 5.1.1 User unknown

Message-ID: <{REF}@example.org>
"""
LETTER = """From: Erika Canary <erika.canary@example.net>
To: praxis@example.org
Subject: Frage
Date: Mon, 23 Nov 2026 09:00:00 +0100
Message-ID: <2@example.net>

Etwas Vertrauliches.
"""
UNSUBSCRIBE = f"""From: erika.canary@example.net
To: praxis@example.org
Subject: Abmeldung {REF}
Date: Mon, 23 Nov 2026 11:00:00 +0100
Message-ID: <3@example.net>

"""


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", "geheim")
    monkeypatch.setenv("WRONG", "falsch")


@pytest.fixture
def serve() -> Iterator[type[ImapServer]]:
    with ExitStack() as running:

        class Started(ImapServer):
            def __init__(self, *mails: str, sizes: dict[int, int] | None = None) -> None:
                super().__init__(*mails, sizes=sizes)
                running.enter_context(serving(self))

        yield Started


def events(
    context: Context, port: int, since: datetime | None = None, **changes: object
) -> list[Event]:
    channel = SmtpChannel()
    account = channel.account.model_validate(
        {
            "channel": "smtp",
            "host": "127.0.0.1",
            "security": "none",
            "sender": "Praxis <praxis@example.org>",
            "username": "praxis",
            "password": "secret:MAIL_PASSWORD",
            "imap_host": "127.0.0.1",
            "imap_port": port,
            "imap_security": "none",
            **changes,
        }
    )

    async def read() -> list[Event]:
        return [event async for event in channel.events(context, account, since)]

    return asyncio.run(read())


def test_only_reports_are_read_and_nothing_is_changed(
    context: Context, serve: type[ImapServer]
) -> None:
    server = serve(LETTER, BOUNCE, UNSUBSCRIBE)
    found = events(context, server.port)
    assert sorted((event.kind, event.ref) for event in found) == [
        ("bounced", REF),
        ("unsubscribed", REF),
    ]
    assert "canary" not in repr(found)
    fetched = [command for command in server.asked if "FETCH" in command.upper()]
    assert all("BODY.PEEK" in command for command in fetched)
    whole = [command.split()[2] for command in fetched if "HEADER" not in command]
    assert sorted(uid.partition(":")[0] for uid in whole) == ["2", "3"]
    verbs = {command.upper().split()[0] for command in server.asked}
    assert verbs <= {"CAPABILITY", "LOGIN", "EXAMINE", "UID", "LOGOUT"}


@pytest.mark.parametrize(
    ("since", "day"),
    [(datetime(2026, 11, 23, 10, tzinfo=UTC), "21-Nov-2026"), (None, None)],
)
def test_it_looks_back_from_the_last_event(
    context: Context, serve: type[ImapServer], since: datetime | None, day: str | None
) -> None:
    server = serve(BOUNCE)
    events(context, server.port, since)
    search = next(command for command in server.asked if "SEARCH" in command.upper())
    assert "SINCE" in search
    assert day is None or day in search


def test_a_huge_mail_is_not_read(context: Context, serve: type[ImapServer]) -> None:
    server = serve(BOUNCE, sizes={1: LARGEST + 1})
    assert events(context, server.port) == []


def test_an_account_without_a_mailbox_has_no_events(context: Context) -> None:
    assert events(context, 1, imap_host=None) == []


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"password": "secret:WRONG"}, "imap_password"),
        ({"imap_folder": "Nirgends"}, "imap_folder"),
        ({"imap_security": "tls", "timeout": 1.0}, "cannot be reached"),
    ],
)
def test_a_mailbox_that_cannot_be_read_says_why(
    context: Context, serve: type[ImapServer], changes: dict[str, object], problem: str
) -> None:
    server = serve(BOUNCE)
    with pytest.raises(MailboxError) as caught:
        events(context, server.port, **changes)
    said = " ".join(f"{p.message} {p.hint}" for p in caught.value.problems)
    assert problem in said
    assert "geheim" not in said
    assert "falsch" not in said


def test_nobody_listens(context: Context, serve: type[ImapServer]) -> None:
    server = serve()
    port = server.port
    server.server_close()
    with pytest.raises(MailboxError, match="cannot be reached"):
        events(context, port)


def test_an_authority_that_is_not_there(context: Context, serve: type[ImapServer]) -> None:
    with pytest.raises(ConfigError, match=r"no\.pem"):
        events(context, 1, imap_security="tls", ca_file="no.pem")
