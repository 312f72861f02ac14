"""The bytes of a message: everything is read back with the standard parser."""

import random
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP, default

import pytest

from serienpost import Attachment, Content, Message, refused_in_header
from serienpost_channel_smtp import message as module
from serienpost_channel_smtp.message import UnsafeMessageError, build

DATE = datetime(2026, 11, 23, 16, 30, tzinfo=UTC)
EVIL = "Termin =?utf-8?q?a=0D=0ABcc:_evil@example.org?="
EVIL_BODY = "Termin =?utf-8?q?a=0D=0ABcc:_evil@example.org=0D=0A=0D=0Abody?="


def content(**changes: object) -> Content:
    values: dict[str, object] = {
        "kind": "email",
        "sender": "Praxis Dr. Müller, Dresden <praxis@example.org>",
        "address": "erika@example.net",
        "subject": "Ihr Termin am 24.11. um 09:30 Uhr – Grüße",
        "text": "Guten Tag,\n\nIhr Termin ist morgen.\n.\n..Punkte\nFrom hier\n",
        "html": None,
    }
    return Content(**{**values, **changes})  # type: ignore[arg-type]


def made(**changes: object) -> bytes:
    return build(Message("0123456789AB", "run", 1, content(**changes)), date=DATE)


def body(part: EmailMessage) -> str:
    text = part.get_content()
    assert isinstance(text, str)
    return text.replace("\r\n", "\n")


def parsed(raw: bytes) -> EmailMessage:
    mail = message_from_bytes(raw, policy=default)
    assert isinstance(mail, EmailMessage)
    assert not mail.defects
    return mail


PDF = Attachment("Anfahrt Grüße.pdf", "application/pdf", bytes(range(256)) * 20)
LOGO = Attachment("logo.png", "image/png", b"\x89PNG\r\n\x1a\n" + b"\0" * 300, content_id="logo")
HTML = '<p>Grüße <img src="cid:logo" alt=""></p>' + "<b>lang</b>" * 200


def test_headers() -> None:
    further = (("Reply-To", "Empfang Müller <empfang@example.org>"),)
    mail = parsed(made(headers=further))
    assert mail.keys() == [
        "From", "To", "Subject", "Date", "Message-ID", "Reply-To",
        "Content-Type", "Content-Transfer-Encoding", "MIME-Version",
    ]  # fmt: skip
    assert mail["From"].addresses[0].display_name == "Praxis Dr. Müller, Dresden"
    assert mail["From"].addresses[0].addr_spec == "praxis@example.org"
    assert mail["To"] == "erika@example.net"
    assert mail["Subject"] == "Ihr Termin am 24.11. um 09:30 Uhr – Grüße"
    assert mail["Date"].datetime == DATE
    assert mail["Message-ID"] == "<0123456789AB@example.org>"
    assert mail["Reply-To"].addresses[0].addr_spec == "empfang@example.org"
    assert mail["Reply-To"].addresses[0].display_name == "Empfang Müller"


def test_text_alone() -> None:
    mail = parsed(made())
    assert mail.get_content_type() == "text/plain"
    assert body(mail) == content().text


@pytest.mark.parametrize(
    "text",
    [
        "kurz",
        "ä" * 5000,
        "a" * 5000,
        "Ünï\ncödé\n" * 100,
        "مرحبا بكم في العيادة\n" * 30,
        ".\r\n..\r\n.x\n",
        "a \n\tb\t\n",
        "\x0b vertikal \x00 null",
        "=?utf-8?q?Bcc:_x?= {{Name}} <b>",
        "--=_0123456789AB_1\n--=_0123456789AB_0--",
    ],
)
def test_any_text_arrives(text: str) -> None:
    mail = parsed(made(text=text))
    lines = text.replace("\r\n", "\n").removesuffix("\n")
    assert body(mail) == lines + "\n"


