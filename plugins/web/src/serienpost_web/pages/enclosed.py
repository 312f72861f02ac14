"""Files that go with a message: to be kept, and the pages of a PDF as images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from serienpost import SerienpostError
from serienpost.service import shown_message
from serienpost_web.doors import FILE
from serienpost_web.pdf_page import draw_page
from serienpost_web.table import NotFoundError, Route, Sent

if TYPE_CHECKING:
    from serienpost import Problem
    from serienpost.service import ShownFile, ShownMessage
    from serienpost_web.pdf_page import PdfPage
    from serienpost_web.table import Answer, Asked

PDF = "application/pdf"


@dataclass(frozen=True, slots=True)
class ShownPdf:
    """The PDF of a message whose pages are looked at.

    Args:
        file: its place among the files of the message, from 1.
        name: of the file.
        page: that is shown.
        refused: why none is.
    """

    file: int
    name: str
    page: PdfPage | None
    refused: tuple[Problem, ...] = ()


def shown_pdf(asked: Asked, message: ShownMessage) -> ShownPdf | None:
    """The PDF that the query names with `file`, else the first one, and its page `leaf`."""
    pdfs = {n: one for n, one in enumerate(message.attachments, 1) if one.media_type == PDF}
    if not pdfs:
        return None
    number = asked.query.number("file", 1)
    number = number if number in pdfs else min(pdfs)
    chosen = pdfs[number]
    try:
        page = draw_page(chosen.data, asked.query.number("leaf", 1))
    except SerienpostError as error:
        return ShownPdf(number, chosen.name, None, error.problems)
    return ShownPdf(number, chosen.name, page)


def file(asked: Asked) -> Answer:
    """A file that goes with a message, to be kept and not to be opened here."""
    found = _file(asked)
    kind = PDF if found.media_type == PDF else "application/octet-stream"
    return Sent(found.data, kind, found.name, headers=FILE)


def image(asked: Asked) -> Answer:
    """A page of a PDF."""
    found = _file(asked)
    if found.media_type != PDF:
        raise NotFoundError
    page = draw_page(found.data, asked.query.number("leaf", 1))
    return Sent(page.png, "image/png", headers=FILE)


def _file(asked: Asked) -> ShownFile:
    try:
        message = shown_message(asked.run(), asked.query.some("row", 500))
    except SerienpostError as error:
        raise NotFoundError from error
    number = asked.query.number("file", 1)
    if number > len(message.attachments):
        raise NotFoundError
    return message.attachments[number - 1]


ROUTES = (
    Route("/runs/{run}/preview/file", file, "read"),
    Route("/runs/{run}/preview/page.png", image, "read"),
)
