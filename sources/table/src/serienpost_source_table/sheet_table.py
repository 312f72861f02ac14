"""Tables in XLSX files: the sheet that is meant, without the rows that a person does not see."""

from __future__ import annotations

import zlib
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING
from xml.etree.ElementTree import ParseError
from xml.parsers.expat import ExpatError
from zipfile import BadZipFile

from serienpost import Texts
from serienpost_source_table.limits import TooLargeError, refuse_too_large
from serienpost_source_table.sheet import DamagedSheetError
from serienpost_source_table.table import (
    FIRST_ROWS,
    NO_HEADER,
    Line,
    TableError,
    checked_size,
    header_name,
    legible,
    named_columns,
)
from serienpost_source_table.workbook import NotAWorkbookError, SheetName, Survey, Workbook

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterable, Iterator
    from pathlib import Path

    from serienpost_source_table.table import Reading
    from serienpost_source_table.workbook import SeenRow

_ = Texts(__name__)

# What zipfile (NotImplementedError for ways to pack that it does not know) and expat raise.
_DAMAGED = (BadZipFile, ParseError, ExpatError, DamagedSheetError, KeyError, ValueError, EOFError,
            zlib.error, NotImplementedError, RuntimeError)  # fmt: skip
_MOST_NAMED = 8


@dataclass(frozen=True, slots=True)
class _Layout:
    """The sheet that is read, what is hidden in it, and its header."""

    sheet: SheetName
    others: tuple[SheetName, ...]
    survey: Survey
    header_row: int
    names: dict[int, str]


@dataclass(frozen=True, slots=True)
class SheetTable:
    """A table in an XLSX file; `digest` is that of what it holds."""

    path: Path
    digest: str
    reading: Reading

    def header(self) -> list[str]:
        """See `Table`."""
        return list(self._layout().names.values())

    def lines(self) -> Iterator[Line]:
        """See `Table`; what stands beside the columns of the header is not looked at."""
        layout = self._layout()
        with closing(self._rows(layout)) as rows:
            for row in rows:
                if row.is_hidden or row.number <= layout.header_row:
                    continue
                values = {name: row.cell(at) for at, name in layout.names.items()}
                if any(cell.text or cell.fault for cell in values.values()):
                    for at, name in layout.names.items():
                        checked_size(row.number, at, values[name].text)
                    yield Line(row.number, values)

    def notes(self) -> list[str]:
        """See `Table`."""
        layout = self._layout()
        sheet = legible(layout.sheet.name)
        found: list[str] = [
            _("the sheet '{sheet}' is read, which is hidden", sheet=sheet)
            if layout.sheet.is_hidden
            else _("the sheet '{sheet}' is read", sheet=sheet)
        ]
        hidden = [row for row in layout.survey.hidden_rows if row > layout.header_row]
        if hidden:
            found.append(
                _.ngettext(
                    "{n} row hidden by hand or by a filter left out: {rows}",
                    "{n} rows hidden by hand or by a filter left out: {rows}",
                    len(hidden),
                    rows=_numbered(hidden),
                )
            )
        used = [
            _("'{name}'", name=legible(name))
            for at, name in layout.names.items()
            if at in layout.survey.hidden_columns and name in self.reading.wanted
        ]
        if used:
            found.append(
                _.ngettext(
                    "used though hidden: the column {columns}",
                    "used though hidden: the columns {columns}",
                    len(used),
                    columns=used,
                )
            )
        if layout.others:
            found.append(
                _.ngettext(
                    "not read: the sheet {sheets}",
                    "not read: the sheets {sheets}",
                    len(layout.others),
                    sheets=[
                        _("'{name}' (hidden)", name=legible(other.name))
                        if other.is_hidden
                        else _("'{name}'", name=legible(other.name))
                        for other in layout.others
                    ],
                )
            )
        return found

    def row_with(self, headers: Collection[str]) -> int | None:
        """See `Table`."""
        with closing(self._rows(self._layout())) as rows:
            found = (
                row.number for row in islice(rows, FIRST_ROWS)
                if set(headers) <= {header_name(text) for text in _texts(row)}
            )  # fmt: skip
            return next(found, None)

    def _layout(self) -> _Layout:
        return _layout_of(self.path, self.digest, self.reading)

    def _rows(self, layout: _Layout) -> Generator[SeenRow, None, None]:
        try:
            with Workbook(self.path) as book:
                yield from book.rows(layout.sheet, layout.survey)
        except (*_DAMAGED, TooLargeError) as error:
            raise _refused(error) from None


