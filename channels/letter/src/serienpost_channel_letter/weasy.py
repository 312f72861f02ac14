"""Lays out letters with WeasyPrint. Only worker processes import this module.

Each letter is a document of its own, so nothing of one can reach another. Style sheet and fonts
are read once. What is the same around all letters (letterhead, return line, marks, foot) is laid
out once and drawn under each page as one shared object.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any

import pikepdf
from weasyprint import CSS, HTML  # noqa: TID253
from weasyprint.text.fonts import FontConfiguration  # noqa: TID253

from serienpost_channel_letter.engine import Fault, Laid, LaidPage, Run
from serienpost_channel_letter.fetcher import BlockedError, PackedFetcher
from serienpost_channel_letter.parts import MARK, saved
from serienpost_channel_letter.style import BACKGROUND, FRAME, FRAME_SHEET, PROOF

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from weasyprint import Document

    from serienpost_channel_letter.style import Letter, Style

_MM = 25.4 / 96
_ALPHABET = "".join(
    chr(code)
    for first, last in ((0x20, 0x7E), (0xA1, 0xAC), (0xAE, 0x17F))
    for code in range(first, last + 1)
)
_PUNCTUATION = "–—‘’‚“”„†•…‰‹›€™ﬁﬂ"
_WEIGHTS = "normal", "bold"
_DRAWING = re.compile(r"<(?:svg|object|embed)\b", re.IGNORECASE)
"""Elements whose contents are loaded only when they are painted."""


@dataclass(frozen=True)
class WeasyLaid:
    """A document of WeasyPrint, and what can be measured on it."""

    document: Document
    ref: str

    @cached_property
    def pages(self) -> Sequence[LaidPage]:
        """Texts and markers of each page."""
        return [_laid(page) for page in self.document.pages]


class WeasyEngine:
    """WeasyPrint, set up for one style.

    Raises:
        BlockedError: the style loads what it must not.
    """

    def __init__(self, style: Style) -> None:
        self.style = style
        self._fonts = FontConfiguration()
        self._fetcher = PackedFetcher(style.files)
        self._sheet = self._css(style.sheet)
        self._frame = self._framed()

    def lay_out(self, letter: Letter) -> WeasyLaid | Fault:
        """Lay out one letter by itself."""
        if _DRAWING.search(letter.html):
            return _blocked("eine SVG-Zeichnung")
        try:
            document = self._document(_page(letter, self.style), self._sheet)
        except BlockedError as error:
            return _blocked(str(error))
        links = (link for page in document.pages for link in page.links)
        if document.metadata.attachments or any(kind == "attachment" for kind, *_ in links):
            return _blocked("eine Datei als Anhang")
        return WeasyLaid(document, letter.ref)

    def write(self, laid: Sequence[tuple[Letter, Laid]], *, proof: bool = False) -> bytes:
        """One PDF with the frame under every page; it says of each page whose it is."""
        documents = [one.document for _, one in laid if isinstance(one, WeasyLaid)]
        pages = [page for document in documents for page in document.pages]
        alphabet = self._alphabet.pages
        whole = documents[0].copy([*alphabet, *pages])
        with pikepdf.open(io.BytesIO(_written(whole))) as pdf:
            del pdf.pages[: len(alphabet)]
            frame, paper = _copied(pdf, self._frame), _copied(pdf, self._paper)
            mark = _copied(pdf, self._proof) if proof else []
            at = iter(pdf.pages)
            for letter, one in laid:
                for number in range(len(one.pages)):
                    page = next(at)
                    _draw(page, _numbered(number, Papier=paper, Rahmen=frame), under=True)
                    _draw(page, _numbered(number, Probe=mark), under=False)
                    page.obj[MARK] = pikepdf.String(letter.ref)
            return saved(pdf)

    @cached_property
    def _alphabet(self) -> Document:
        """A page with all usual letters: with it every part embeds the very same fonts."""
        text = escape(_ALPHABET + _PUNCTUATION)
        lines = "".join(f'<p style="font-weight:{weight}">{text}</p>' for weight in _WEIGHTS)
        return self._document(f"<body>{lines}</body>", self._sheet)

    def _framed(self) -> pikepdf.Pdf:
        style = self.style
        page = f"<body>{style.text(FRAME)}</body>"
        document = self._document(page, self._css(style.text(FRAME_SHEET)))
        if len(document.pages) != 2:
            raise ValueError("the information block or the foot does not fit on the page")
        return _opened(_written(document))

    @cached_property
    def _paper(self) -> pikepdf.Pdf | None:
        data = self.style.files.get(BACKGROUND)
        return _opened(data) if data else None

    @cached_property
    def _proof(self) -> pikepdf.Pdf:
        word = "PROBEDRUCK" if self.style.language.startswith("de") else "PROOF"
        sheet = self._css(self.style.text(PROOF))
        return _opened(_written(self._document(f"<body><p>{word}</p></body>", sheet)))

    def _css(self, text: str) -> CSS:
        return CSS(string=text, font_config=self._fonts, url_fetcher=self._fetcher)

    def _document(self, page: str, sheet: CSS) -> Document:
        html = HTML(string=page, base_url="asset:", url_fetcher=self._fetcher)
        return html.render(stylesheets=[sheet], font_config=self._fonts)


def _blocked(what: str) -> Fault:
    return Fault("blocked", f"der Brief darf nicht laden: {what}")


def _written(document: Document) -> bytes:
    data: bytes = document.write_pdf(uncompressed_pdf=False)
    return data


def _page(letter: Letter, style: Style) -> str:
    """The letter as a document; its body is the marker of every page it reaches."""
    return (
        f'<!DOCTYPE html><html lang="{escape(style.language)}"><head><meta charset="utf-8">'
        f"<title>{escape(letter.title)}</title></head>"
        f'<body id="brief-{escape(letter.ref)}">{letter.html}</body></html>'
    )


def _laid(page: Any) -> LaidPage:  # noqa: ANN401
    runs = tuple(_runs(page._page_box, in_address=False))  # no public way
    markers = frozenset(
        name.removeprefix("brief-") for name in page.anchors if name.startswith("brief-")
    )
    return LaidPage(runs, markers)


def _runs(box: Any, *, in_address: bool) -> Iterator[Run]:  # noqa: ANN401
    element = box.element
    if element is not None and element.get("class") == "anschrift":
        in_address = True
    text = getattr(box, "text", None)
    if text is not None and text.strip():
        left, top = box.position_x * _MM, box.position_y * _MM
        yield Run(text, left, top, left + box.width * _MM, top + box.height * _MM, in_address)
    margin = type(box).__name__ == "MarginBox"
    for child in () if margin else getattr(box, "children", ()):
        yield from _runs(child, in_address=in_address)


def _copied(pdf: pikepdf.Pdf, other: pikepdf.Pdf | None) -> list[pikepdf.Object]:
    """The pages of another file as forms that can be drawn in this one."""
    if other is None:
        return []
    return [pdf.copy_foreign(page.as_form_xobject()) for page in other.pages]


def _opened(data: bytes) -> pikepdf.Pdf:
    return pikepdf.open(io.BytesIO(data))


def _numbered(number: int, **forms: Sequence[pikepdf.Object]) -> dict[str, pikepdf.Object | None]:
    """The forms for one page of a letter by name: the first for its first page, the second for
    the others; one alone serves both."""
    picked = {name: min(number, len(found) - 1) for name, found in forms.items()}
    return {
        f"/Sp{name}{nth}": forms[name][nth] if nth >= 0 else None for name, nth in picked.items()
    }


def _draw(page: pikepdf.Page, forms: Mapping[str, pikepdf.Object | None], *, under: bool) -> None:
    """Draw forms on a page, below or above what is there; pages may share their resources."""
    found = {name: form for name, form in forms.items() if form is not None}
    if not found:
        return
    known = page.obj.Resources
    if "/XObject" not in known:
        known.XObject = pikepdf.Dictionary()
    for name, form in found.items():
        if name not in known.XObject:
            known.XObject[name] = form
    drawn = "".join(f"q {name} Do Q\n" for name in found).encode()
    if under:
        page.contents_add(drawn, prepend=True)
    else:
        page.contents_add(b"q\n", prepend=True)
        page.contents_add(b"\nQ\n" + drawn)
