"""Values made to break out, up to what a server gets: harmless text, or refused before the wire."""

import asyncio
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from smtp_servers.scripted import Server, opened

from serienpost import Attachment, Content, Context, Draft, Message, Outcome, Refused, Rejected
from serienpost_channel_smtp.channel import SmtpChannel
from serienpost_testkit.suites.wire import yes

SENDER = "Praxis <praxis@example.org>"
ADDRESS = "erika@example.net"
LINES = [
    "a\r\nBcc: evil@example.org",
    "a\nBcc: evil@example.org",
    "a\rBcc: evil@example.org",
    "a\r\n\r\nevil body",
    "a\r\n.\r\nMAIL FROM:<evil@example.org>\r\nRCPT TO:<evil@example.org>\r\nDATA\r\n",
    "a\n.\nRCPT TO:<evil@example.org>\n",
    "a\r.\rRCPT TO:<evil@example.org>\r",
    "\r\n.\r\n",
    ".\r\n.",
    "a\x0bBcc: evil@example.org",
    "a\x85Bcc: evil@example.org",
    "a\u2028Bcc: evil@example.org",
    "a\x00b",
    "a\x1b[2Jb",
    "a\ud800b",
    "\udc0d\udc0aBcc: evil@example.org",
    "\u010d\u010aBcc: evil@example.org",
    "\uff0d\uff0a",
    "=?utf-8?q?a=0D=0ABcc:_evil@example.org?=",
    "=?utf-8?b?YQ0KQmNjOiBldmlsQGV4YW1wbGUub3Jn?=",
    "=?utf-8?q?a?= =?utf-8?q?=0D=0ABcc:_evil@example.org?=",
    "=?",
    "?=",
    "=0D=0ABcc: evil@example.org",
    "--=_0123456789AB_0--",
    "\n--=_0123456789AB_0\nContent-Type: text/html\n\nevil",
    "\nFrom evil@example.org\n",
    "From: evil@example.org\nTo: evil@example.org\n\n",
    "<b>ä</b>" * 500,
    "x" * 1_000_000,
    "ä" * 30_000,
    "😀" * 10_000,
    "\n" * 10_000,
    "." * 5000 + "\n" + ".\n" * 5000,
    " " * 5000,
    "e" + "\u0301" * 5000,
    "\u202egnp.exe",
]
ADDRESSES = [
    "erika@example.net, evil@example.org",
    "erika@example.net;evil@example.org",
    "erika@example.net evil@example.org",
    "<erika@example.net>",
    "Erika <erika@example.net>",
    "erika@example.net>\r\nRCPT TO:<evil@example.org",
    "erika@example.net\r\nDATA",
    "erika@example.net\nDATA",
    "erika@example.net\x00",
    "erika@example.net> NOTIFY=SUCCESS",
    "@evil.example.org:erika@example.net",
    "erika%example.net@evil.example.org@x",
    '"erika evil"@example.net',
    '"\r\nDATA"@example.net',
    "erika(comment)@example.net",
    "erika@[127.0.0.1]",
    "erika@example..net",
    ".erika@example.net",
    "erika.@example.net",
    "erika@-example.net",
    "erika@example.net.",
    "erika@",
    "@example.net",
    "erika",
    "",
    "ärika@example.net",
    "erika@exämple.net",
    "=?utf-8?q?erika?=@example.net",
    "e" * 300 + "@example.net",
    "erika@" + "x" * 300,
    "x" * 1_000_000 + "@example.net",
]
HEADERS = {
    "From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type",
    "Content-Transfer-Encoding",
}  # fmt: skip


def sent(context: Context, draft: Draft) -> tuple[Outcome | Refused, Server]:
    """Compose and send as the core does."""
    server = Server(EHLO=b"250-scripted\r\n250 PIPELINING\r\n")

    async def run() -> Outcome | Refused:
        channel = SmtpChannel()
        async with server, opened(server, context, sender=SENDER) as sender:
            account = channel.account.model_validate(
                {"channel": "smtp", "host": "127.0.0.1", "security": "none", "sender": SENDER}
            )
            content = channel.compose(context, account, draft)
            if isinstance(content, Refused):
                return content
            (outcome,) = await sender.send([Message("0123456789AB", "run", 1, content)], 0, yes)
            return outcome

    return asyncio.run(run()), server


