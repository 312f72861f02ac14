"""The bytes of a message: a MIME template filled with checked values, then looked at again."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email import message_from_bytes
from email.errors import MessageError
from email.message import EmailMessage
from email.utils import format_datetime
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from serienpost import (
    Content,
    Mailbox,
    Message,
    SerienpostError,
    Texts,
    parse_sender,
    refused_in_header,
)
from serienpost_channel_smtp.headers import is_address, unsafe_attachment
from serienpost_channel_smtp.mailbox_header import read_mailbox, written_mailbox
from serienpost_channel_smtp.mime_template import (
    POLICY,
    MimeStructure,
    encoded_body,
    encoded_header,
    encoding_of,
    mime_template,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta

    from serienpost_channel_smtp.mime_template import MimeTemplate

_ = Texts(__name__)

_REFERENCE = re.compile(r"[0-9A-Za-z]{1,64}")
_HEADER_NAME = re.compile(r"(?:List-Unsubscribe(?:-Post)?|Auto-Submitted|Reply-To|X-[A-Za-z-]+)")
# A header's value: printable octets, folded so that every line begins with a space.
_FILLED = re.compile(rb"[ -~]+(?:\r\n [ -~]+)*")

_NAME = re.compile(rb"([!-9;-~]+):")
# Headers that hold addresses, each with its value and the lines folded from it.
_ADDRESS_HEADER = re.compile(
    rb"^(From|Sender|Reply-To|To|Cc|Bcc): ((?:[^\r\n]|\r\n(?=[ \t]))*)", re.MULTILINE
)
_LONGEST_LINE = 998
_LONGEST_HEADER = 4000


UPDATE_PYTHON = _("update Python to 3.11.10, 3.12.5, 3.13 or later")

# A subject that some Pythons write as two headers.
_EVIL = "a =?utf-8?q?b=0D=0ABcc:_c@example.org?="


class UnsafeMessageError(SerienpostError):
    """The message would not leave as it is meant; never holds the value itself."""


def build(message: Message, *, date: datetime) -> bytes:
    """The message as it goes over the wire, before dots are doubled.

    The same message and date always give the same bytes. Lines end with CRLF and stay within 998
    octets (RFC 5322); all octets are ASCII.

    Raises:
        UnsafeMessageError: a value would reach beyond its own header.
    """
    content = message.content
    if not _REFERENCE.fullmatch(message.ref):
        raise UnsafeMessageError(_("the reference is not letters and digits alone"))
    if reason := _unsafe_part(content):
        raise UnsafeMessageError(_("message {ref}: {reason}", ref=message.ref, reason=reason))
    # Errors of the email package quote the value, so their chain is cut.
    try:
        structure = _structure(content)
        template = mime_template(structure)
        raw = template.fill(_values(message, date, structure))
    except (MessageError, ValueError):
        said = _("message {ref} cannot be written as an e-mail", ref=message.ref)
        raise UnsafeMessageError(said) from None
    if reason := _difference(raw, template, message):
        raise UnsafeMessageError(_("message {ref}: {reason}", ref=message.ref, reason=reason))
    return raw


@cache
def encoded_words_become_headers() -> bool:
    """Whether this Python's `email` package turns an encoded word into header lines.

    CVE-2024-6923; seen with 3.10.13, 3.11.7, 3.12.1. The guard in this module protects anyway.
    """
    mail = EmailMessage(policy=POLICY)
    try:
        mail["Subject"] = _EVIL
        return b"\nBcc:" in mail.as_bytes()
    except (MessageError, ValueError):
        return False


@cache
def self_test() -> None:
    """Try on this Python what keeps a value from becoming a header, before anything is sent: the
    encoding of a subject that the guard would have refused, and the look at the finished bytes.

    Raises:
        UnsafeMessageError: one of them fails; no message must leave.
    """
    content = Content("email", "a@example.org", "b@example.org", _EVIL, "text")
    message = Message("0" * 12, "self-test", 1, content)
    structure = _structure(content)
    template = mime_template(structure)
    raw = template.fill(_values(message, datetime(2026, 1, 1, tzinfo=UTC), structure))
    forged = raw.replace(b"\r\nSubject:", b"\r\nBcc: c@example.org\r\nSubject:", 1)
    if "Bcc" in message_from_bytes(raw) or _difference(forged, template, message) is None:
        raise UnsafeMessageError(
            _("with this Python a subject could become a header; nothing is sent"),
            hint=UPDATE_PYTHON,
        )


def _unsafe_part(content: Content) -> str | None:
    if reason := refused_in_header(content.subject):
        return _("the subject {reason}", reason=reason)
    if reason := refused_in_header(content.sender):
        return _("the sender {reason}", reason=reason)
    if not is_address(content.address):
        return _("the recipient is not a plain ASCII address")
    for name, value in content.headers:
        if reason := refused_in_header(value):
            return _("the header {name} {reason}", name=name, reason=reason)
        if not _HEADER_NAME.fullmatch(name) or len(value) > _LONGEST_HEADER:
            return _("a header is not one that this channel sets, or too long")
    reasons = (unsafe_attachment(attachment) for attachment in content.attachments)
    return next((reason for reason in reasons if reason), None)


def _structure(content: Content) -> MimeStructure:
    return MimeStructure(
        content.sender,
        tuple(name for name, _ in content.headers),
        encoding_of(content.text),
        encoding_of(content.html) if content.html is not None else None,
        content.attachments,
    )


def _values(message: Message, date: datetime, structure: MimeStructure) -> dict[str, bytes]:
    """The octets of each slot; those of headers are of a closed form."""
    content = message.content
    values = {
        "From": written_mailbox("From", parse_sender(content.sender)),
        "To": content.address.encode("ascii"),
        "Date": _date(date.replace(microsecond=0), date.utcoffset()),
        "Subject": encoded_header("Subject", content.subject),
        "ref": message.ref.encode("ascii"),
        **{name: _further_header(name, value) for name, value in content.headers},
    }
    if not all(map(_FILLED.fullmatch, values.values())):
        raise ValueError("header")
    values["text"] = encoded_body(content.text, structure.text)
    if content.html is not None and structure.html is not None:
        values["html"] = encoded_body(content.html, structure.html)
    return values


def _further_header(name: str, value: str) -> bytes:
    if name == "Reply-To":
        return written_mailbox(name, parse_sender(value))
    return value.replace(">, <", ">,\r\n <").encode("ascii")


@lru_cache(maxsize=16)
def _date(moment: datetime, _offset: timedelta | None) -> bytes:
    """Two zones' names of one moment are equal, but not their text."""
    return format_datetime(moment).encode("ascii")


