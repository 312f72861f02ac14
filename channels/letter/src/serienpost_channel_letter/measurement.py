"""What the print check looks at, read from the pages that WeasyPrint laid out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from weasyprint.text.ffi import ffi, pango  # noqa: TID253  # only worker processes import this

from serienpost_channel_letter.engine import TextRun
from serienpost_channel_letter.frame_check import Zone
from serienpost_channel_letter.style import MEASURED

if TYPE_CHECKING:
    from collections.abc import Iterator

_MM = 25.4 / 96
# Characters that the fonts for letters may lack.
_RARE = re.compile(r"[^\x20-\u017f\s\u2010-\u2026\u2030\u2039\u203a\u20ac\u2122]")


def texts_of(page: Any) -> tuple[TextRun, ...]:  # noqa: ANN401
    """The texts of a page, without those in its margins."""
    return tuple(_runs(page._page_box, in_address=False))  # no public way


def zones_of(page: Any) -> list[Zone]:  # noqa: ANN401
    """The parts of a page of the frame that must fit into their place."""
    root = page._page_box.children[0]  # no public way
    sheets = [sheet for body in root.children for sheet in body.children]
    return [
        Zone(name, tuple(_runs(box, in_address=False)))
        for sheet in sheets
        for box in getattr(sheet, "children", ())
        if box.element is not None and (name := box.element.get(MEASURED))
    ]


def size_of(page: Any) -> tuple[float, float]:  # noqa: ANN401
    """Width and height of a page in millimetres."""
    return page.width * _MM, page.height * _MM


def markers_of(page: Any) -> frozenset[str]:  # noqa: ANN401
    """The references of the letters that a page belongs to."""
    return frozenset(
        name.removeprefix("brief-") for name in page.anchors if name.startswith("brief-")
    )


def _runs(box: Any, *, in_address: bool) -> Iterator[TextRun]:  # noqa: ANN401
    element = box.element
    if element is not None and element.get("class") == "anschrift":
        in_address = True
    text = getattr(box, "text", None)
    if text is not None and text.strip():
        is_legible = not _RARE.search(text) or _has_all_glyphs(box)
        yield TextRun(text, *_edges(box), in_address, is_legible)
    elif getattr(box, "replacement", None) is not None:
        yield TextRun("", *_edges(box), in_address=False)
    margin = type(box).__name__ == "MarginBox"
    for child in () if margin else getattr(box, "children", ()):
        yield from _runs(child, in_address=in_address)


def _edges(box: Any) -> tuple[float, float, float, float]:  # noqa: ANN401
    left, top = box.content_box_x() * _MM, box.content_box_y() * _MM
    return left, top, left + box.width * _MM, top + box.height * _MM


def _has_all_glyphs(box: Any) -> bool:  # noqa: ANN401
    """Whether some font has each character of a text, looked up in Pango's line; no public way."""
    layout = box.pango_layout
    layout.reactivate(box.style)
    try:
        line, _ = layout.get_first_line()
        run = line.runs[0]
        while run != ffi.NULL:
            glyphs = run.data.glyphs
            shown = glyphs.glyphs[0 : glyphs.num_glyphs]
            if any(one.glyph & pango.PANGO_GLYPH_UNKNOWN_FLAG for one in shown):
                return False
            run = run.next
    finally:
        layout.deactivate()
    return True
