"""Address lines that are too wide for the window go on in the next one, while lines are free.

DIN 5008 has six lines. A line is best broken after a comma or before a bracket, else at a blank,
and inside of a word only after a hyphen or a slash. The last line, town or country, is never
broken.
"""

from __future__ import annotations

import re
from dataclasses import replace
from html import escape
from itertools import pairwise, product
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from serienpost import Texts
from serienpost_channel_letter import din5008 as din
from serienpost_channel_letter.check import BEYOND_THE_WINDOW
from serienpost_channel_letter.engine import Defect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from serienpost_channel_letter.style import Letter

    # From where to where lines of text reach in the address, in millimetres.
    Extents: TypeAlias = Callable[[Sequence[str]], Sequence[tuple[float, float]]]

_ = Texts(__name__)

_LIMIT = din.ADDRESS_LEFT + din.ADDRESS_WIDTH
_WIDTH = _LIMIT - din.LEFT
_ADDRESS = 'class="anschrift"'

# Where a line may be broken, the best first; each knows what the ones before it do. A number stays
# with what it counts (`Weg 12 a`), and a title or a small word with the name (`Dr.`, `von`).
_COMMA = r"(?<=[,;]) | (?=\(|c/o |[–|] )"
_NUMBER = r"(?![0-9]|\w\b)"
_SMALL = r"(?<![.&])(?<!\b[a-zäöü])(?<!\b[a-zäöü]{2})(?<!\b[a-zäöü]{3})"
_IN_WORD = r"(?<=[^\W\d]{2}[-/])(?=[^\W\d]{2})"
_BREAKS = tuple(
    re.compile(kinds)
    for kinds in (
        _COMMA,
        f"{_COMMA}|{_SMALL} {_NUMBER}",
        f"{_COMMA}| {_NUMBER}",
        f"{_COMMA}| {_NUMBER}|{_IN_WORD}",
        f" |{_IN_WORD}",
    )
)


class _Fold(NamedTuple):
    """A line as several, and how bad the places are where it is broken."""

    lines: tuple[str, ...]
    badness: int = 0


def folded_address(letter: Letter, extents: Extents) -> Letter | Defect:
    """The letter with an address that is broken to fit into the window, or why none does.

    Args:
        letter: its address reaches beyond the window.
        extents: measures lines of text as they are set in the address.
    """
    lines = letter.address.split("\n")
    over = [right - _LIMIT for _, right in extents(lines)]
    if max(over) <= 0:
        return Defect("window", BEYOND_THE_WINDOW)
    if over[-1] > 0:
        last = _(
            "the last line of the postal address (town or country) is {millimetres} mm too long for"
            " the window: shorten it in the master data",
            millimetres=f"{over[-1]:.0f}",
        )
        return Defect("window", last)
    widths = _widths([line for line, by in zip(lines, over, strict=True) if by > 0], extents)
    ways = [
        list(_folds(line, widths)) if by > 0 else [_Fold((line,))]
        for line, by in zip(lines, over, strict=True)
    ]
    fitting = [way for way in product(*ways) if len(_lines(way)) <= din.ADDRESS_LINES]
    best = min(fitting, key=lambda way: sum(one.badness for one in way), default=None)
    html = _with_breaks(letter.html, lines, best) if best else None
    if best is None or html is None:
        text = _(
            "the postal address is too long for the six lines of the window, also when its lines"
            " are broken: shorten name, addition or street in the master data"
        )
        return Defect("window", text)
    return replace(letter, html=html, address="\n".join(_lines(best)))


def _lines(folds: Sequence[_Fold]) -> list[str]:
    return [line for fold in folds for line in fold.lines]


def _widths(lines: Sequence[str], extents: Extents) -> dict[str, float]:
    """Of each piece of these lines that stays whole, and of a blank."""
    pieces = sorted({piece for line in lines for piece in _BREAKS[-1].split(line) if piece})
    found = [right - left for left, right in extents([*pieces, "x", "x x"])]
    return {**dict(zip(pieces, found, strict=False)), " ": found[-1] - 2 * found[-2]}


def _width(text: str, widths: Mapping[str, float]) -> float:
    pieces = _BREAKS[-1].split(text)
    return sum(widths[piece] for piece in pieces if piece) + text.count(" ") * widths[" "]


def _folds(line: str, widths: Mapping[str, float]) -> Iterator[_Fold]:
    """The line broken so that each part fits, once for each kind of places that allows it."""
    for badness, places in enumerate(_BREAKS):
        cuts = [0, *(found.end() for found in places.finditer(line)), len(line)]
        parts = [""]
        for begin, end in pairwise(cuts):
            longer = parts[-1] + line[begin:end]
            if _width(longer.rstrip(), widths) <= _WIDTH:
                parts[-1] = longer
            else:
                parts.append(line[begin:end])
        if all(_width(part.rstrip(), widths) <= _WIDTH for part in parts):
            yield _Fold(tuple(part.rstrip() for part in parts if part), badness)


def _with_breaks(html: str, lines: Sequence[str], folds: Sequence[_Fold]) -> str | None:
    """The letter with its address's lines broken; None where they are written in another way."""
    at = html.find(_ADDRESS)
    for line, fold in zip(lines, folds, strict=True):
        found = html.find(escape(line), at) if at >= 0 else -1
        if found < 0:
            return None
        broken = "<br>".join(map(escape, fold.lines))
        html = html[:found] + broken + html[found + len(escape(line)) :]
        at = found + len(broken)
    return html
