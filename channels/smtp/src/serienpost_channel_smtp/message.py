"""The bytes of a message: built with the `email` package, then read again and compared."""

from __future__ import annotations

import re
from email.errors import MessageError
from email.header import decode_header, make_header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, getaddresses, parseaddr
from functools import cache
from typing import TYPE_CHECKING

from serienpost.errors import SerienpostError
from serienpost_channel_smtp.headers import is_address, parse_mailbox, unsafe

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from serienpost.contracts.channels import Attachment, Content, Message

_POLICY = SMTP.clone(cte_type="7bit")
_REFERENCE = re.compile(r"[0-9A-Za-z]{1,64}")
_MEDIA_TYPE = re.compile(r"(?!multipart/|message/)[a-z]+/[A-Za-z0-9.+-]+")
_CONTENT_ID = re.compile(r"[A-Za-z0-9._@+-]+")
_RAW_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f]")
_NAME = re.compile(rb"([!-9;-~]+):")
_LONGEST_LINE = 998


class UnsafeMessageError(SerienpostError):
    """The message would not leave as it is meant; never holds the value itself."""


def build(message: Message, *, reply_to: str | None, date: datetime) -> bytes:
    """The message as it goes over the wire, before dots are doubled.

    The same message, Reply-To and date always give the same bytes. Lines end with CRLF and stay
    within 998 octets (RFC 5322); all octets are ASCII.

    Raises:
        UnsafeMessageError: a value would reach beyond its own header.
    """
    content = message.content
    if not _REFERENCE.fullmatch(message.ref):
        raise UnsafeMessageError("the reference is not letters and digits alone")
    if reason := _unsafe_part(content, reply_to):
        raise UnsafeMessageError(f"message {message.ref}: {reason}")
    return _checked_bytes(message, reply_to, date)


def unsafe_attachment(attachment: Attachment) -> str | None:
    """Why this file cannot go with a message, None where it can."""
    if reason := unsafe(attachment.filename):
        return f"the name of an attachment {reason}"
    if not attachment.filename or "/" in attachment.filename or "\\" in attachment.filename:
        return "the name of an attachment is empty or holds a path"
    if not _MEDIA_TYPE.fullmatch(attachment.media_type):
        return "the media type of an attachment is not type/subtype"
    if attachment.content_id is not None and not _CONTENT_ID.fullmatch(attachment.content_id):
        return "the content id of an image holds other characters than letters, digits, . _ @ + -"
    return None


@cache
def encoded_words_become_headers() -> bool:
    """Whether this Python's `email` package turns an encoded word into header lines.

    CVE-2024-6923; seen with 3.10.13, 3.11.7, 3.12.1. The guard in this module protects anyway.
    """
    mail = EmailMessage(policy=_POLICY)
    try:
        mail["Subject"] = "a =?utf-8?q?b=0D=0ABcc:_c@example.org?="
        return b"\nBcc:" in mail.as_bytes()
    except (MessageError, ValueError):
        return False


def _unsafe_part(content: Content, reply_to: str | None) -> str | None:
    values = {"subject": content.subject, "sender": content.sender, "reply_to": reply_to or ""}
    for name, value in values.items():
        if reason := unsafe(value):
            return f"the {name} {reason}"
    if not is_address(content.address):
        return "the recipient is not a plain ASCII address"
    reasons = (unsafe_attachment(attachment) for attachment in content.attachments)
    return next((reason for reason in reasons if reason), None)


def _checked_bytes(message: Message, reply_to: str | None, date: datetime) -> bytes:
    # Errors of the email package quote the value, so their chain is cut.
    try:
        mail = _assemble(message, reply_to, date)
        raw = mail.as_bytes()
    except (MessageError, ValueError):
        raise UnsafeMessageError(f"message {message.ref} cannot be written as an e-mail") from None
    if reason := _difference(raw, mail, message.content):
        raise UnsafeMessageError(f"message {message.ref}: {reason}")
    return raw


