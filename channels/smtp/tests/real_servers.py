"""The whole way against real mail servers: Postfix, smtp-sink, Dovecot, aiosmtpd (`make smtp`)."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from smtp_servers.authority import Authority, make_authority
from smtp_servers.mail_server import PASSWORD, MailServer, free_port

from serienpost import Accepted, AccountProblem, Content, Context, Message, Outcome, Rejected
from serienpost_channel_smtp.channel import SmtpChannel
from serienpost_testkit.suites.wire import yes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from email.message import EmailMessage

    from aiosmtpd.smtp import Envelope

PROGRAM = Path(sys.executable).parent / "serienpost"
COUNT = 12
SENDER = "Praxis Dr. Müller <praxis@example.org>"
LOGIN = {"username": "praxis", "password": "secret:MAIL_PASSWORD"}
ADDED = {"date", "received", "return-path", "delivered-to", "x-original-to", "x-peer"}
CONFIG = """\
practice: {{id: test, name: "Praxis Dr. Müller", email: praxis@example.org,
           unsubscribe_url: "https://example.org/abmelden?nr="}}
plugins: [serienpost-testkit, serienpost-channel-smtp, serienpost-macros-practice]
accounts:
  mail: {account}
signatures:
  mueller: {{name: "Dr. med. Änne Müller", text: "Fachärztin für Allgemeinmedizin"}}
"""
MAILING = f"""\
title: Einladung
source: "null"
select: {{count: {COUNT}}}
account: mail
purpose: event
template: einladung
signature: mueller
attachments: ["Anfahrt Grüße.pdf", "karten/Karte {{{{Null_Nr}}}}.png"]
"""
TEMPLATE = """\
---
subject: "Einladung für {{Null_Name}} – Grüße aus der Praxis"
language: de
purposes: [event]
---
Guten Tag **{{Null_Name}}**,

.
..Ihre Nummer ist {{Null_Nr}}. Schöne Grüße, auch an Çelik & Łukasz <nicht fett>!

![Logo](logo.png)

