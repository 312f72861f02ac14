"""The unchanging part of all messages of one structure, built once with the `email` package.

Building a message with that package takes about a millisecond. So it builds one with marks in the
places that differ, is asked for its bytes once, and these are cut at the marks.
"""

from __future__ import annotations

import re
import secrets
from base64 import encodebytes
from binascii import b2a_qp
from dataclasses import dataclass
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, TypeAlias

from serienpost import parse_sender

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from serienpost import Attachment

TransferEncoding: TypeAlias = Literal["quoted-printable", "base64"]

POLICY = SMTP.clone(cte_type="7bit")
_LINE_END = re.compile(r"\r\n|\r|\n")
LONGEST_LINE = 76
_DATE = "Thu, 01 Jan 1970 00:00:00 +0000"
# Nobody can know them, so that no name of a file can be one.
_REFERENCE, _MARK = secrets.token_hex(6), secrets.token_hex(6)


@dataclass(frozen=True, slots=True)
class MimeStructure:
    """What messages of one template have in common; `headers` are names of further ones."""

    sender: str
    headers: tuple[str, ...]
    text: TransferEncoding
    html: TransferEncoding | None
    attachments: tuple[Attachment, ...]


class MimeTemplate:
    """The bytes of all messages of a structure, to be filled for each.

    Raises:
        email.errors.MessageError, ValueError: it cannot be written; the text may quote it.
    """

    def __init__(self, structure: MimeStructure) -> None:
        self.domain = parse_sender(structure.sender).domain
        mail = _assembled(structure, self.domain)
        self.names = tuple(mail.keys())
        self.parts = tuple(
            (str(part.get_boundary()).removeprefix(f"=_{_REFERENCE}_"), len(part.get_payload()))
            for part in _multiparts(mail)
        )
        marks = _marks(structure)
        found = re.compile(b"|".join(map(re.escape, marks)))
        raw = mail.as_bytes()
        self._fixed = found.split(raw)
        self._slots = tuple(marks[mark] for mark in found.findall(raw))
        if set(self._slots) != set(marks.values()):
            raise ValueError("mark")

    def fill(self, values: Mapping[str, bytes]) -> bytes:
        """The message: each slot's value in its place."""
        pieces = [self._fixed[0]]
        for slot, following in zip(self._slots, self._fixed[1:], strict=True):
            pieces += (values[slot], following)
        return b"".join(pieces)


# The last templates: of one run with attachments for all, one or two.
mime_template = lru_cache(maxsize=4)(MimeTemplate)


def _text_mark(part: str) -> str:
    return f"{_MARK} THE {part} PART"


def _header_mark(name: str) -> str:
    return f"{_MARK}-{name}-END"


def _marks(structure: MimeStructure) -> dict[bytes, str]:
    """Octets of each mark -> slot."""
    marks = {
        b"from@mark.invalid": "From",
        b"to@mark.invalid": "To",
        _DATE.encode(): "Date",
        _REFERENCE.encode(): "ref",
        encoded_body(_text_mark("text"), structure.text): "text",
    }
    if structure.html:
        marks[encoded_body(_text_mark("html"), structure.html)] = "html"
    marks |= {_header_mark(name).encode(): name for name in ("Subject", *structure.headers)}
    return marks


def _assembled(structure: MimeStructure, domain: str) -> EmailMessage:
    mail = EmailMessage(policy=POLICY)
    mail["From"] = Address(addr_spec="from@mark.invalid")
    mail["To"] = Address(addr_spec="to@mark.invalid")
    mail["Subject"] = _header_mark("Subject")
    mail["Date"] = _DATE
    mail["Message-ID"] = f"<{_REFERENCE}@{domain}>"
    for name in structure.headers:
        mail[name] = _header_mark(name)
    mail.set_content(_text_mark("text"), cte=structure.text)
    if structure.html:
        mail.add_alternative(_text_mark("html"), subtype="html", cte=structure.html)
        _add_images(mail, structure)
    for attachment in structure.attachments:
        if attachment.content_id is None:
            maintype, _, subtype = attachment.media_type.partition("/")
            mail.add_attachment(attachment.data, maintype, subtype, filename=attachment.filename)
    for number, part in enumerate(_multiparts(mail)):
        part.set_boundary(f"=_{_REFERENCE}_{number}")
    return mail


def _add_images(mail: EmailMessage, structure: MimeStructure) -> None:
    formatted = mail.get_body(("html",))
    for image in structure.attachments:
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


def _multiparts(mail: EmailMessage) -> Iterator[EmailMessage]:
    for part in mail.walk():
        if part.is_multipart() and isinstance(part, EmailMessage):
            yield part


def encoding_of(text: str) -> TransferEncoding:
    """Quoted-printable, which people and filters can read, unless most octets would be escaped."""
    if text.isascii():
        return "quoted-printable"
    escaped = len(text.encode("utf-8", "surrogatepass")) - len(text)
    return "base64" if escaped * 3 > len(text) else "quoted-printable"


def encoded_body(text: str, encoding: TransferEncoding) -> bytes:
    """A text with CRLF at the end of each line, as the body of a part.

    Raises:
        ValueError: the text holds half a character.
    """
    if "\r" in text:
        text = _LINE_END.sub("\n", text)
    if not text.endswith("\n"):
        text += "\n"
    octets = text.replace("\n", "\r\n").encode()
    if encoding == "base64":
        return encodebytes(octets).replace(b"\n", b"\r\n")
    return b2a_qp(octets, quotetabs=False, istext=True)


@lru_cache(maxsize=1024)
def encoded_header(name: str, value: str) -> bytes:
    """The value of a header without structure: as it is, or as encoded words of at most 75 octets.

    Raises:
        ValueError: the value holds half a character.
    """
    room = LONGEST_LINE - len(name) - 2
    plain = value.isascii() and value.isprintable() and value == " ".join(value.split())
    if plain and len(value) <= room and "=?" not in value:
        return value.encode()
    return encoded_words(name, value).encode("ascii")


def encoded_words(name: str, value: str) -> str:
    """The value of this header as encoded words (RFC 2047) of at most 75 octets, one a line.

    Raises:
        ValueError: the value holds half a character.
    """
    header = Header(value, "utf-8", maxlinelen=LONGEST_LINE, header_name=name)
    return header.encode(splitchars="", linesep="\r\n")
