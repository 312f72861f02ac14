"""A page of a PDF as an image, drawn by a process of its own (`pdf_drawing.py`), kept nowhere."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import BoundedSemaphore
from typing import TYPE_CHECKING

from serienpost import SerienpostError, Texts, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

_ = Texts(__name__)

_PROGRAM = Path(__file__).with_name("pdf_drawing.py")
# Pages that are drawn at the same time: fewer than requests are answered (`app.AT_ONCE`), so that
# PDFs which take long do not keep everybody from the desk.
AT_ONCE = 2
# Seconds until there is room for one more, and until it is drawn where the machine has much to do;
# the program itself gives up after a few seconds of work.
_WAIT_SECONDS = 3.0
_MOST_SECONDS = 60.0

_room = BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True, slots=True)
class PdfPage:
    """A page as it looks.

    Args:
        number: of the page, from 1.
        pages: of the PDF.
        width: in pixels.
        height: in pixels.
        png: the image.
    """

    number: int
    pages: int
    width: int
    height: int
    png: bytes


def draw_page(pdf: bytes, number: int) -> PdfPage:
    """A page of a PDF; the last one where there are fewer.

    Args:
        pdf: from whomever.
        number: of the page, from 1.

    Raises:
        SerienpostError: the page cannot be drawn, or wants more memory or time than it may have.
        UnavailableError: so many pages are drawn already that there is no room now.
    """
    with _a_place():
        try:
            done = subprocess.run(  # noqa: S603  # our own program
                [sys.executable, "-I", str(_PROGRAM), str(number)],
                input=pdf,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env={},
                timeout=_MOST_SECONDS,
                check=True,
            )
            head, _line, png = done.stdout.partition(b"\n")
            shown, pages, width, height = map(int, head.split())
        except (subprocess.SubprocessError, ValueError, OSError) as error:
            raise SerienpostError(
                _("the pages of this file cannot be shown here"),
                hint=_("download it to look at it"),
            ) from error
    return PdfPage(shown, pages, width, height, png)


@contextmanager
def _a_place() -> Iterator[None]:
    if not _room.acquire(timeout=_WAIT_SECONDS):
        raise UnavailableError(
            _("too many pages are being drawn at this moment"), hint=_("try again in a minute")
        )
    try:
        yield
    finally:
        _room.release()