def _assemble(message: Message, reply_to: str | None, date: datetime) -> EmailMessage:
    content = message.content
    sender = parse_mailbox(content.sender)
    mail = EmailMessage(policy=_POLICY)
    mail["From"] = Address(sender.name, addr_spec=sender.address)
    mail["To"] = Address(addr_spec=content.address)
    mail["Subject"] = content.subject
    mail["Date"] = format_datetime(date)
    mail["Message-ID"] = f"<{message.ref}@{sender.domain}>"
    if reply_to:
        answer = parse_mailbox(reply_to)
        mail["Reply-To"] = Address(answer.name, addr_spec=answer.address)
    _add_text(mail, content)
    for attachment in content.attachments:
        if attachment.content_id is None:
            maintype, _, subtype = attachment.media_type.partition("/")
            mail.add_attachment(attachment.data, maintype, subtype, filename=attachment.filename)
    for number, part in enumerate(_multiparts(mail)):
        part.set_boundary(f"=_{message.ref}_{number}")
    return mail


def _add_text(mail: EmailMessage, content: Content) -> None:
    mail.set_content(content.text, cte=_encoding(content.text))
    if content.html is None:
        return
    mail.add_alternative(content.html, subtype="html", cte=_encoding(content.html))
    formatted = mail.get_body(("html",))
    for image in content.attachments:
        if image.content_id is not None and isinstance(formatted, EmailMessage):
            maintype, _, subtype = image.media_type.partition("/")
            formatted.add_related(
                image.data,
                maintype,
                subtype,
                cid=f"<{image.content_id}>",
                filename=image.filename,
                disposition="inline",
            )


def _encoding(text: str) -> str | None:
    return "quoted-printable" if _RAW_CONTROL.search(text) else None


def _multiparts(mail: EmailMessage) -> Iterator[EmailMessage]:
    for part in mail.walk():
        if part.is_multipart() and isinstance(part, EmailMessage):
            yield part


def _difference(raw: bytes, mail: EmailMessage, content: Content) -> str | None:
    """Read the bytes again and compare them with what was meant."""
    lines = raw.split(b"\r\n")
    if max(map(len, lines)) > _LONGEST_LINE:
        return f"a line is longer than {_LONGEST_LINE} octets"
    if not raw.isascii() or any(b"\r" in line or b"\n" in line for line in lines):
        return "an octet or line end is not one that every server carries"
    for part in _multiparts(mail):
        opening = f"--{part.get_boundary()}".encode()
        closing = opening + b"--"
        found = [line for line in lines if line in {opening, closing}]
        if found != [opening] * len(part.get_payload()) + [closing]:
            return "the parts are not those that were meant"
    return _header_difference(_header_fields(lines[: lines.index(b"")]), mail, content)


def _header_difference(
    headers: list[tuple[str, str]], mail: EmailMessage, content: Content
) -> str | None:
    if [name for name, _ in headers] != mail.keys():
        return "the headers are not those that were meant"
    fields = dict(headers)
    if getaddresses([fields["To"]]) != [("", content.address)]:
        return "the recipient is not the one that was meant"
    if parseaddr(fields["From"])[1] != parse_mailbox(content.sender).address:
        return "the sender is not the one that was meant"
    subject = str(make_header(decode_header(fields["Subject"])))
    if "".join(subject.split()) != "".join(content.subject.split()):
        return "the subject is not the one that was meant"
    return None


def _header_fields(lines: list[bytes]) -> list[tuple[str, str]]:
    fields: list[tuple[str, str]] = []
    for line in lines:
        found = _NAME.match(line)
        if found:
            fields.append((found[1].decode(), line[found.end() :].decode().strip()))
        elif fields and line[:1] in {b" ", b"\t"}:
            name, value = fields[-1]
            fields[-1] = (name, f"{value} {line.decode().strip()}")
        else:
            fields.append(("", line.decode()))
    return fields