def test_all_parts_arrive() -> None:
    mail = parsed(made(html=HTML, attachments=(PDF, LOGO)))
    assert mail.get_content_type() == "multipart/mixed"
    alternative, attached = mail.iter_parts()
    text, related = alternative.iter_parts()
    html, image = related.iter_parts()
    assert [alternative.get_content_type(), related.get_content_type()] == [
        "multipart/alternative",
        "multipart/related",
    ]
    assert body(text) == content().text
    assert body(html) == HTML + "\n"
    assert html.get_content_type() == "text/html"
    assert image.get_content() == LOGO.data
    assert image["Content-ID"] == "<logo>"
    assert image.get_content_disposition() == "inline"
    assert attached.get_content() == PDF.data
    assert attached.get_filename() == "Anfahrt Grüße.pdf"
    assert attached.get_content_disposition() == "attachment"


def test_wire_form() -> None:
    raw = made(html=HTML, attachments=(PDF, LOGO))
    assert raw.isascii()
    assert raw.endswith(b"\r\n")
    lines = raw.split(b"\r\n")
    assert max(map(len, lines)) <= 998
    assert not any(b"\r" in line or b"\n" in line for line in lines)


def test_same_message_same_bytes() -> None:
    parts = {"html": HTML, "attachments": (PDF, LOGO)}
    assert made(**parts) == made(**parts)
    assert b'boundary="=_0123456789AB_0"' in made(**parts)


def test_only_the_date_differs_between_preview_and_wire() -> None:
    message = Message("0123456789AB", "run", 1, content(html=HTML))
    later = DATE.replace(year=2027)
    one, two = (build(message, date=date).splitlines() for date in (DATE, later))
    assert [b.split(b":")[0] for a, b in zip(one, two, strict=True) if a != b] == [b"Date"]


def test_many_subjects_and_senders_arrive() -> None:
    rng = random.Random(7)
    letters = (
        "abcdefghijklmnop qrstuvw  xyzäöüßÄÖÜ–„“éŁ中🎂,;:.!?()<>@\"'\\=_%/&#+*~^|[]{}0123456789"
    )
    for number in range(400):
        subject = "".join(rng.choices(letters, k=rng.randint(1, 150))).strip() or "x"
        if refused_in_header(subject):
            continue
        name = "".join(rng.choices("abc äöü.,;:()'é中", k=rng.randint(1, 80))).strip()
        mail = parsed(made(subject=subject, sender=f'"{name}" <praxis@example.org>'))
        assert "".join(mail["Subject"].split()) == "".join(subject.split()), number
        assert mail["From"].addresses[0].addr_spec == "praxis@example.org", number
        assert mail["To"] == "erika@example.net", number


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": EVIL},
        {"subject": EVIL_BODY},
        {"subject": "a\r\nBcc: evil@example.org"},
        {"subject": "a\nb"},
        {"subject": "a\rb"},
        {"subject": "a\x00b"},
        {"subject": "a\x85b"},
        {"subject": "a\u2028b"},
        {"subject": "a\ud800b"},
        {"sender": f"{EVIL} <praxis@example.org>"},
        {"sender": "a@example.org\r\nBcc: evil@example.org"},
        {"address": "erika@example.net, evil@example.org"},
        {"address": "erika@example.net\r\nBcc: evil@example.org"},
        {"address": "Erika <erika@example.net>"},
        {"address": "erika@example.net>\r\nRCPT TO:<evil@example.org"},
        {"address": '"erika evil"@example.net'},
        {"address": "=?utf-8?q?a?=@example.net"},
        {"address": "erika"},
        {"address": "é@example.net"},
        {"address": "e@" + "x" * 300},
        {"attachments": (Attachment(EVIL, "application/pdf", b""),)},
        {"attachments": (Attachment("a\r\nb.pdf", "application/pdf", b""),)},
        {"attachments": (Attachment("../a.pdf", "application/pdf", b""),)},
        {"attachments": (Attachment("a.pdf", "application/pdf\r\nX: y", b""),)},
        {"attachments": (Attachment("a.eml", "message/rfc822", b""),)},
        {"html": "x", "attachments": (Attachment("a.png", "image/png", b"", "a>\r\nX: y"),)},
        {"text": "half \ud800"},
        {"headers": (("List-Unsubscribe", "<https://example.org/>\r\nBcc: evil@example.org"),)},
        {"headers": (("List-Unsubscribe", "<https://example.org/ü>"),)},
        {"headers": (("List-Unsubscribe", "<https://example.org/" + "x" * 5000 + ">"),)},
        {"headers": (("Bcc", "evil@example.org"),)},
        {"headers": (("X-Evil: 1\r\nBcc", "evil@example.org"),)},
        {"headers": (("Reply-To", "evil"),)},
    ],
)
def test_refused_before_the_wire(changes: dict[str, object]) -> None:
    with pytest.raises(UnsafeMessageError) as refused:
        made(**changes)
    assert "evil" not in str(refused.value)
    assert refused.value.__context__ is None or refused.value.__suppress_context__


