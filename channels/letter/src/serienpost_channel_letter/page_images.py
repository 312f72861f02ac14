"""Pages of a PDF as images, for whoever looks at a letter before it is printed."""

from __future__ import annotations

from contextlib import closing
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# Enough to read the smallest line, the return address in the window, on a screen.
_DOTS_PER_INCH = 150
_POINTS_PER_INCH = 72


def page_images(pdf: bytes) -> Iterator[bytes]:
    """Each page as PNG, the first first."""
    import pypdfium2

    with closing(pypdfium2.PdfDocument(pdf)) as document:
        for page in document:
            image = page.render(scale=_DOTS_PER_INCH / _POINTS_PER_INCH).to_pil()
            png = BytesIO()
            image.save(png, "PNG")
            yield png.getvalue()
