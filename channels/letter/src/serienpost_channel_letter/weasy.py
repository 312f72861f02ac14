"""Lays out letters with WeasyPrint. Only worker processes import this module.

Each letter is a document of its own, so nothing of one can reach another. Style sheet and fonts
are read once. What is the same around all letters (letterhead, return line, marks, foot) is laid
out once and drawn under each page as one shared object, and so is the text that they have in
common where all of it stands in one place (`shared_layer`).
"""

from __future__ import annotations

import io
import math
from copy import copy
from dataclasses import dataclass
from functools import cache, cached_property
from html import escape
from typing import TYPE_CHECKING

import pikepdf
from weasyprint import CSS, HTML  # noqa: TID253
from weasyprint.text.fonts import FontConfiguration  # noqa: TID253

from serienpost import Texts
from serienpost_channel_letter.engine import Defect, Laid, LaidPage, StyleError
from serienpost_channel_letter.fetcher import BlockedError, PackedFetcher
from serienpost_channel_letter.frame_check import RETURN_LINE, RETURN_LINES, frame_problems
from serienpost_channel_letter.measurement import markers_of, size_of, texts_of, zones_of
from serienpost_channel_letter.parts import MARK, saved
from serienpost_channel_letter.shared_layer import NOBODY, SharedLayer, SharedLayers
from serienpost_channel_letter.style import BACKGROUND, FRAME, FRAME_SHEET, OWN_SHEET, PROOF

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from weasyprint import Document

    from serienpost_channel_letter.style import Letter, Style

_ = Texts(__name__)

_ALPHABET = "".join(
    chr(code)
    for first, last in ((0x20, 0x7E), (0xA1, 0xAC), (0xAE, 0x17F))
    for code in range(first, last + 1)
)
_PUNCTUATION = "–—‘’‚“”„†•…‰‹›€™ﬁﬂ"
_WEIGHTS = "normal", "bold"
# Elements whose contents are loaded only when they are painted.
_DRAWINGS = frozenset({"svg", "object", "embed"})


class OnePage(HTML):  # type: ignore[misc]
    """A letter known to have one page with empty margins, without WeasyPrint's rules for what
    stands in margins: computing them takes a fifth of the time of a short letter."""

    def _ua_stylesheets(self, forms: bool = False) -> list[CSS]:  # no public way
        return [_without_margins(sheet) for sheet in super()._ua_stylesheets(forms)]


@dataclass(frozen=True)
class WeasyLaid:
    """A document of WeasyPrint, the layer that completes its page, and what can be measured."""

    document: Document
    layer: SharedLayer | None = None

    @property
    def documents(self) -> Sequence[Document]:
        """All that is drawn on its pages."""
        return (self.document, self.layer.document) if self.layer else (self.document,)

    @cached_property
    def pages(self) -> Sequence[LaidPage]:
        """Texts and markers of each page."""
        under = self.layer.document.pages[0] if self.layer else None
        texts = texts_of(under) if under else ()
        markers = markers_of(under) - {NOBODY.ref} if under else frozenset()
        return [
            LaidPage((*texts_of(page), *texts), markers_of(page) | markers, size_of(page))
            for page in self.document.pages
        ]


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
        framed = self._framed()
        self.frame = texts_of(framed.pages[0])
        self._frame = _opened(_written(framed))
        self._layers = None if style.text(OWN_SHEET) else SharedLayers(self._one_page)

    def lay_out(self, letter: Letter) -> WeasyLaid | Defect:
        """Lay out one letter by itself."""
        try:
            laid = self._layered(letter) or self._whole(letter)
            if any(map(_attaches, laid.documents)):
                raise BlockedError("blocked", _("a file as an attachment"))  # noqa: TRY301
        except BlockedError as error:
            return Defect(error.code, error.of_letter)
        return laid

    def write(self, laid: Sequence[tuple[Letter, Laid]], *, proof: bool = False) -> bytes:
        """One PDF with the frame under every page; it says of each page whose it is."""
        ours = [one for _, one in laid if isinstance(one, WeasyLaid)]
        layers = list(dict.fromkeys(one.layer for one in ours if one.layer))
        shared = [*self._alphabet.pages, *(one.document.pages[0] for one in layers)]
        pages = [page for one in ours for page in one.document.pages]
        whole = ours[0].document.copy([*shared, *pages])
        with _opened(_written(whole)) as pdf:
            first = len(self._alphabet.pages)
            texts = {one: [_xobject(pdf, n)] for n, one in enumerate(layers, start=first)}
            del pdf.pages[: len(shared)]
            frame, paper = _copied(pdf, self._frame), _copied(pdf, self._paper)
            mark = _copied(pdf, self._proof) if proof else []
            at = iter(pdf.pages)
            for (letter, _), one in zip(laid, ours, strict=True):
                under = {"Papier": paper, "Rahmen": frame}
                if one.layer:
                    under[f"Text{layers.index(one.layer)}-"] = texts[one.layer]
                for number in range(len(one.document.pages)):
                    page = next(at)
                    _draw(page, _numbered(number, **under), under=True)
                    _draw(page, _numbered(number, Probe=mark), under=False)
                    page.obj[MARK] = pikepdf.String(letter.ref)
            return saved(pdf)

    def _layered(self, letter: Letter) -> WeasyLaid | None:
        found = self._layers and self._layers.lay_out(letter)
        return WeasyLaid(*found) if found else None

    def _whole(self, letter: Letter) -> WeasyLaid:
        document = self._letter(letter)
        if self._layers:
            self._layers.learn(letter, document)
        return WeasyLaid(document)

    def _letter(self, letter: Letter) -> Document:
        return self._document(_page(letter, self.style.language), self._sheet)

    def _one_page(self, letter: Letter) -> Document:
        return self._document(_page(letter, self.style.language), self._sheet, OnePage)

    @cached_property
    def _alphabet(self) -> Document:
        """A page with all usual letters: with it every part embeds the very same fonts."""
        text = escape(_ALPHABET + _PUNCTUATION)
        lines = "".join(f'<p style="font-weight:{weight}">{text}</p>' for weight in _WEIGHTS)
        return self._document(f"<body>{lines}</body>", self._sheet)

    def _framed(self) -> Document:
        """The frame, with the largest return line that fits.

        Raises:
            StyleError: something in it does not fit into its place.
        """
        sheet = self._css(self.style.text(FRAME_SHEET))
        for form in RETURN_LINES:
            html = self.style.text(FRAME).replace('class="absender"', f'class="absender {form}"')
            document = self._document(f"<body>{html}</body>", sheet)
            zones = zones_of(document.pages[0]) + zones_of(document.pages[-1])
            problems = frame_problems(self.style.form, zones)
            if all(problem.key != RETURN_LINE for problem in problems):
                break
        if problems:
            raise StyleError(*problems)
        return document

    def extents(self, lines: Sequence[str]) -> list[tuple[float, float]]:
        """From where to where each of these lines would reach in the address."""
        html = "".join(f'<pre class="anschrift">{escape(line)}</pre>' for line in lines)
        document = self._document(f"<body>{html}</body>", self._sheet, OnePage)
        found = {run.text: (run.left, run.right) for run in texts_of(document.pages[0])}
        return [found.get(line, (0, math.inf)) for line in lines]

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

    def _document(self, page: str, sheet: CSS, kind: type[HTML] = HTML) -> Document:
        html = kind(string=page, base_url="asset:", url_fetcher=self._fetcher)
        names = (str(element.tag).rpartition("}")[2] for element in html.etree_element.iter())
        if not _DRAWINGS.isdisjoint(names):
            raise BlockedError("blocked", _("an SVG drawing"))
        return html.render(stylesheets=[sheet], font_config=self._fonts)


