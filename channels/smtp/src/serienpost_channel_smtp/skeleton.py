"""The unchanging part of all messages of one form, built once with the `email` package.

Building a message with that package takes about a millisecond. So it builds one with marks in the
places that differ, is asked for its bytes once, and these are cut at the marks.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from functools import lru_cache
from typing import TYPE_CHECKING

from serienpost_channel_smtp.encoding import Encoding, encoded_body
from serienpost_channel_smtp.headers import parse_mailbox

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from serienpost import Attachment

POLICY = SMTP.clone(cte_type="7bit")
_DATE = "Thu, 01 Jan 1970 00:00:00 +0000"
_REFERENCE, _MARK = secrets.token_hex(6), secrets.token_hex(6)
"""Nobody can know them, so that no name of a file can be one."""


@dataclass(frozen=True, slots=True)
class Form:
    """What messages of one form have in common; `headers` are names of further ones."""

    sender: str
    headers: tuple[str, ...]
    text: Encoding
    html: Encoding | None
    attachments: tuple[Attachment, ...]


class Skeleton:
    """The bytes of a form, to be filled for each message.

    Raises:
        email.errors.MessageError, ValueError: the form cannot be written; the text may quote it.
    """

    def __init__(self, form: Form) -> None:
        self.domain = parse_mailbox(form.sender).domain
        mail = _assembled(form, self.domain)
        self.names = tuple(mail.keys())
        self.parts = tuple(
            (str(part.get_boundary()).removeprefix(f"=_{_REFERENCE}_"), len(part.get_payload()))
            for part in _multiparts(mail)
        )
        marks = _marks(form)
        found = re.compile(b"|".join(map(re.escape, marks)))
        raw = mail.as_bytes()
        self._fixed = found.split(raw)
        self._slots = tuple(marks[mark] for mark in found.findall(raw))
        if set(self._slots) != set(marks.values()):
            raise ValueError("a mark was not written as it is")

    def fill(self, values: Mapping[str, bytes]) -> bytes:
        """The message: each slot's value in its place."""
        pieces = [self._fixed[0]]
        for slot, following in zip(self._slots, self._fixed[1:], strict=True):
            pieces += (values[slot], following)
        return b"".join(pieces)


skeleton = lru_cache(maxsize=4)(Skeleton)
"""The skeletons of the last forms: of one run with attachments for all, one or two."""


def _text_mark(part: str) -> str:
    return f"{_MARK} THE {part} PART"


def _header_mark(name: str) -> str:
    return f"{_MARK}-{name}-END"


def _marks(form: Form) -> dict[bytes, str]:
    """Octets of each mark -> slot."""
    marks = {
        b"to@mark.invalid": "To",
        _DATE.encode(): "Date",
        _REFERENCE.encode(): "ref",
        encoded_body(_text_mark("text"), form.text): "text",
    }
    if form.html:
        marks[encoded_body(_text_mark("html"), form.html)] = "html"
    marks |= {_header_mark(name).encode(): name for name in ("Subject", *form.headers)}
    return marks


def _assembled(form: Form, domain: str) -> EmailMessage:
    sender = parse_mailbox(form.sender)
    mail = EmailMessage(policy=POLICY)
    mail["From"] = Address(sender.name, addr_spec=sender.address)
    mail["To"] = Address(addr_spec="to@mark.invalid")
    mail["Subject"] = _header_mark("Subject")
    mail["Date"] = _DATE
    mail["Message-ID"] = f"<{_REFERENCE}@{domain}>"
    for name in form.headers:
        mail[name] = _header_mark(name)
    mail.set_content(_text_mark("text"), cte=form.text)
    if form.html:
        mail.add_alternative(_text_mark("html"), subtype="html", cte=form.html)
        _add_images(mail, form)
    for attachment in form.attachments:
        if attachment.content_id is None:
            maintype, _, subtype = attachment.media_type.partition("/")
            mail.add_attachment(attachment.data, maintype, subtype, filename=attachment.filename)
    for number, part in enumerate(_multiparts(mail)):
        part.set_boundary(f"=_{_REFERENCE}_{number}")
    return mail


def _add_images(mail: EmailMessage, form: Form) -> None:
    formatted = mail.get_body(("html",))
    for image in form.attachments:
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