@lru_cache(maxsize=32)
def _layout_of(path: Path, digest: str, reading: Reading) -> _Layout:  # noqa: ARG001
    """How a file is read; kept for as long as it holds the same.

    Raises:
        TableError: it is no XLSX file, too large, or it is not certain which sheet is meant.
    """
    try:
        refuse_too_large(path)
        with Workbook(path) as book:
            return _found(book, reading)
    except (*_DAMAGED, NotAWorkbookError, TooLargeError) as error:
        raise _refused(error) from None


def _refused(error: Exception) -> TableError:
    if isinstance(error, TooLargeError):
        return TableError(error.message, hint=_("save the rows that are needed as CSV"))
    if isinstance(error, NotAWorkbookError):
        return TableError(error.message, hint=_("save it as an Excel workbook (.xlsx)"))
    if isinstance(error, DamagedSheetError):
        return TableError(error.message, hint=_("open it in Excel and save it again"))
    hint = _("open it in Excel or LibreOffice and save it as an Excel workbook (.xlsx)")
    return TableError(_("is no readable XLSX file ({why})", why=type(error).__name__), hint=hint)


def _found(book: Workbook, reading: Reading) -> _Layout:
    if not book.sheets:
        raise TableError(
            _("has no sheet with cells, only charts"), hint=_("name the file that holds the list")
        )
    sheet, header_row, names = _sheet_meant(book, reading)
    others = tuple(
        one
        for one in book.sheets
        if one is not sheet and (one.is_hidden or book.holds_something(one))
    )
    return _Layout(sheet, others, book.survey(sheet), header_row, names)


def _sheet_meant(book: Workbook, reading: Reading) -> tuple[SheetName, int, dict[int, str]]:
    """The sheet that the mailing names, or the only one that can be meant; with its header."""
    if reading.sheet is not None:
        for sheet in book.sheets:
            if sheet.name == reading.sheet:
                return (sheet, *_header_of(book, sheet, reading))
        raise TableError(
            _("has no sheet '{sheet}'", sheet=legible(reading.sheet)),
            hint=_("it has {sheets}", sheets=_quoted(book.sheets)),
        )
    filled = [sheet for sheet in book.sheets if book.holds_something(sheet)]
    possible = [sheet for sheet in filled if not sheet.is_hidden]
    if len(possible) == 1:
        return (possible[0], *_header_of(book, possible[0], reading))
    if not possible:
        hidden = [sheet for sheet in filled if sheet.is_hidden]
        if hidden:
            raise TableError(
                _("shows no sheet that holds something"),
                hint=_("write under select sheet: {sheet}", sheet=hidden[0].name),
            )
        raise TableError(_("holds no header"), hint=NO_HEADER)
    heads = {sheet: _header_or_none(book, sheet, reading) for sheet in possible}
    complete = [
        sheet
        for sheet, head in heads.items()
        if head and reading.wanted and reading.wanted <= set(head[1].values())
    ]
    if len(complete) == 1:
        return (complete[0], *_header_of(book, complete[0], reading))
    raise TableError(
        _("has several sheets that could be meant: {sheets}", sheets=_quoted(possible)),
        hint=_("write the right one under select as sheet: NAME"),
    )


def _quoted(sheets: Iterable[SheetName]) -> list[str]:
    return [_("'{name}'", name=legible(sheet.name)) for sheet in sheets]


def _header_or_none(
    book: Workbook, sheet: SheetName, reading: Reading
) -> tuple[int, dict[int, str]] | None:
    try:
        return _header_of(book, sheet, reading)
    except TableError:
        return None


def _header_of(book: Workbook, sheet: SheetName, reading: Reading) -> tuple[int, dict[int, str]]:
    """The number of the row with the header, and its names by column.

    Raises:
        TableError: there is none.
    """
    wanted = reading.header_row
    nothing = Survey((), (), frozenset())
    with closing(book.rows(sheet, nothing)) as rows:
        for row in rows:
            if wanted and row.number > wanted:
                break
            if row.number != wanted if wanted else row.is_hidden:
                continue
            names = named_columns(_texts(row), row.number)
            if names:
                return row.number, names
    if wanted:
        raise TableError(_("header_row: this row is empty"), wanted)
    raise TableError(_("holds no header"), hint=NO_HEADER)


def _texts(row: SeenRow) -> list[str]:
    """The texts of a row from its first column to its last."""
    return [row.cell(at).text for at in range(max(row.cells, default=-1) + 1)]


def _numbered(rows: list[int]) -> str:
    """Rows as ranges, the first few: `3-5, 9`."""
    ranges: list[list[int]] = []
    for row in rows:
        if ranges and ranges[-1][1] == row - 1:
            ranges[-1][1] = row
        else:
            ranges.append([row, row])
    shown = [str(a) if a == b else f"{a}-{b}" for a, b in ranges[:_MOST_NAMED]]
    named = ", ".join(shown)
    return _("{rows} and more", rows=named) if len(ranges) > _MOST_NAMED else named
