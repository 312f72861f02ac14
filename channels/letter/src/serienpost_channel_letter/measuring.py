"""What the print check looks at, read from the pages that WeasyPrint laid out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from serienpost_channel_letter.engine import Run

if TYPE_CHECKING:
    from collections.abc import Iterator

_MM = 25.4 / 96


def texts_of(page: Any) -> tuple[Run, ...]:  # noqa: ANN401
    """The texts of a page, without those in its margins."""
    return tuple(_runs(page._page_box, in_address=False))  # no public way


def size_of(page: Any) -> tuple[float, float]:  # noqa: ANN401
    """Width and height of a page in millimetres."""
    return page.width * _MM, page.height * _MM


def markers_of(page: Any) -> frozenset[str]:  # noqa: ANN401
    """The references of the letters that a page belongs to."""
    return frozenset(
        name.removeprefix("brief-") for name in page.anchors if name.startswith("brief-")
    )


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
