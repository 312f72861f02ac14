"""Tables and facts for people: rich on a terminal, plain aligned lines otherwise."""

from __future__ import annotations

import sys
import unicodedata
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING

import click

from serienpost.redaction import without_passwords

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Rows whose width counts for the columns; longer tables are written as they are read.
LOOK_AHEAD = 500

# Characters of a column at most: more than any sentence of a check.
WIDEST = 200

_REORDERING = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


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
    None becomes empty, a yes/no value becomes `yes` or `no`; passwords of URLs are masked.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = without_passwords(str(value))
    if text.isascii() and text.isprintable():
        return text
    return "".join(_harmless(character) for character in text)


def say(text: object, *, err: bool = False) -> None:
    """Print one line of text with data in it, `clean`."""
    click.echo(clean(text), err=err)


def print_table(
    columns: Sequence[str | Column],
    rows: Iterable[Sequence[object]],
    *,
    title: str | None = None,
) -> None:
    """Print a table to stdout.

    Args:
        columns: titles, or `Column`s.
        rows: values or `Cell`s, one per column; data is never taken as markup.
        title: a line above the table.
    """
    heads = [column if isinstance(column, Column) else Column(column) for column in columns]
    stream = iter(rows)
    first = [_cells(row, heads) for row in islice(stream, LOOK_AHEAD)]
    beyond = next(stream, None)
    if sys.stdout.isatty() and beyond is None:
        _print_rich(heads, first, title)
        return
    rest = () if beyond is None else chain([beyond], stream)
    _print_plain(heads, first, rest, title)


def print_facts(pairs: Iterable[tuple[str, object]]) -> None:
    """Print `key  value` lines to stdout, the values one below the other."""
    cells = [(clean(key), _cell(value)) for key, value in pairs]
    width = max((len(key) for key, _ in cells), default=0)
    for key, cell in cells:
        click.echo(f"{key:<{width}}  {_coloured(cell)}".rstrip())


def _harmless(character: str) -> str:
    if character in "\n\r\t\v\f\x85\u2028\u2029":
        return " "
    category = unicodedata.category(character)
    if category == "Cs":
        return "\ufffd"
    return "" if category == "Cc" or character in _REORDERING else character


def _cells(row: Sequence[object], heads: Sequence[Column]) -> list[Cell]:
    """The cells of a row; what is wider than a column may be is cut, in all but the last column,
    which pushes nothing aside."""
    cells = [_cell(value) for value, _ in zip(row, heads, strict=True)]
    return [*map(_cut, cells[:-1]), *cells[-1:]]


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


def _print_plain(
    heads: Sequence[Column],
    first: Sequence[Sequence[Cell]],
    rest: Iterable[Sequence[object]],
    title: str | None,
) -> None:
    widths = [
        max([len(head.title), *(len(str(row[at].text)) for row in first)])
        for at, head in enumerate(heads)
    ]
    if title:
        click.echo(clean(title))
    later = (_cells(row, heads) for row in rest)
    for row in chain([[Cell(head.title) for head in heads]], first, later):
        parts = (
            f"{cell.text!s:>{width}}" if head.right else f"{cell.text!s:<{width}}"
            for head, width, cell in zip(heads, widths, row, strict=True)
        )
        click.echo("  ".join(parts).rstrip())


def _print_rich(heads: Sequence[Column], rows: Sequence[Sequence[Cell]], title: str | None) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    grid = Table(
        box=SIMPLE_HEAD,
        title=Text(clean(title)) if title else None,
        title_justify="left",
        pad_edge=False,
    )
    for head in heads:
        grid.add_column(Text(head.title), justify="right" if head.right else "left")
    for row in rows:
        grid.add_row(*(Text(str(cell.text), style=cell.style) for cell in row))
    Console().print(grid)
