"""A program: one page of the PDF on standard input as PNG, behind a line with its number, the
number of pages, and width and height in pixels. A PDF may want to do harm, so this is a process of
its own that has nothing and may use little; `pdf_page.py` starts it. It imports nothing of
serienpost."""

from __future__ import annotations

import math
import resource
import sys

# Octets of memory, seconds of the processor.
_MOST_MEMORY = 512 * 1024 * 1024
_MOST_SECONDS = 5
# Enough to read the smallest line of a letter on a screen.
_DOTS_PER_INCH = 150
_POINTS_PER_INCH = 72
# Larger pages are drawn smaller: two pages A4 at that resolution, and what a browser shows.
_MOST_PIXELS = 4_500_000
_MOST_SIDE = 8_000


def limit() -> None:
    """Take from this process what drawing a page does not need."""
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_MOST_SECONDS, _MOST_SECONDS))
    for one in (resource.RLIMIT_FSIZE, resource.RLIMIT_CORE):
        resource.setrlimit(one, (0, 0))


def main(wanted: int) -> None:
    """Draw a page; the last one where there are fewer."""
    import pypdfium2

    document = pypdfium2.PdfDocument(sys.stdin.buffer.read())
    number = min(wanted, len(document))
    page = document[number - 1]
    width, height = page.get_size()
    scale = min(
        _DOTS_PER_INCH / _POINTS_PER_INCH,
        math.sqrt(_MOST_PIXELS / (width * height)),
        _MOST_SIDE / max(width, height),
    )
    image = page.render(scale=scale).to_pil()
    print(number, len(document), image.width, image.height, flush=True)  # noqa: T201  # the answer
    image.save(sys.stdout.buffer, "PNG")


if __name__ == "__main__":
    limit()
    main(int(sys.argv[1]))
