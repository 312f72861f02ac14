"""What arrived by each way, in one form: to whom, what it is made of, and what it says."""

from __future__ import annotations

from dataclasses import dataclass
from email import message_from_bytes, policy
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from unicodedata import category

import pypdfium2
from pypdfium2.raw import FPDFPage_GetAnnotCount

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage
    from pathlib import Path

    from attack_corpus.attacked import Attacked

    from serienpost_demo.sendgrid import FakeSendGrid


@dataclass(frozen=True)
class Arrived:
    """A message as its recipient's program or telephone takes it."""

    address: str
    # Headers, parts and tags, without what they say.
    shape: tuple[object, ...]
    text: str


def arrivals(practice: Attacked, way: str) -> list[Arrived]:
    """All messages that arrived."""
    if way == "email":
        return list(_mails(practice))
    if way.startswith("grid"):
        return list(_at_sendgrid(practice.grid))
    if way == "sms":
        jobs = practice.sms.gateway.jobs
        return [Arrived(job.number, (job.sender, job.type), job.text) for job in jobs]
    return list(_letters(practice.folder / "briefe"))


def _mails(practice: Attacked) -> Iterator[Arrived]:
    for caught in practice.catcher.messages:
        mail: EmailMessage = message_from_bytes(caught.data, policy=policy.default)  # type: ignore[assignment]
        (recipient,) = caught.recipients
        assert str(mail["To"]) == recipient
        text, page = mail.get_body(("plain",)), mail.get_body(("html",))
        assert text
        assert page
        parts = [part.get_content_type() for part in mail.walk()]
        shape = (tuple(mail.keys()), tuple(parts), tags(page.get_content()))
        yield Arrived(recipient, shape, text.get_content())


def _at_sendgrid(fake: FakeSendGrid) -> Iterator[Arrived]:
    assert fake.refused == []
    assert fake.dropped == []
    for mail in fake.mails:
        assert not {category(sign) for sign in mail.subject} & {"Cc", "Cs", "Zl", "Zp"}
        assert mail.attachments == ()
        shape = (mail.sender, tags(mail.html))
        yield Arrived(mail.to, shape, mail.text or mail.html)


def _letters(folder: Path) -> Iterator[Arrived]:
    """Pages of the file to print; a letter may take several."""
    (file,) = folder.glob("*.pdf")
    with pypdfium2.PdfDocument(file) as pdf:
        for page in pdf:
            text = page.get_textpage()
            shape = (FPDFPage_GetAnnotCount(page), page.get_size())
            yield Arrived(_address(text, page.get_height()), shape, text.get_text_range())


def _address(text: pypdfium2.PdfTextPage, height: float) -> str:
    """Street and town in the address field of DIN 5008, form B; "" on a further page."""
    top, bottom = (height - edge * 72 / 25.4 for edge in (62, 90))
    lines = text.get_text_bounded(left=56, bottom=bottom, right=298, top=top).splitlines()
    return "\n".join(lines[-2:]) if len(lines) > 2 else ""


def tags(page: str) -> tuple[tuple[str, tuple[tuple[str, str | None], ...]], ...]:
    """The tags of a page with their attributes; line breaks may differ."""
    return tuple(_Tags(page).seen)


class _Tags(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "br":
            self.seen.append((tag, tuple(attrs)))
