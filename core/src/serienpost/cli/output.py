"""Tables and facts for people, as wide as the terminal: what does not fit is folded."""

from __future__ import annotations

import re
import shutil
import sys
import unicodedata
from dataclasses import dataclass, replace
from datetime import date, time
from decimal import Decimal
from itertools import chain, islice
from typing import TYPE_CHECKING

import click

from serienpost.redaction import without_passwords
from serienpost.text import ESCAPES, SURROGATE
from serienpost.translation import Money, Text, Texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_ = Texts(__name__)

# Rows whose width counts for the columns; longer tables are written as they are read.
LOOK_AHEAD = 500

# Characters of a value at most, but for the id that begins a row and the reason that ends it: more
# than any name that somebody bears.
WIDEST = 200

# No terminal is taken for narrower.
_NARROWEST = 40
# The last column is folded in place if it is at least so wide.
_FOLDABLE = 30
# Between two columns, and before what is folded under a row.
_GAP = "  "
_INDENT = "    "

_LINE_ENDS = re.compile(r"[\n\r\t\v\f\x85\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; `right` aligns numbers."""

    title: str
    right: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """A value with a look: a rich style such as `red` or `bold`, used on a terminal only."""

    text: object
    style: str = ""


def clean(value: object) -> str:
    """The value as one line without anything a terminal would obey.

    Control characters and marks that reorder text are removed, line ends and tabs become spaces,
    None becomes empty; texts, days, times, fractions, money and yes/no values are said in the
    reader's language; passwords of URLs are masked.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        value = _("yes") if value else _("no")
    elif isinstance(value, (date, time, float, Decimal, Money)):
        value = Text("", "{value}", {"value": value})
    text = without_passwords(str(value))
    if text.isascii() and text.isprintable():
        return text
    return SURROGATE.sub("\ufffd", ESCAPES.sub("", _LINE_ENDS.sub(" ", text)))


def say(text: object, *, err: bool = False) -> None:
    """Print one line of text with data in it, `clean`."""
    click.echo(clean(text), err=err)


def print_table(
    columns: Sequence[str | Column],
    rows: Iterable[Sequence[object]],
    *,
    title: str | None = None,
) -> None:
    """Print a table to stdout, in columns as far as the terminal is wide.

    The first column stays whole, so that it can be copied. Of the others those that do not fit
    stand under the row, each with its title; the widest go first. The last one is folded beside
    the others where there is room.

    Args:
        columns: titles, or `Column`s.
        rows: values or `Cell`s, one per column; data is never taken as markup.
        title: a line above the table.
    """
    heads = [_head(column) for column in columns]
    stream = iter(rows)
    first = [_cells(row, heads) for row in islice(stream, LOOK_AHEAD)]
    rest = (_cells(row, heads) for row in stream)
    if title:
        click.echo(clean(title))
    widths = _widths(heads, first, _terminal_width())
    titles = [
        Cell(head.title if width else "", "bold") for head, width in zip(heads, widths, strict=True)
    ]
    for row in chain([titles], first, rest):
        for line in _row_lines(row, heads, widths):
            click.echo(line)


def _head(column: str | Column) -> Column:
    """A column with its title as it is said."""
    given = column if isinstance(column, Column) else Column(column)
    return replace(given, title=clean(given.title))


def print_text(text: object, indent: str = "") -> None:
    """Print a sentence to stdout, folded at the width of the terminal."""
    for line in folded_lines(text, indent):
        click.echo(line)


def folded_lines(text: object, indent: str = "", further: str | None = None) -> list[str]:
    """A sentence in lines as wide as the terminal, `clean`; those after the first begin with
    `further`, which is `indent` unless it is given."""
    rest = indent if further is None else further
    beside = _terminal_width() - max(len(indent), len(rest))
    first, *others = _folded(clean(text), beside)
    return [f"{indent}{first}", *(f"{rest}{line}" for line in others)]


def print_facts(pairs: Iterable[tuple[str, object]]) -> None:
    """Print `key  value` lines to stdout, the values one below the other and folded there; one
    that is a single word stays whole."""
    cells = [(clean(key), _cell(value)) for key, value in pairs]
    width = max((_width(key) for key, _ in cells), default=0)
    beside = max(_NARROWEST // 2, _terminal_width() - width - len(_GAP))
    for key, cell in cells:
        text = str(cell.text)
        lines = [text] if " " not in text else _folded(text, beside)
        for number, line in enumerate(lines):
            name = _padded("" if number else key, width)
            click.echo(f"{name}{_GAP}{_coloured(Cell(line, cell.style))}".rstrip())


def _terminal_width() -> int:
    """Columns of the terminal, or as `COLUMNS` says; 80 where there is none."""
    return max(_NARROWEST, shutil.get_terminal_size().columns)


def _width(text: str) -> int:
    """Columns that a terminal needs for a text: two for a wide sign, none for a mark on another."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(sign) else 2 if unicodedata.east_asian_width(sign) in "WF" else 1
        for sign in text
    )