def _difference(raw: bytes, template: MimeTemplate, message: Message) -> str | None:
    """Look at the finished bytes and compare them with what was meant."""
    lines = raw.split(b"\r\n")
    if max(map(len, lines)) > _LONGEST_LINE:
        return _("a line is longer than {most} octets", most=_LONGEST_LINE)
    ends = len(lines) - 1
    if not raw.isascii() or raw.count(b"\r") != ends or raw.count(b"\n") != ends:
        return _("an octet or line end is not one that every server carries")
    head = lines[: lines.index(b"")]
    if tuple(_names(head)) != template.names:
        return _("the headers are not those that were meant")
    if reason := _other_mailbox(b"\r\n".join(head), message.content):
        return reason
    for number, count in template.parts:
        delimiter = f"--=_{message.ref}_{number}".encode()
        if lines.count(delimiter) != count or lines.count(delimiter + b"--") != 1:
            return _("the parts are not those that were meant")
    return None


def _other_mailbox(head: bytes, content: Content) -> str | None:
    """Read every header that holds an address, and say which is another than was meant."""
    meant = {"From": parse_sender(content.sender), "To": Mailbox("", content.address)}
    meant |= {name: parse_sender(value) for name, value in content.headers if name == "Reply-To"}
    found: dict[str, Mailbox] = {}
    for name, value in _ADDRESS_HEADER.findall(head):
        try:
            found[name.decode()] = read_mailbox(value)
        except ValueError:
            return _("the header {name} does not hold one address", name=name.decode())
    wrong = next((name for name, mailbox in meant.items() if found.get(name) != mailbox), None)
    if wrong is None:
        return None
    return _("the header {name} does not hold the address that was meant", name=wrong)


def _names(head: list[bytes]) -> Iterator[str]:
    """The names of the headers; "" for a line that is neither a header nor folded from one."""
    for line in head:
        if not line.startswith((b" ", b"\t")):
            found = _NAME.match(line)
            yield found[1].decode() if found else ""