@cache
def _without_margins(sheet: CSS) -> CSS:
    """A style sheet whose rules for pages are about the page itself alone."""
    found = copy(sheet)
    found.page_rules = [
        (rule, [selector for selector in selectors if selector[1] is None], declared)
        for rule, selectors, declared in sheet.page_rules
    ]
    return found


def _attaches(document: Document) -> bool:
    links = (link for page in document.pages for link in page.links)
    return bool(document.metadata.attachments) or any(kind == "attachment" for kind, *_ in links)


def _written(document: Document) -> bytes:
    data: bytes = document.write_pdf(uncompressed_pdf=False)
    return data


def _page(letter: Letter, language: str) -> str:
    """The letter as a document; its body is the marker of every page it reaches."""
    return (
        f'<!DOCTYPE html><html lang="{escape(language)}"><title>{escape(letter.title)}</title>'
        f'<body id="brief-{escape(letter.ref)}">{letter.html}'
    )


def _xobject(pdf: pikepdf.Pdf, number: int) -> pikepdf.Object:
    """A page of a file as an XObject, with resources of its own: what is drawn later on pages that
    share the present ones is not part of it."""
    form = pdf.make_indirect(pdf.pages[number].as_form_xobject())
    resources = pikepdf.Dictionary(dict(form.Resources.items()))
    if "/XObject" in resources:
        resources.XObject = pikepdf.Dictionary(dict(resources.XObject.items()))
    form.Resources = resources
    return form


def _copied(pdf: pikepdf.Pdf, other: pikepdf.Pdf | None) -> list[pikepdf.Object]:
    """The pages of another file as XObjects that can be drawn in this one."""
    if other is None:
        return []
    return [pdf.copy_foreign(page.as_form_xobject()) for page in other.pages]


def _opened(data: bytes) -> pikepdf.Pdf:
    """A file from its bytes."""
    return pikepdf.open(io.BytesIO(data))


def _numbered(number: int, **drawn: Sequence[pikepdf.Object]) -> dict[str, pikepdf.Object | None]:
    """The XObjects for one page of a letter by name: the first for its first page, the second for
    the others; one alone serves both."""
    picked = {name: min(number, len(found) - 1) for name, found in drawn.items()}
    return {
        f"/Sp{name}{nth}": drawn[name][nth] if nth >= 0 else None for name, nth in picked.items()
    }


def _draw(
    page: pikepdf.Page, xobjects: Mapping[str, pikepdf.Object | None], *, under: bool
) -> None:
    """Draw XObjects on a page, below or above what is there; pages may share their resources."""
    found = {name: one for name, one in xobjects.items() if one is not None}
    if not found:
        return
    known = page.obj.Resources
    if "/XObject" not in known:
        known.XObject = pikepdf.Dictionary()
    for name, one in found.items():
        if name not in known.XObject:
            known.XObject[name] = one
    drawn = "".join(f"q {name} Do Q\n" for name in found).encode()
    if under:
        page.contents_add(drawn, prepend=True)
    else:
        page.contents_add(b"q\n", prepend=True)
        page.contents_add(b"\nQ\n" + drawn)