def _padded(text: str, width: int, *, right: bool = False) -> str:
    blanks = " " * (width - _width(text))
    return blanks + text if right else text + blanks


def _folded(text: str, width: int) -> list[str]:
    """The text in lines of at most so many columns, broken between words where that is possible."""
    lines, line = [], ""
    for word in re.findall(r"\S+", text):
        if line and _width(line) + 1 + _width(word) <= width:
            line += f" {word}"
            continue
        if line:
            lines.append(line)
        *whole, line = _pieces(word, width)
        lines += whole
    return [*lines, line]


def _pieces(word: str, width: int) -> Iterator[str]:
    """A word, broken where it is wider than this."""
    while _width(word) > width:
        fitting = next(at for at in range(width, 0, -1) if _width(word[:at]) <= width)
        yield word[:fitting]
        word = word[fitting:]
    yield word


def _widths(heads: Sequence[Column], rows: Sequence[Sequence[Cell]], terminal: int) -> list[int]:
    """How wide each column is; 0 for those that do not fit and stand under their row."""
    widths = [
        max([_width(head.title), *(_width(str(row[at].text)) for row in rows)])
        for at, head in enumerate(heads)
    ]
    widths[0] = min(widths[0], max(terminal // 2, _width(heads[0].title)))
    while sum(widths) + len(_GAP) * (sum(map(bool, widths)) - 1) > terminal and any(widths[1:]):
        widest = max(range(1, len(widths)), key=lambda at: (widths[at], at))
        widths[widest] = 0
    room = terminal - sum(widths) - len(_GAP) * sum(map(bool, widths))
    if not widths[-1] and room >= _FOLDABLE:
        widths[-1] = room
    return widths


def _row_lines(
    row: Sequence[Cell], heads: Sequence[Column], widths: Sequence[int]
) -> Iterator[str]:
    """A row: its columns in one line, then what is too wide for that."""
    first, *others = row
    long = _width(str(first.text)) > widths[0]
    if long:
        yield _coloured(first)
        first = Cell("")
    under = []
    parts = [_painted(first, widths[0], heads[0])]
    folded: list[str] = []
    for at, (cell, head, width) in enumerate(zip(others, heads[1:], widths[1:], strict=True), 1):
        text = str(cell.text)
        fits = _width(text) <= width
        if not fits and width >= _FOLDABLE and at == len(others):
            text, *folded = _folded(text, width)
            cell, fits = Cell(text, cell.style), True  # noqa: PLW2901  # its first line
        if not fits:
            under.append((head, cell))
        if width:
            parts.append(_painted(cell if fits else Cell(""), width, head))
    line = _GAP.join(parts).rstrip()
    if line or not long:
        yield line
    before = " " * (sum(widths[:-1]) + len(_GAP) * sum(map(bool, widths[:-1])))
    yield from (before + _coloured(Cell(piece, others[-1].style)) for piece in folded)
    for head, cell in under:
        text = f"{head.title}: {cell.text}" if head.title else str(cell.text)
        for number, piece in enumerate(_folded(text, _terminal_width() - 2 * len(_INDENT))):
            yield (_INDENT * (2 if number else 1)) + _coloured(Cell(piece, cell.style))


def _painted(cell: Cell, width: int, head: Column) -> str:
    text = _padded(str(cell.text), width, right=head.right)
    return _coloured(Cell(text, cell.style))


def _cells(row: Sequence[object], heads: Sequence[Column]) -> list[Cell]:
    first, *others = [_cell(value) for value, _ in zip(row, heads, strict=True)]
    return [first, *map(_cut, others[:-1]), *others[-1:]]


def _cut(cell: Cell) -> Cell:
    text = str(cell.text)
    return cell if len(text) <= WIDEST else Cell(f"{text[: WIDEST - 1]}…", cell.style)


def _cell(value: object) -> Cell:
    if isinstance(value, Cell):
        return Cell(clean(value.text), value.style)
    return Cell(clean(value))


def _coloured(cell: Cell) -> str:
    if not cell.style or not sys.stdout.isatty():
        return str(cell.text)
    return click.style(
        str(cell.text),
        fg=next((word for word in cell.style.split() if word in _COLOURS), None),
        bold="bold" in cell.style.split() or None,
        dim="dim" in cell.style.split() or None,
    )


_COLOURS = ("red", "green", "yellow", "blue", "magenta", "cyan", "white")
