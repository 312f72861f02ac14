"""From and Reply-To: any name arrives as it was typed, in a form that every provider reads."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mail_readers import mailboxes

from serienpost import Content, Mailbox, Message, parse_sender
from serienpost_channel_smtp import message as module
from serienpost_channel_smtp.mailbox_header import read_mailbox, written_mailbox
from serienpost_channel_smtp.message import build

ADDRESS = "praxis@example.org"
DATE = datetime(2026, 11, 23, 16, 30, tzinfo=UTC)
LONG = "Hausarztpraxis am Park, Dr. med. Sonja Sonnenschein, Dr. med. Bernd Beispielmann, MVZ GmbH"

NAMES = [
    ("", ADDRESS),
    ("Praxis", f"Praxis <{ADDRESS}>"),
    ("Praxis am Park", f"Praxis am Park <{ADDRESS}>"),
    ("Praxis Dr. Park", f'"Praxis Dr. Park" <{ADDRESS}>'),
    ("Park, Dr.", f'"Park, Dr." <{ADDRESS}>'),
    ("Praxis via info@example.org", f'"Praxis via info@example.org" <{ADDRESS}>'),
    ('Praxis "Süd"', "=?utf-8?"),
    ('Praxis "Sued"', rf'"Praxis \"Sued\"" <{ADDRESS}>'),
    ("Praxis \\ Park", rf'"Praxis \\ Park" <{ADDRESS}>'),
    ("Praxis (Park)", f'"Praxis (Park)" <{ADDRESS}>'),
    ("Praxis: Park;", f'"Praxis: Park;" <{ADDRESS}>'),
    ("<Praxis>", f'"<Praxis>" <{ADDRESS}>'),
    ("Müller & Söhne", "=?utf-8?"),
    ("Praxis 🩺", "=?utf-8?"),
    ("Praxis =?", "=?utf-8?"),
    ("Mu\u0308ller", "=?utf-8?"),
    (LONG, f'"{LONG[:20]}'),
    ("x" * 200, "=?utf-8?"),
    ("ä" * 300, "=?utf-8?"),
    ("👩‍⚕️ " * 40 + "x", "=?utf-8?"),
]


def sender_of(name: str) -> str:
    """As somebody writes it into a file."""
    escaped = re.sub(r'(["\\])', r"\\\1", name)
    return f'"{escaped}" <{ADDRESS}>' if name else ADDRESS


def as_others_read(header: str, value: bytes) -> list[tuple[str, str]]:
    return mailboxes(header.encode() + b": " + value + b"\r\n\r\n", header)


def check(name: str) -> None:
    for header in ("From", "Reply-To"):
        value = written_mailbox(header, Mailbox(name, ADDRESS))
        lines = (header.encode() + b": " + value).split(b"\r\n")
        assert max(map(len, lines)) <= 76
        assert all(line[:1] == b" " and line.strip() for line in lines[1:])
        assert all(len(word) <= 75 for word in re.findall(rb"=\?\S+", value) if word)
        assert read_mailbox(value) == Mailbox(name, ADDRESS)
        assert as_others_read(header, value) == [(name, ADDRESS)]


@pytest.mark.parametrize(("name", "begin"), NAMES, ids=[ascii(n[:20]) for n, _ in NAMES])
def test_a_name_is_written_as_the_standards_ask(name: str, begin: str) -> None:
    assert written_mailbox("From", Mailbox(name, ADDRESS)).decode().startswith(begin)
    check(name)


SIGNS = st.text(st.sampled_from("aZ0 .,;:@<>()[]\\\"'=?_-äß–„👩中\u0308\u200d\u00a0"), max_size=120)


@given(st.one_of(st.text(max_size=150), SIGNS))
def test_any_name_arrives_as_it_was_typed_or_is_no_sender(name: str) -> None:
    try:
        sender = parse_sender(sender_of(name))
    except ValueError:
        return
    assert sender.name == " ".join(name.split())
    check(sender.name)


@given(st.text(st.sampled_from('aä ,."<>@=?\\\r\n-_:;()\x7f\t'), max_size=40))
def test_what_is_read_is_one_mailbox_or_nothing(value: str) -> None:
    try:
        mailbox = read_mailbox(value.encode())
    except ValueError:
        return
    assert as_others_read("From", value.encode()) == [tuple(mailbox)]


@pytest.mark.parametrize(
    "value",
    [
        f"{LONG} <{ADDRESS}>",
        f"A <{ADDRESS}>, B <b@example.org>",
        f"A <{ADDRESS}> b@example.org",
        f"Dr. A <{ADDRESS}>",
        f"eve@example.org <{ADDRESS}>",
        f"=?utf-8?q?{'a' * 70}?= <{ADDRESS}>",
        f"=?latin-1?q?a?= <{ADDRESS}>",
        f'"a" b <{ADDRESS}>',
        "",
        "Praxis",
        f"Praxis\r\n<{ADDRESS}>",
    ],
)
def test_what_is_not_one_mailbox_is_not_read(value: str) -> None:
    with pytest.raises(ValueError, match=r"mailbox|name"):
        read_mailbox(value.encode())


@pytest.mark.parametrize("name", [name for name, _ in NAMES])
def test_the_finished_message_is_read_again(name: str) -> None:
    reply = (("Reply-To", sender_of(name)),)
    content = Content("email", sender_of(name), "e@example.net", "Hallo", "Text", headers=reply)
    message = Message("0123456789AB", "run", 1, content)
    raw = build(message, date=DATE)
    mime = module.mime_template(module._structure(content))
    assert module._difference(raw, mime, message) is None
    for header in (b"From", b"Reply-To", b"To"):
        for old, new in (
            (b"praxis@example.org", b"praxis@example.com"),
            (b"e@example.net", b"eve@example.net"),
            (b": ", b": eve@example.org, "),
            (b": ", b": Eve "),
        ):
            at = raw.index(b"\r\n" + header) + 2 if header != b"From" else 0
            end = raw.index(b"@example", at) + 20
            changed = raw[:at] + raw[at:end].replace(old, new, 1) + raw[end:]
            if changed != raw:
                reason = module._difference(changed, mime, message)
                assert reason is not None
                assert header.decode() in reason
