"""What is filled in equals what the `email` package builds of the same content, for 400 records."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, default
from email.utils import format_datetime

import pytest
from mail_readers import mailboxes

from serienpost import Attachment, Content, Message, parse_sender, refused_in_header
from serienpost_channel_smtp.message import build

LETTERS = (
    "abcdefghijklmnopqrstuvwxyz     ABCXYZ äöüßÄÖÜé–„“’€ 0123456789"
    " .,;:!?()@'\"\\=_%/&#+*~^|[]{}<>-"
)
ALPHABETS = ("Привет мир", "مرحبا بكم", "中文字符", "🎂🎉✉️", "Łódź Çelik Ekström", "a=b_c =? ?=")
LONG_NAME = (
    "Gemeinschaftspraxis für Innere Medizin und Allgemeinmedizin am Lindenplatz, Dr. Ä. Özgür und"
    " Kollegen"
)
SENDERS = (
    "praxis@example.org",
    "Praxis Dr. Müller, Dresden <praxis@example.org>",
    '"Praxis: Sonne & Mond (GbR)" <empfang@praxis.example.org>',
    f"{LONG_NAME} <praxis@example.org>",
)
RECIPIENTS = ("a@example.net", "erika+termin@mail.example.net", f"{'x' * 60}@example.org")
FILES = (
    (),
    (Attachment("Anfahrt Grüße.pdf", "application/pdf", bytes(range(256)) * 20),),
    (Attachment("plan.txt", "text/plain", "Plan für Sie\n.\n".encode()),),
    (
        Attachment(
            "logo.png", "image/png", b"\x89PNG\r\n\x1a\n" + bytes(300), content_id="logo.png"
        ),
        Attachment("a.csv", "text/csv", b"a;b\r\n"),
    ),
)
HEADERS = (
    (),
    (("Reply-To", "Empfang der Praxis Müller <empfang@example.org>"),),
    (
        ("List-Unsubscribe", "<https://example.org/ab?nr=0123456789AB>, <mailto:p@example.org>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ("Auto-Submitted", "auto-generated"),
    ),
)


def words(rng: random.Random, longest: int) -> str:
    text = "".join(rng.choices(LETTERS, k=rng.randint(1, longest)))
    if rng.random() < 0.3:
        text += rng.choice(ALPHABETS) * rng.randint(1, 12)
    return text


def text(rng: random.Random) -> str:
    lines = [words(rng, 200) for _ in range(rng.randint(1, 20))]
    lines += rng.sample(
        [".", "..", "", "  ", "From hier", "--=_x", "-- ", "\tTab\t", "x" * 1500], 3
    )
    rng.shuffle(lines)
    return "\n".join(lines)


def records() -> Iterator[tuple[Message, datetime]]:
    rng = random.Random(20261123)
    for number in range(400):
        subject = " ".join(words(rng, 120).split())
        html = f"<p>{text(rng)}</p>" if number % 2 else None
        files = rng.choice(FILES)
        content = Content(
            kind="email",
            sender=rng.choice(SENDERS),
            address=rng.choice(RECIPIENTS),
            subject="Termin" if refused_in_header(subject) or not subject else subject,
            text=text(rng),
            html=html,
            attachments=files if html else tuple(f for f in files if f.content_id is None),
            headers=rng.choice(HEADERS),
        )
        date = datetime(2026, 11, 23, tzinfo=UTC) + timedelta(minutes=number)
        yield Message(f"{number:012}", "run", number, content), date


def as_email_builds_it(message: Message, date: datetime) -> bytes:
    content = message.content
    sender = parse_sender(content.sender)
    mail = EmailMessage(policy=SMTP)
    mail["From"] = Address(sender.name, addr_spec=sender.address)
    mail["To"] = content.address
    mail["Subject"] = content.subject
    mail["Date"] = format_datetime(date)
    mail["Message-ID"] = f"<{message.ref}@{sender.domain}>"
    for name, value in content.headers:
        mail[name] = value
    mail.set_content(content.text)
    if content.html is not None:
        mail.add_alternative(content.html, subtype="html")
    for file in content.attachments:
        main, _, sub = file.media_type.partition("/")
        if file.content_id:
            body = mail.get_body(("html",))
            assert isinstance(body, EmailMessage)
            body.add_related(
                file.data, main, sub, cid=f"<{file.content_id}>", filename=file.filename,
                disposition="inline",
            )  # fmt: skip
        else:
            mail.add_attachment(file.data, main, sub, filename=file.filename)
    return mail.as_bytes()


def parsed(raw: bytes) -> EmailMessage:
    mail = message_from_bytes(raw, policy=default)
    assert isinstance(mail, EmailMessage)
    return mail


def headers(mail: EmailMessage) -> dict[str, object]:
    """Decoded; dates as moments. Older Pythons lose spaces where they fold a subject. Who writes is
    looked at beside this: of names `email` writes and reads too few right."""
    found: dict[str, object] = {}
    for name, value in mail.items():
        if name in {"From", "Reply-To"}:
            found[name] = None
        elif name == "Date":
            found[name] = value.datetime
        elif name == "Subject":
            found[name] = "".join(str(value).split())
        elif name not in {"Content-Type", "Content-Transfer-Encoding"}:
            found[name] = str(value).strip()
    return found


def parts(mail: EmailMessage) -> list[tuple[object, ...]]:
    """Every part in order: type, disposition, name, content id, charset, content."""
    found: list[tuple[object, ...]] = []
    for part in mail.walk():
        assert isinstance(part, EmailMessage)
        content = None if part.is_multipart() else part.get_content()
        if isinstance(content, str):
            content = content.replace("\r\n", "\n")
        found.append(
            (
                part.get_content_type(),
                part.get_content_disposition(),
                part.get_filename(),
                part["Content-ID"],
                part.get_content_charset(),
                content,
            )
        )
    return found


RECORDS = list(records())


def test_there_are_400_of_all_forms() -> None:
    assert len(RECORDS) == 400
    forms = {
        (m.content.html is None, len(m.content.attachments), len(m.content.headers))
        for m, _ in RECORDS
    }
    assert len(forms) >= 15


@pytest.mark.parametrize("first", range(0, 400, 50))
def test_all_parts_and_headers_are_equal(first: int) -> None:
    for message, date in RECORDS[first : first + 50]:
        raw = build(message, date=date)
        ours, theirs = parsed(raw), parsed(as_email_builds_it(message, date))
        for name, sender in (("From", message.content.sender), *message.content.headers):
            if name in {"From", "Reply-To"}:
                assert mailboxes(raw, name) == [parse_sender(sender)], message.ref
        assert not ours.defects, message.ref
        assert headers(ours) == headers(theirs), message.ref
        assert ours["Subject"] == message.content.subject, message.ref
        assert parts(ours) == parts(theirs), message.ref


@pytest.mark.parametrize("first", range(0, 400, 100))
def test_every_server_carries_it(first: int) -> None:
    for message, date in RECORDS[first : first + 100]:
        raw = build(message, date=date)
        assert raw.isascii()
        assert raw.endswith(b"\r\n")
        assert raw.count(b"\n") == raw.count(b"\r") == raw.count(b"\r\n")
        assert max(map(len, raw.split(b"\r\n"))) <= 998
        for line in raw[: raw.index(b"\r\n\r\n")].split(b"\r\n"):
            assert line.startswith((b"To: ", b" <https://", b"List-U")) or len(line) <= 78, line
