"""An XLSX file: which sheet of it is meant, and what a person sees in its cells.

Read by the parts of ECMA-376, of which both variants and all usual writers are understood. No
library tells of hidden rows, number formats and strict files together without holding the whole
sheet in memory.
"""

from __future__ import annotations

import decimal
import posixpath
import re
from array import array
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, time
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple
from xml.etree.ElementTree import fromstring
from xml.parsers.expat import ParserCreate
from zipfile import ZipFile

from serienpost import Texts
from serienpost_source_table.cells import EMPTY, Cell, text_cell
from serienpost_source_table.limits import MOST_TAGS_AT_ONCE, MOST_TAGS_OF_TEXTS, TooLargeError
from serienpost_source_table.number_format import GENERAL, NumberFormat, built_in, number_format
from serienpost_source_table.sheet import DamagedSheetError, RawRow, SheetParts, rows_of

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator
    from pathlib import Path
    from types import TracebackType
    from typing import IO, Self
    from xml.etree.ElementTree import Element

    from serienpost_source_table.sheet import Range, RawCell

_ = Texts(__name__)

_MAIN = "xl/workbook.xml"
_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001  # a spreadsheet knows no time zones
_AS_STORED = decimal.Context(prec=15, rounding=decimal.ROUND_HALF_UP)
_RELATION = re.compile(r"\{[^}]*/relationships\}id")
_HIDES = re.compile(
    rb"(hidden|zeroHeight)\s*=\s*[\"'](1|t|on)|\s(ht|width)\s*=\s*[\"'][0.]+[\"']|mergeCell\b"
)
_MAY = (b"hidden", b"zeroHeight", b"mergeCell", b"width", b"ht=", b"ht =")
_LONGEST = 200
_PIECE = 1 << 20
# Characters that a text holds as their code (18.4, ST_Xstring).
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
# What is computed anew whenever the file is opened.
_VOLATILE = re.compile(r"\b(TODAY|NOW|RAND|RANDBETWEEN|RANDARRAY)\s*\(", re.IGNORECASE)
_ERRORS = {
    "#N/A": "#NV", "#VALUE!": "#WERT!", "#REF!": "#BEZUG!", "#NUM!": "#ZAHL!",
    "#SPILL!": "#ÜBERLAUF!", "#CALC!": "#KALK!",
}  # fmt: skip
_NOT_COMPUTED = Cell("", fault=_("a formula without a stored result"))
_COMPUTED_ANEW = Cell("", fault=_("a formula that is computed anew whenever the file is opened"))
_MERGED = Cell("", fault=_("a part of merged cells"))
_NO_DAY = Cell("", fault=_("no date, though the cell should be one"))
_NO_NUMBER = Cell("", fault=_("no number, though the cell should be one"))


class SheetName(NamedTuple):
    """A sheet that holds cells: its name, its part, and whether a person sees it."""

    name: str
    part: str
    is_hidden: bool