[Keine Nachrichten mehr]({{Abmelde_Link}})
"""
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)


@pytest.fixture(scope="session")
def home() -> Iterator[Path]:
    """A folder that the servers' users can enter."""
    folder = Path(tempfile.mkdtemp(prefix="serienpost-smtp-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def authority(home: Path) -> Authority:
    (home / "ca").mkdir()
    return make_authority(home / "ca")


@pytest.fixture(scope="session")
def postfix(home: Path, authority: Authority) -> Iterator[MailServer]:
    """Refuses unknown recipients at once."""
    (home / "strict").mkdir()
    with MailServer(home / "strict", authority) as server:
        yield server


@pytest.fixture(scope="session")
def bouncing(home: Path, authority: Authority) -> Iterator[MailServer]:
    """Takes everything and bounces later."""
    (home / "bouncing").mkdir()
    with MailServer(home / "bouncing", authority, accepts_all=True) as server:
        yield server


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", PASSWORD)
    monkeypatch.setenv("WRONG", "falsch")


@contextmanager
def sink(folder: Path) -> Iterator[int]:
    """Postfix's smtp-sink, which writes each message into a file of `folder`."""
    program = shutil.which("smtp-sink", path="/usr/sbin")
    assert program, "apt-get install postfix"
    folder.chmod(0o777)
    port = free_port()
    with subprocess.Popen(
        [program, "-u", "nobody", "-R", folder, "-d", "mail.", f"127.0.0.1:{port}", "64"],
        stderr=subprocess.DEVNULL,
    ) as process:
        until = time.monotonic() + 10
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.05)
        yield port
        process.terminate()


def parsed(raw: bytes) -> EmailMessage:
    return message_from_bytes(raw, policy=default)  # type: ignore[return-value]


def facts(mail: EmailMessage) -> tuple[object, ...]:
    """Headers but for those that every server adds, and every part with its content."""
    headers = [
        (name, " ".join(str(value).split()))
        for name, value in mail.items()
        if name.lower() not in ADDED
        and not name.startswith(("X-Client", "X-Helo", "X-Mail", "X-Rc"))
    ]
    parts = []
    for part in mail.walk():
        content = None if part.is_multipart() else part.get_content()
        if isinstance(content, str):
            content = content.replace("\r\n", "\n")
        parts.append((part.get_content_type(), part.get_filename(), part["Content-ID"], content))
    return (headers, parts)


class Practice:
    """A practice folder, driven by the real command line."""

    def __init__(self, folder: Path, **account: object) -> None:
        self.folder = folder
        settings = {"channel": "smtp", "host": "127.0.0.1", "sender": SENDER, **account}
        template = folder / "templates" / "einladung"
        for path in (template, folder / "mailings", folder / "karten"):
            path.mkdir(parents=True)
        (folder / "serienpost.yaml").write_text(
            CONFIG.format(account=json.dumps(settings)), "utf-8"
        )
        (folder / "mailings" / "einladung.yaml").write_text(MAILING, "utf-8")
        (template / "email.md").write_text(TEMPLATE, "utf-8")
        (template / "logo.png").write_bytes(PNG)
        (folder / "Anfahrt Grüße.pdf").write_bytes(bytes(range(256)) * 300)
        for number in range(1, COUNT):
            (folder / "karten" / f"Karte {number}.png").write_bytes(PNG + bytes([number]))

    def __call__(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        done = subprocess.run(
            [PROGRAM, "-C", self.folder, *arguments, "--json"],
            check=False,
            capture_output=True,
            timeout=90,
        )
        assert done.returncode == code, done.stdout.decode() + done.stderr.decode()
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def previewed_and_sent(self) -> dict[str, EmailMessage]:
        """Send the mailing; Message-ID -> what the preview showed. The last person has no card."""
        review = self("prepare", "einladung")
        unmarked = [r["unmarked"]["code"] for r in review["recipients"] if not r["marked"]]
        assert unmarked.count("attachment") == 1
        run, out = review["run"], self.folder / "vorschau"
        self("preview", run, "--all", "--out", str(out))
        self("send", run, "--yes")
        shown = [parsed(path.read_bytes()) for path in out.rglob("*.eml")]
        assert len(shown) == review["counts"]["marked"] > 5
        return {str(mail["Message-ID"]): mail for mail in shown}


def assert_as_previewed(shown: dict[str, EmailMessage], arrived: list[EmailMessage]) -> None:
    assert sorted(str(mail["Message-ID"]) for mail in arrived) == sorted(shown)
    for mail in arrived:
        assert not mail.defects
        assert facts(mail) == facts(shown[str(mail["Message-ID"])])
    mail = arrived[0]
    names = [part.get_filename() for part in mail.walk() if part.get_filename()]
    assert len(names) == 3
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    for kind in ("plain", "html"):
        body = mail.get_body((kind,))
        assert body is not None
        assert "Dr. med. Änne Müller" in body.get_content()


def test_aiosmtpd(tmp_path: Path, serve_mail: Callable[..., int]) -> None:
    arrived = []

    class Keeper:
        async def handle_DATA(  # noqa: N802
            self, _server: object, _session: object, envelope: Envelope
        ) -> str:
            assert isinstance(envelope.content, bytes)
            arrived.append(parsed(envelope.content))
            return "250 OK"

    practice = Practice(tmp_path, port=serve_mail(Keeper()), security="none", connections=3)
    assert_as_previewed(practice.previewed_and_sent(), arrived)


def test_smtp_sink(home: Path, tmp_path: Path) -> None:
    folder = home / "sink"
    folder.mkdir()
    with sink(folder) as port:
        practice = Practice(tmp_path, port=port, security="none", connections=4)
        shown = practice.previewed_and_sent()
    assert_as_previewed(shown, [parsed(path.read_bytes()) for path in folder.iterdir()])


def encrypted(server: MailServer, authority: Authority, **changes: object) -> dict[str, object]:
    return {
        "port": server.port,
        "security": "starttls",
        "ca_file": str(authority.ca),
        "timeout": 20.0,
        **LOGIN,
        **changes,
    }


def test_postfix_with_starttls_and_login(
    tmp_path: Path, postfix: MailServer, authority: Authority
) -> None:
    practice = Practice(tmp_path, connections=3, **encrypted(postfix, authority))
    shown = practice.previewed_and_sent()
    assert_as_previewed(shown, postfix.wait_for("patient", len(shown)))


async def _send(context: Context, values: dict[str, object], address: str) -> Outcome:
    channel = SmtpChannel()
    account = channel.account.model_validate(
        {"channel": "smtp", "host": "127.0.0.1", "sender": SENDER, **values}
    )
    content = Content("email", account.sender, address, "Termin", "Guten Tag\n")
    async with channel.open(context, account) as sender:
        (outcome,) = await sender.send([Message("0123456789AB", "r", 1, content)], 0, yes)
    return outcome


@pytest.mark.parametrize(
    ("changes", "address", "expected", "code"),
    [
        ({}, "patient1@example.net", Accepted, None),
        ({}, "niemand@example.net", Rejected, "550"),
        ({"password": "secret:WRONG"}, "patient1@example.net", AccountProblem, "535"),
        ({"sender": "chef@example.org"}, "patient1@example.net", AccountProblem, "553"),
        ({"ca_file": None}, "patient1@example.net", AccountProblem, "certificate"),
        ({"host": "localhost"}, "patient1@example.net", AccountProblem, "certificate"),
        ({"username": None, "password": None}, "patient1@example.net", AccountProblem, "553"),
    ],
)
def test_what_postfix_refuses(
    context: Context,
    postfix: MailServer,
    authority: Authority,
    changes: dict[str, object],
    address: str,
    expected: type,
    code: str | None,
) -> None:
    outcome = asyncio.run(_send(context, encrypted(postfix, authority, **changes), address))
    assert isinstance(outcome, expected), outcome
    assert getattr(outcome, "code", None) == code


def test_doctor(tmp_path: Path, postfix: MailServer, authority: Authority) -> None:
    imap = {"imap_host": "127.0.0.1", "imap_port": postfix.imap}
    practice = Practice(tmp_path / "good", **encrypted(postfix, authority, **imap))
    said = json.dumps(practice("doctor"), ensure_ascii=False)
    for found in ("certificate valid", "login accepted", "the sender is allowed", "1 MB", "INBOX"):
        assert found in said, said
    wrong = encrypted(postfix, authority, **imap, imap_username="x", imap_folder="Nirgends")
    practice = Practice(tmp_path / "bad", **wrong)
    assert "imap_folder" in json.dumps(practice("doctor", code=3))


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_bounces_come_back(
    tmp_path: Path, bouncing: MailServer, authority: Authority, security: str
) -> None:
    port = bouncing.imap if security == "tls" else bouncing.imap_starttls
    imap = {"imap_host": "127.0.0.1", "imap_port": port, "imap_security": security}
    practice = Practice(tmp_path, **encrypted(bouncing, authority, **imap))
    (practice.folder / "mailings" / "weg.yaml").write_text(
        'source: "null"\nselect: {start: 900, count: 3}\naccount: mail\npurpose: event\n'
        "subject: Einladung\ntext: Guten Tag {{Null_Name}} von Praxis Dr. Müller\n",
        "utf-8",
    )
    before = len(bouncing.mails("praxis"))
    run = practice("prepare", "weg", "--summary")["run"]
    sent = practice("send", run, "--yes")["counts"]["accepted"]
    assert sent > 0
    bouncing.wait_for("praxis", before + sent)
    unread = len(list((bouncing.folder / "mail" / "praxis" / "new").iterdir()))
    first = practice("events", "mail")
    states = {m["state"] for m in practice("show", run)["messages"] if m["state"] != "suppressed"}
    assert states == {"bounced"}, first
    assert "null-" not in json.dumps(first)
    again = practice("events", "mail")
    assert json.dumps(again).count('"new": 0') == 1, again
    assert len(practice("suppress", "list")["entries"]) == sent
    assert len(list((bouncing.folder / "mail" / "praxis" / "new").iterdir())) <= unread
    assert all(
        ":2,S" not in p.name for p in (bouncing.folder / "mail" / "praxis" / "cur").iterdir()
    )
