"""What a table is, whatever kind of file it stands in."""

from __future__ import annotations

import unicodedata
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

from serienpost import Texts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from serienpost_source_table.cells import Cell

_ = Texts(__name__)

# Characters of a cell.
LARGEST_CELL = 100_000
# Rows among which a header is looked for that is not where it should be.
FIRST_ROWS = 50

NO_HEADER = _("the first row that is not empty names the columns")


class TableError(Exception):
    """A file that is not read: what is wrong, in which line or row, and what to do."""

    def __init__(self, message: str, line: int | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message, self.line, self.hint = message, line, hint


@dataclass(frozen=True, slots=True)
class Reading:
    """How a mailing says that its file is read; what it does not say must be certain.

    `wanted` are the headers that it names.
    """

    sheet: str | None = None
    encoding: str | None = None
    separator: str | None = None
    header_row: int | None = None
    wanted: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the file: its number, as people count (the header is 1), and its values."""

    number: int
    values: dict[str, Cell]


class Table(Protocol):
    """A file with a header.

    Both functions raise `TableError`, or what the system says of a file that it cannot read.
    """

    def header(self) -> list[str]:
        """The headers, of columns that have one."""

    def lines(self) -> Iterator[Line]:
        """Each row under the header that a person sees and that is not empty."""

    def notes(self) -> list[str]:
        """What was read and what was left out, in sentences."""

    def row_with(self, headers: Collection[str]) -> int | None:
        """The number of one of the first rows that holds all these texts, where there is one."""


def named_columns(cells: Iterable[str], number: int) -> dict[int, str]:
    """The columns of a header that have a name, from 0.

    Raises:
        TableError: two have the same.
    """
    names = {at: name for at, cell in enumerate(cells) if (name := header_name(cell))}
    twice = sorted(name for name, count in Counter(names.values()).items() if count > 1)
    if twice:
        raise TableError(
            _("the header '{header}' stands there twice", header=legible(twice[0])),
            number,
            _("rename one of them"),
        )
    return names


def header_name(text: str) -> str:
    """A header as it is named in a mailing: composed (NFC), with single blanks for line ends and
    protected ones, and without signs that nobody sees."""
    composed = unicodedata.normalize("NFC", text)
    shown = "".join(sign for sign in composed if unicodedata.category(sign) != "Cf")
    return " ".join(shown.split())


def legible(name: str) -> str:
    """A name out of the file as it may stand on a terminal: signs that are not seen by their
    codes."""
    return repr(name)[1:-1]


def checked_size(number: int, column: int, text: str) -> None:
    """Refuse a cell that nobody wrote.

    Raises:
        TableError: it has too many characters.
    """
    if len(text) > LARGEST_CELL:
        message = _(
            "the cell in column {column} has more than {most} characters",
            column=column + 1,
            most=Decimal(LARGEST_CELL),
        )
        raise TableError(message, number)