class NotAWorkbookError(Exception):
    """The archive holds no workbook of cells; `message` says what it is instead."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True, slots=True)
class SeenRow:
    """A row that holds something.

    Args:
        number: from 1, as the spreadsheet numbers it.
        is_hidden: by hand or by a filter.
        cells: by their columns, from 0.
        merged: the areas of merged cells that go over it.
    """

    number: int
    is_hidden: bool
    cells: dict[int, Cell]
    merged: tuple[Range, ...] = ()

    def cell(self, column: int) -> Cell:
        """A cell; one that another covers says so."""
        for area in self.merged:
            is_first = (self.number, column) == (area.top, area.left)
            if area.left <= column <= area.right and not is_first:
                return _MERGED
        return self.cells.get(column, EMPTY)


@dataclass(frozen=True, slots=True)
class Survey:
    """What must be known of a sheet before its rows: merged areas from the top, the rows with
    content that are hidden, columns that are."""

    merged: tuple[Range, ...]
    hidden_rows: tuple[int, ...]
    hidden_columns: frozenset[int]


class Workbook:
    """An open XLSX file.

    Raises:
        BadZipFile, OSError: it is no archive, or cannot be read.
        ParseError, ExpatError, KeyError, ValueError: it is damaged.
        NotAWorkbookError: it is another kind of file.
    """

    def __init__(self, path: Path) -> None:
        self._archive = ZipFile(path)
        self._holding: dict[SheetName, bool] = {}
        try:
            self._parts = {
                name.replace("\\", "/").lower(): name for name in self._archive.namelist()
            }
            self._main = self._main_part()
            book = self._xml(self._main)
            relations = self._relations(self._main)
            self._texts_part = _part_of(relations.values(), "sharedStrings")
            self._styles_part = _part_of(relations.values(), "styles")
            self.sheets = tuple(_sheets(book, relations))
            settings = {_local(one): one for one in book}
            about = settings.get("workbookPr")
            self._is_1904 = about is not None and about.get("date1904") in {"1", "true"}
            computed = settings.get("calcPr")
            self._is_computed_anew = computed is not None and (
                computed.get("fullCalcOnLoad") in {"1", "true"}
            )
        except BaseException:
            self._archive.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._archive.close()

    def rows(self, sheet: SheetName, survey: Survey) -> Generator[SeenRow, None, None]:
        """The rows that hold something, as a person sees their cells."""
        waiting = list(reversed(survey.merged))
        over: list[Range] = []
        parts = SheetParts()
        with closing(self._raw(sheet, parts)) as rows:
            for raw in rows:
                while waiting and waiting[-1].top <= raw.number:
                    over.append(waiting.pop())
                if over:
                    over = [area for area in over if area.bottom >= raw.number]
                cells = {}
                for one in raw.cells:
                    cell = self._cell(one)
                    if cell is not EMPTY and not (parts.hides_zeros and _is_zero(cell)):
                        cells[one.column] = cell
                if cells:
                    yield SeenRow(raw.number, raw.is_hidden, cells, tuple(over))

    def survey(self, sheet: SheetName) -> Survey:
        """Read a sheet once, where it may hide or merge something at all."""
        parts = SheetParts()
        with self._archive.open(self._parts[sheet.part.lower()]) as stream:
            if not _may_hide(stream):
                return Survey((), (), frozenset())
        hidden = [
            row.number
            for row in self._raw(sheet, parts)
            if row.is_hidden and any(cell.value or cell.formula for cell in row.cells)
        ]
        columns = {
            column
            for first, last in parts.hidden_columns
            for column in range(first, min(last, 16_383) + 1)
        }
        return Survey(tuple(sorted(parts.merged)), tuple(hidden), frozenset(columns))

    def holds_something(self, sheet: SheetName) -> bool:
        """Whether a sheet holds any cell with content."""
        if sheet not in self._holding:
            with closing(self._raw(sheet, SheetParts())) as rows:
                cells = (cell for row in rows for cell in row.cells)
                self._holding[sheet] = any(cell.value or cell.formula for cell in cells)
        return self._holding[sheet]

    def _raw(self, sheet: SheetName, parts: SheetParts) -> Generator[RawRow, None, None]:
        with self._archive.open(self._parts[sheet.part.lower()]) as stream:
            yield from rows_of(stream, parts)

    def _cell(self, raw: RawCell) -> Cell:
        if raw.formula is not None:
            if raw.value is None or (not raw.value and raw.kind != "str"):
                return _NOT_COMPUTED
            if self._is_computed_anew or _VOLATILE.search(raw.formula):
                return _COMPUTED_ANEW
        return self._plain(raw.kind, raw.value, raw.style) if raw.value else EMPTY

    def _plain(self, kind: str, written: str, style: int) -> Cell:
        if kind in {"s", "str", "inlineStr"}:
            text = self._texts[int(written)] if kind == "s" else _unescaped(written)
            return self._format(style).of_text(text)
        if kind == "n":
            return self._number(written, style)
        if kind == "b":
            is_true = written.strip() in {"1", "true"}
            return Cell("WAHR" if is_true else "FALSCH", is_true)
        if kind == "d":
            return self._dated(written.strip(), style)
        if kind == "e":
            return text_cell(_ERRORS.get(written, written))
        raise DamagedSheetError(_("is damaged: a cell is of a kind that there is not"))

    def _number(self, written: str, style: int) -> Cell:
        try:
            number = Decimal(written.strip())
        except InvalidOperation:
            return text_cell(_unescaped(written))
        if not number.is_finite():
            return _NO_NUMBER
        return self._format(style).of_number(_as_stored(number), is_1904=self._is_1904)

    def _dated(self, written: str, style: int) -> Cell:
        """A day or time that is written as such (18.18.11, ISO 8601)."""
        try:
            if "T" not in written and ":" in written:
                clock = time.fromisoformat(written)
                moment = datetime.combine(_EPOCH, clock)
            else:
                moment = datetime.fromisoformat(written.removesuffix("Z"))
        except ValueError:
            return _NO_DAY
        passed = moment.replace(tzinfo=None) - _EPOCH
        serial = Decimal(passed.days) + Decimal(passed.seconds) / 86400
        if self._is_1904 and moment.date() != _EPOCH.date():
            serial -= 1462
        shown = self._format(style)
        if not shown.is_dated:
            shown = number_format("dd.mm.yyyy" if passed.seconds == 0 else "dd.mm.yyyy hh:mm")
        return shown.of_number(serial, is_1904=self._is_1904)

    def _format(self, style: int) -> NumberFormat:
        codes = self._codes
        return number_format(codes[style] if style < len(codes) else GENERAL)

    @cached_property
    def _codes(self) -> tuple[str, ...]:
        """The code of each cell format, by its number."""
        if self._styles_part is None:
            return ()
        styles = {_local(one): one for one in self._xml(self._styles_part)}
        given = {
            int(one.get("numFmtId", "0")): one.get("formatCode", "")
            for one in styles.get("numFmts", ())
        }
        numbers = [int(one.get("numFmtId", "0")) for one in styles.get("cellXfs", ())]
        return tuple(built_in(one, given.get(one)) or _NO_CODE for one in numbers)

    @cached_property
    def _texts(self) -> _Texts:
        texts = _Texts()
        if self._texts_part is not None:
            with self._archive.open(self._parts[self._texts_part.lower()]) as stream:
                texts.read(stream)
        return texts

    def _main_part(self) -> str:
        main = _part_of(self._relations("").values(), "officeDocument") or _MAIN
        if main.lower() in self._parts and main.lower().endswith(".xml"):
            return main
        raise NotAWorkbookError(kind_of(self._parts))

    def _relations(self, part: str) -> dict[str, tuple[str, str]]:
        """The parts that a part refers to, by id: the end of their type, and their name."""
        folder, name = posixpath.split(part)
        about = posixpath.join(folder, "_rels", f"{name}.rels")
        if about.lower() not in self._parts:
            return {}
        return {
            one.get("Id", ""): (
                one.get("Type", "").rpartition("/")[2],
                posixpath.normpath(posixpath.join("/", folder, one.get("Target", "")))[1:],
            )
            for one in self._xml(about)
            if one.get("TargetMode") != "External"
        }

    def _xml(self, part: str) -> Element:
        data = self._archive.read(self._parts[part.lower()])
        if data.count(b"<") > MOST_TAGS_AT_ONCE:
            most = Decimal(MOST_TAGS_AT_ONCE)
            raise TooLargeError(_("has more than {most} tags in one part", most=most))
        return fromstring(data)  # noqa: S314  # `limits` lets no DOCTYPE and few tags through


# A format that is named by a number which says nothing here.
_NO_CODE = "[?]"


class _Texts:
    """The texts that cells share, as bytes in one place: a list of texts takes five times that."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._ends = array("Q", [0])
        self._is_sound, self._is_text = False, False

    def __getitem__(self, number: int) -> str:
        if not 0 <= number < len(self._ends) - 1:
            raise DamagedSheetError(_("is damaged: a cell refers to a text that is not there"))
        found = self._data[self._ends[number] : self._ends[number + 1]]
        return _unescaped(found.decode("utf-8"))

    def read(self, stream: IO[bytes]) -> None:
        """Take the texts of a part; what says how they sound (`rPh`, 18.4.6) is none of them."""
        parser = ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._take
        parser.ParseFile(stream)

    def _start(self, tag: str, _given: object) -> None:
        name = tag.rpartition(":")[2]
        if name == "rPh":
            self._is_sound = True
        elif name == "t":
            self._is_text = not self._is_sound

    def _end(self, tag: str) -> None:
        name = tag.rpartition(":")[2]
        if name == "rPh":
            self._is_sound = False
        elif name == "t":
            self._is_text = False
        elif name == "si":
            self._ends.append(len(self._data))
            if len(self._ends) > MOST_TAGS_OF_TEXTS:
                most = Decimal(MOST_TAGS_OF_TEXTS)
                raise TooLargeError(_("has more than {most} texts", most=most))

    def _take(self, text: str) -> None:
        if self._is_text:
            self._data += text.encode("utf-8")


