"""The rows of one sheet of an XLSX file, a piece of the part at a time.

Names are taken without their namespace, so that the transitional and the strict variant of
ECMA-376 (ISO/IEC 29500) read alike. What a part says of its own size (`<dimension>`, 18.3.1.35) is
not read: it is optional, and often wrong.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import IO, TYPE_CHECKING, NamedTuple
from xml.parsers.expat import ParserCreate

from serienpost import Texts
from serienpost_source_table.limits import MOST_CELLS, MOST_ROWS, TooLargeError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ = Texts(__name__)

_PIECE = 1 << 16
_REFERENCE = re.compile(r"\$?([A-Z]{1,3})\$?(\d+)")
_MOST_COLUMNS = 16_384
# Areas of merged cells, and formulas that cells share: both are kept while the file is read.
_MOST_MERGED = _MOST_SHARED = 100_000


class RawCell(NamedTuple):
    """A cell as it is written: `kind` is its attribute `t`, `formula` None where it has none."""

    column: int
    kind: str
    style: int
    value: str | None
    formula: str | None


class RawRow(NamedTuple):
    """A row: its number from 1, whether it is hidden, and its cells that are written."""

    number: int
    is_hidden: bool
    cells: tuple[RawCell, ...]


class Range(NamedTuple):
    """A rectangle of cells, all ends included; rows from 1, columns from 0."""

    top: int
    left: int
    bottom: int
    right: int


class DamagedSheetError(Exception):
    """The part does not hold rows as it should; `message` says what is wrong."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(slots=True)
class SheetParts:
    """What stands beside the rows: known in full when all rows were read. Whether zeros are shown
    is known before the first."""

    merged: list[Range] = field(default_factory=list)
    hidden_columns: list[tuple[int, int]] = field(default_factory=list)
    hides_zeros: bool = False


def rows_of(stream: IO[bytes], parts: SheetParts) -> Iterator[RawRow]:
    """The rows of a sheet, in order; `parts` is filled on the way.

    Raises:
        ExpatError: the part is no XML.
        DamagedSheetError: rows or cells stand in no order.
        TooLargeError: there are too many rows or cells.
    """
    reader = _Reader(parts)
    parser = ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    while piece := stream.read(_PIECE):
        parser.Parse(piece, False)
        yield from reader.done
        reader.done.clear()
    parser.Parse(b"", True)
    yield from reader.done