def draft(**changes: object) -> Draft:
    values: dict[str, object] = {
        "kind": "email",
        "language": "de",
        "address": ADDRESS,
        "subject": "Termin",
        "text": "Guten Tag",
        "html": "<p>Guten Tag</p>",
        "values": {},
    }
    return Draft(**{**values, **changes})  # type: ignore[arg-type]


def assert_harmless(outcome: Outcome | Refused, server: Server) -> EmailMessage | None:
    """Refused with nothing sent, or one message to one recipient with the usual headers."""
    assert b"evil" not in b"".join(line for line in server.lines if not line.startswith(b"EHLO"))
    if isinstance(outcome, Refused | Rejected):
        assert server.bodies == []
        return None
    assert server.commands == ["EHLO", "MAIL", "RCPT", "DATA", "QUIT"]
    assert server.lines[2] == f"RCPT TO:<{ADDRESS}>\r\n".encode()
    (body,) = server.accepted
    mail = message_from_bytes(
        body.removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n."), policy=default
    )
    assert isinstance(mail, EmailMessage)
    assert set(mail.keys()) <= HEADERS
    assert mail["To"] == ADDRESS
    assert not mail.defects
    return mail


@pytest.mark.timeout(60)
@pytest.mark.parametrize("value", LINES, ids=lambda value: ascii(value[:30]))
def test_a_value_stays_where_it_is_put(context: Context, value: str) -> None:
    text, html = f"Guten Tag {value}, bis bald", f"<p>Guten Tag {value}</p>"
    mail = assert_harmless(*sent(context, draft(text=text, html=html)))
    if mail is None:
        assert "\ud800" in value or "\udc0d" in value
        return
    parts = [part.get_content_type() for part in mail.walk()]
    assert parts == ["multipart/alternative", "text/plain", "text/html"]
    body = mail.get_body(("plain",))
    assert body is not None
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    assert body.get_content().replace("\r\n", "\n") == f"{plain}\n"


@pytest.mark.timeout(60)
@pytest.mark.parametrize("value", LINES, ids=lambda value: ascii(value[:30]))
def test_a_value_stays_in_the_subject(context: Context, value: str) -> None:
    mail = assert_harmless(*sent(context, draft(subject=f"An {value}")))
    if mail is not None:
        assert "".join(str(mail["Subject"]).split()) == "".join(f"An {value}".split())


@pytest.mark.parametrize("address", ADDRESSES, ids=lambda value: ascii(value[:30]))
def test_an_address_is_one_plain_address(context: Context, address: str) -> None:
    outcome, server = sent(context, draft(address=address))
    assert isinstance(outcome, Refused)
    assert outcome.code == "address"
    assert server.connections == 0


@pytest.mark.parametrize("address", ADDRESSES, ids=lambda value: ascii(value[:30]))
def test_past_compose_an_address_is_still_refused(context: Context, address: str) -> None:
    server = Server()

    async def run() -> Outcome:
        async with server, opened(server, context) as sender:
            content = Content("email", SENDER, address, "Termin", "Guten Tag")
            (outcome,) = await sender.send([Message("0123456789AB", "run", 1, content)], 0, yes)
            return outcome

    assert isinstance(asyncio.run(run()), Rejected)
    assert server.connections == 0


@pytest.mark.parametrize("name", [*LINES[:20], "../x.pdf", "/etc/passwd", "a\\b", "", "x" * 5000])
def test_the_name_of_a_file_stays_a_name(context: Context, name: str) -> None:
    file = Attachment(name, "application/pdf", b"%PDF")
    mail = assert_harmless(*sent(context, draft(attachments=(file,))))
    if mail is not None:
        assert [part.get_filename() for part in mail.walk() if part.get_filename()] == [name]
