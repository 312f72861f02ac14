"""The small interface behind which letters are laid out."""

from __future__ import annotations

import errno
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from serienpost import Problem, SerienpostError, Texts
from serienpost_channel_letter import din5008 as din

if TYPE_CHECKING:
    from collections.abc import Sequence

    from serienpost_channel_letter.style import Letter

_ = Texts(__name__)


class LayoutError(SerienpostError):
    """No letter of this style can be laid out."""


class StyleError(Exception):
    """No letter of a style can be laid out. Told across processes, so it holds nothing else.

    Args:
        problems: each with its `key` as users write it, where one mends it.
    """

    def __init__(self, *problems: Problem) -> None:
        super().__init__(*problems)
        self.problems = problems


class SystemFault(Exception):  # noqa: N818  # nobody's error
    """The machine lacks what every letter needs: a library, room on the disk, a right."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def system_fault(error: BaseException) -> SystemFault | None:
    """What an error says of the machine; None where it is about a letter, a style or a limit.

    Too little memory is the account's limit. An `OSError` without a number is raised by libraries
    that read images, but for one that finds no library.
    """
    if isinstance(error, ImportError):
        return SystemFault(_("the module {module} cannot be imported", module=error.name or ""))
    if not isinstance(error, OSError) or error.errno == errno.ENOMEM:
        return None
    if error.errno is None:
        said = _NO_LIBRARY.search(str(error))
        if said is None:
            return None
        return SystemFault(_("the library {library} cannot be loaded", library=said[1]))
    return SystemFault(os.strerror(error.errno))


# As cffi says it.
_NO_LIBRARY = re.compile(r"cannot load library '([^'/]+)'")


@dataclass(frozen=True, slots=True)
class Defect:
    """Why a letter is not in the file: a code, and a sentence for the practice."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class TextRun:
    """A stretch of text on a page, as laid out; millimetres from the page's top left.

    An image counts as one too, without text. `is_legible` is false where no installed font has one
    of its characters.
    """

    text: str
    left: float
    top: float
    right: float
    bottom: float
    in_address: bool
    is_legible: bool = True


@dataclass(frozen=True, slots=True)
class LaidPage:
    """What the print check looks at: the page's texts, the letters whose markers it bears, its
    width and height in millimetres."""

    runs: Sequence[TextRun]
    markers: frozenset[str]
    size: tuple[float, float] = (din.PAGE_WIDTH, din.PAGE_HEIGHT)


class Laid(Protocol):
    """A letter that is laid out."""

    @property
    def pages(self) -> Sequence[LaidPage]: ...


class Engine(Protocol):
    """Lays out letters of one style. Lives in one worker process."""

    @property
    def frame(self) -> Sequence[TextRun]:
        """What stands around the text of a first page."""

    def lay_out(self, letter: Letter) -> Laid | Defect:
        """Lay out one letter by itself."""

    def extents(self, lines: Sequence[str]) -> Sequence[tuple[float, float]]:
        """From where to where each of these lines would reach in the address, in millimetres."""

    def write(self, laid: Sequence[tuple[Letter, Laid]], *, proof: bool = False) -> bytes:
        """One PDF of laid out letters, in order, each page marked with its letter's reference.

        Args:
            laid: letters of this engine.
            proof: with a watermark that says that it is a test.
        """
