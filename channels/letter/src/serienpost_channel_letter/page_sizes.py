"""The sizes of a PDF's pages, found out in a process of its own within limits of time and memory.

A PDF of a few kilobytes may unpack to gigabytes as soon as its tables are read, and nothing in it
says so before. `python -m serienpost_channel_letter.page_sizes` reads it from its input.
"""

from __future__ import annotations

import io
import json
import resource
import subprocess
import sys
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pikepdf

# Pages that are looked at; address space, and processor time, that it may take.
MOST_PAGES, MEGABYTES, SECONDS = 3, 512, 10

_MM = 25.4 / 72


class UnreadableError(Exception):
    """It cannot be opened as a PDF, or takes more memory or processor time than it may."""


def page_sizes(data: bytes) -> list[tuple[float, float]]:
    """Width and height in millimetres of the first pages, `MOST_PAGES` at most.

    Raises:
        UnreadableError: there is no answer.
    """
    done = subprocess.run(  # our own module
        [sys.executable, "-P", "-m", "serienpost_channel_letter.page_sizes"],
        input=data,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise UnreadableError
    return [(width, height) for width, height in json.loads(done.stdout)]


def main() -> None:
    """Answer for the PDF on the standard input."""
    import pikepdf

    resource.setrlimit(resource.RLIMIT_AS, (MEGABYTES << 20, MEGABYTES << 20))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with pikepdf.open(io.BytesIO(sys.stdin.buffer.read())) as pdf:
        json.dump([_millimetres(page) for page in islice(pdf.pages, MOST_PAGES)], sys.stdout)


def _millimetres(page: pikepdf.Page) -> tuple[float, float]:
    left, bottom, right, top = (float(number) * _MM for number in page.trimbox)
    width, height = right - left, top - bottom
    return (height, width) if int(page.obj.get("/Rotate", 0)) % 180 else (width, height)


if __name__ == "__main__":
    main()