def test_unsafe_reply_to_and_reference() -> None:
    with pytest.raises(UnsafeMessageError, match="Reply-To"):
        made(headers=(("Reply-To", EVIL),))
    with pytest.raises(UnsafeMessageError, match="reference"):
        build(Message("0123>\r\nX: y", "r", 1, content()), date=DATE)


@pytest.mark.parametrize("subject", [EVIL, EVIL_BODY, "a =?utf-8?q?b?="])
def test_past_the_guard_an_encoded_word_is_still_only_text(
    subject: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_unsafe_part", lambda *_: None)
    mail = parsed(made(subject=subject))
    assert mail["Bcc"] is None
    assert mail["Subject"] == subject


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "a\r\nBcc: evil@example.org"},
        {"subject": "a\nBcc: evil@example.org"},
        {"address": "erika@example.net\r\nBcc: evil@example.org"},
        {"headers": (("List-Unsubscribe", "<x>\r\nBcc: evil@example.org"),)},
    ],
)
def test_past_the_guard_no_value_reaches_beyond_its_header(
    changes: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_unsafe_part", lambda *_: None)
    try:
        mail = parsed(made(**changes))
    except UnsafeMessageError:
        return
    assert mail["Bcc"] is None


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b"\r\nDate:", b"\r\nBcc: evil@example.org\r\nDate:", "headers"),
        (b"\r\nDate:", b"\r\n\r\nDate:", "headers"),
        (b"\r\nDate:", b"\r\nno header\r\nDate:", "headers"),
        (b"To: erika", b"To: evil@example.org, erika", "header To"),
        (b"To: erika", b"To: evil", "header To"),
        (b"From: ", b"From: Evil <evil@example.org>, ", "header From"),
        (b"praxis@example.org", b"evil@example.org", "header From"),
        (b"--=_0123456789AB_0--", b"--=_0123456789AB_0", "parts"),
        (b"--=_0123456789AB_0--", b"--=_0123456789AB_0\r\n\r\n--=_0123456789AB_0--", "parts"),
        (b"Guten", b"\xe4uten", "octet"),
        (b"Guten", b"G\nuten", "octet"),
        (b"Guten", b"G" * 999, "998"),
    ],
)
def test_every_difference_is_seen(old: bytes, new: bytes, reason: str) -> None:
    message = Message("0123456789AB", "run", 1, content(html="<p>x</p>"))
    raw = build(message, date=DATE)
    frame = module.mime_template(module._structure(message.content))
    assert module._difference(raw, frame, message) is None
    assert old in raw
    difference = module._difference(raw.replace(old, new, 1), frame, message)
    assert difference is not None
    assert reason in difference


def test_self_test_says_what_this_python_does() -> None:
    mail = EmailMessage(policy=SMTP)
    try:
        mail["Subject"] = EVIL
        vulnerable = b"\nBcc:" in mail.as_bytes()
    except ValueError:
        vulnerable = False
    assert module.encoded_words_become_headers() is vulnerable


def test_what_keeps_values_out_of_headers_is_tried_at_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    attempt = module.self_test.__wrapped__
    attempt()
    with monkeypatch.context() as blind:
        blind.setattr(module, "_difference", lambda *_: None)
        with pytest.raises(UnsafeMessageError, match="could become a header"):
            attempt()
    values = module._values
    smuggled = {"Subject": b"a\r\nBcc: c@example.org"}
    monkeypatch.setattr(module, "_values", lambda *given: values(*given) | smuggled)
    with pytest.raises(UnsafeMessageError, match="could become a header"):
        attempt()