def _may_hide(stream: IO[bytes]) -> bool:
    rest = b""
    while piece := stream.read(_PIECE):
        looked_at = rest + piece
        if any(one in looked_at for one in _MAY) and _HIDES.search(looked_at):
            return True
        rest = piece[-_LONGEST:]
    return False


def _sheets(book: Element, relations: dict[str, tuple[str, str]]) -> Iterator[SheetName]:
    """The sheets of cells, not those of charts, macros and dialogs."""
    found = next((one for one in book if _local(one) == "sheets"), ())
    for one in found:
        id_ = next((value for name, value in one.attrib.items() if _RELATION.fullmatch(name)), "")
        kind, part = relations.get(id_, ("", ""))
        if kind == "worksheet":
            is_hidden = one.get("state", "visible") != "visible"
            yield SheetName(one.get("name", ""), part, is_hidden)


def _is_zero(cell: Cell) -> bool:
    return isinstance(cell.value, Decimal) and cell.value == 0


def _part_of(relations: Iterable[tuple[str, str]], kind: str) -> str | None:
    return next((part for one, part in relations if one == kind), None)


def kind_of(parts: Iterable[str]) -> str:
    """What an archive with these parts is, where none of them is a workbook in XML."""
    names = {name.replace("\\", "/").lower() for name in parts}
    if any(name.endswith("workbook.bin") for name in names):
        return _("is a binary Excel file (.xlsb)")
    if "content.xml" in names and "mimetype" in names:
        return _("is an OpenDocument file (.ods)")
    if any(name.startswith("word/") for name in names):
        return _("is a Word document")
    if any(name.endswith(".iwa") or name == "index.zip" for name in names):
        return _("is a file of Apple Numbers")
    return _("is no readable XLSX file")


def _local(one: Element) -> str:
    return one.tag.rpartition("}")[2]


def _as_stored(number: Decimal) -> Decimal:
    """A number with the 15 digits that a spreadsheet keeps, but for whole ones that have more."""
    return number if number == number.to_integral_value() else _AS_STORED.plus(number)


def _unescaped(text: str) -> str:
    if "_x" in text:
        text = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