def column_of(letters: str) -> int:
    """The number of a column from 0: `A` is 0, `AA` is 26."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def letters_of(column: int) -> str:
    """The letters of a column that is numbered from 0."""
    letters, rest = "", column + 1
    while rest:
        rest, letter = divmod(rest - 1, 26)
        letters = chr(65 + letter) + letters
    return letters


class _Reader:
    """Gathers rows from the tags of a sheet."""

    def __init__(self, parts: SheetParts) -> None:
        self.done: list[RawRow] = []
        self._parts = parts
        self._is_within = self._hides_rows = False
        self._number = self._column = self._total = 0
        self._is_hidden = False
        self._cells: list[RawCell] = []
        self._kind, self._style = "n", 0
        self._value: list[str] | None = None
        self._formula: str | None = None
        self._text: list[str] | None = None
        self._is_sound = False
        self._shared: dict[str, str] = {}
        self._shared_by: str | None = None

    def start(self, tag: str, given: Mapping[str, str]) -> None:
        """Begin an element."""
        name = tag.rpartition(":")[2] if ":" in tag else tag
        if not self._is_within:
            self._beside(name, given)
        elif name == "c":
            self._begin_cell(given)
        elif name in {"v", "t", "f"}:
            if not self._is_sound:
                self._text = []
            if name == "f":
                self._shared_by = given.get("si")
        elif name == "row":
            self._begin_row(given)
        elif name == "rPh":
            self._is_sound = True

    def text(self, data: str) -> None:
        """Take text of a value or formula."""
        if self._text is not None:
            self._text.append(data)

    def end(self, tag: str) -> None:
        """End an element."""
        if not self._is_within:
            return
        name = tag.rpartition(":")[2] if ":" in tag else tag
        if name in {"v", "t", "f"}:
            if self._text is not None:
                self._take(name, self._text)
                self._text = None
        elif name == "c":
            value = None if self._value is None else "".join(self._value)
            cell = RawCell(self._column, self._kind, self._style, value, self._formula)
            self._cells.append(cell)
        elif name == "row":
            self.done.append(RawRow(self._number, self._is_hidden, tuple(self._cells)))
        elif name == "rPh":
            self._is_sound = False
        elif name == "sheetData":
            self._is_within = False

    def _take(self, name: str, pieces: list[str]) -> None:
        """Keep a formula, or a value; one of rich text comes in many pieces."""
        if name == "f":
            self._formula = self._whole_formula("".join(pieces))
        elif self._value is None:
            self._value = pieces
        else:
            self._value += pieces

    def _whole_formula(self, text: str) -> str:
        """The formula; that of the first cell where cells share one (18.3.1.40)."""
        if self._shared_by is None:
            return text
        if len(self._shared) > _MOST_SHARED:
            most = Decimal(_MOST_SHARED)
            raise TooLargeError(_("has more than {most} formulas that cells share", most=most))
        return self._shared.setdefault(self._shared_by, text)

    def _beside(self, name: str, given: Mapping[str, str]) -> None:
        if name == "sheetData":
            self._is_within = True
        elif name == "sheetView":
            self._parts.hides_zeros = given.get("showZeros", "1") in {"0", "false"}
        elif name == "sheetFormatPr":
            self._hides_rows = _is_true(given.get("zeroHeight"))
        elif name == "col":
            is_hidden = _is_true(given.get("hidden")) or _is_zero(given.get("width"))
            if is_hidden:
                ends = int(given.get("min", "1")) - 1, int(given.get("max", "1")) - 1
                self._parts.hidden_columns.append(ends)
        elif name == "mergeCell" and (area := _range(given.get("ref", ""))):
            self._parts.merged.append(area)
        if len(self._parts.merged) > _MOST_MERGED:
            most = Decimal(_MOST_MERGED)
            raise TooLargeError(_("has more than {most} areas of merged cells", most=most))
        if len(self._parts.hidden_columns) > _MOST_COLUMNS:
            raise DamagedSheetError(_("is damaged: it has more hidden columns than columns"))

    def _begin_row(self, given: Mapping[str, str]) -> None:
        number = int(given.get("r", self._number + 1))
        if number <= self._number:
            raise DamagedSheetError(
                _(
                    "is damaged: row {row} stands behind row {before}",
                    row=number,
                    before=self._number,
                )
            )
        if number > MOST_ROWS:
            raise TooLargeError(_("has more than {most} rows", most=Decimal(MOST_ROWS)))
        self._number, self._column, self._cells = number, -1, []
        hidden, height = given.get("hidden"), given.get("ht")
        by_default = self._hides_rows and hidden is None and height is None
        self._is_hidden = _is_true(hidden) or _is_zero(height) or by_default

    def _begin_cell(self, given: Mapping[str, str]) -> None:
        self._total += 1
        if self._total > MOST_CELLS:
            raise TooLargeError(_("has more than {most} cells", most=Decimal(MOST_CELLS)))
        reference = given.get("r")
        column = self._column + 1
        if reference:
            found = _REFERENCE.fullmatch(reference)
            if found is None or int(found[2]) != self._number:
                raise DamagedSheetError(
                    _("is damaged: row {row} holds a cell of another row", row=self._number)
                )
            column = column_of(found[1])
        if column <= self._column or column >= _MOST_COLUMNS:
            raise DamagedSheetError(
                _("is damaged: row {row} holds a cell twice or out of order", row=self._number)
            )
        self._column = column
        self._kind, self._style = given.get("t", "n"), int(given.get("s", "0"))
        self._value = self._formula = None


def _range(reference: str) -> Range | None:
    first, _colon, last = reference.partition(":")
    begin, end = _REFERENCE.fullmatch(first), _REFERENCE.fullmatch(last or first)
    if begin is None or end is None:
        return None
    return Range(int(begin[2]), column_of(begin[1]), int(end[2]), column_of(end[1]))


def _is_true(value: str | None) -> bool:
    return value in {"1", "true", "on"}


def _is_zero(value: str | None) -> bool:
    try:
        return value is not None and float(value) == 0
    except ValueError:
        return False
