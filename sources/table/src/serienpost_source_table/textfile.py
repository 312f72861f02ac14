"""Tables in text files (RFC 4180): in which encoding, with which separator, where the header is.

A separator is what all the file, read with it, says: quotes, line ends within cells and commas in
texts are no trouble then. What is certain is taken, everything else asked.
"""

from __future__ import annotations

import csv
import re
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache, reduce
from itertools import chain, islice, pairwise
from typing import TYPE_CHECKING, NamedTuple, Self

from serienpost import Texts, joined
from serienpost_source_table.cells import Cell, text_cell
from serienpost_source_table.encoding import (
    LONGEST_LINE,
    NAMES,
    UTF_8,
    Encoding,
    EncodingError,
    encoding_of,
    lines_of,
    named,
)
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

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterator
    from pathlib import Path

    from serienpost_source_table.table import Reading

_ = Texts(__name__)

_SEPARATORS = (";", ",", "\t", "|")
_SHOWN = {"\t": "tab"}
# What a blank line may hold.
_BLANK = "\ufeff\r\n ;,|\t"
_DOUBTFUL = _("a text that is more readable in another encoding")
_SEVERAL = _("perhaps more than one row: a quotation mark reaches over the end of a line")
_GOES_ON = _("perhaps only the beginning of a text: the next line has one cell alone")
_ESCAPED = _("a text with a backslash before a sign that belongs to CSV")
_QUOTED = _("a text in quotation marks that stand behind a blank")
# Columns up to which a text may well have as many separators as a row.
_NARROW = 3
# A text that a spreadsheet must not take for a number: `="01067"`.
_KEPT = re.compile(r'="([^"]*)"')
# The end of a file in MS-DOS.
_END = "\x1a"


@dataclass(frozen=True, slots=True)
class _Layout:
    """How a file is read: from which line its header comes, which columns have a name, and whether
    the program that wrote it leaves out empty cells at the end of a row."""

    encoding: Encoding
    separator: str
    header_line: int
    names: dict[int, str]
    width: int
    omits_empty: bool


class _Record(NamedTuple):
    """A row: the line in which it begins, its cells, and whether it may be several rows, of which
    a quotation mark too much made one."""

    number: int
    cells: list[str]
    is_doubtful: bool


@dataclass(frozen=True, slots=True)
class TextTable:
    """A table in a text file; `digest` is that of what it holds."""

    path: Path
    digest: str
    reading: Reading

    def header(self) -> list[str]:
        """See `Table`."""
        return list(self._layout().names.values())

    def lines(self) -> Iterator[Line]:
        """See `Table`; a row with too few or too many cells has a fault in each."""
        layout = self._layout()
        records = _records(self.path, layout.encoding.name, layout.separator)
        with closing(records):
            for record, following in pairwise(chain(records, [None])):
                if record and record.number > layout.header_line and any(record.cells):
                    yield Line(record.number, _values(layout, record, following))

    def notes(self) -> list[str]:
        """See `Table`; UTF-8 is what everybody expects."""
        name = self._layout().encoding.name
        return [] if name == UTF_8 else [_("is read as {encoding}", encoding=NAMES.get(name, name))]

    def row_with(self, headers: Collection[str]) -> int | None:
        """See `Table`."""
        encoding = self._layout().encoding.name
        for separator in _separators(self.path, encoding, self.reading):
            with closing(_records(self.path, encoding, separator)) as records:
                for record in islice(records, FIRST_ROWS):
                    if set(headers) <= {header_name(cell) for cell in record.cells}:
                        return record.number
        return None

    def _layout(self) -> _Layout:
        return _layout_of(self.path, self.digest, self.reading)


def _values(layout: _Layout, record: _Record, following: _Record | None) -> dict[str, Cell]:
    """The cells of a row by their headers."""
    names, cells, needed = layout.names, record.cells, max(layout.names) + 1
    if layout.omits_empty and len(cells) < needed:
        cells = cells + [""] * (needed - len(cells))
    count = _without_empty_end(cells)
    if record.is_doubtful or len(cells) < needed or count > needed:
        fault = _SEVERAL if record.is_doubtful else _number_of_cells(count, needed)
        return dict.fromkeys(names.values(), Cell("", fault=fault))
    values = {}
    for at, name in names.items():
        checked_size(record.number, at, cells[at])
        values[name] = _cell(cells[at], layout.encoding)
    if following and layout.width > 1 and len(following.cells) == 1 and following.cells[0]:
        values[names[needed - 1]] = Cell("", fault=_GOES_ON)
    return values


@lru_cache(maxsize=32)
def _layout_of(path: Path, digest: str, reading: Reading) -> _Layout:  # noqa: ARG001
    """How a file is read; kept for as long as it holds the same.

    Raises:
        TableError: it is not certain.
    """
    said = reading.encoding
    encoding = named(said) if said else None
    if said and encoding is None:
        unknown = _("encoding: there is no encoding '{encoding}'", encoding=legible(said))
        raise TableError(unknown, hint=_ENCODINGS)
    try:
        known = encoding_of(path, encoding)
    except EncodingError as error:
        raise _not_certain(error, said) from None
    separators = _separators(path, known.name, reading)
    heads = [_head(path, known.name, one, reading) for one in separators]
    chosen = _chosen(path, known.name, heads, reading)
    if isinstance(chosen.error, TableError):
        raise chosen.error
    if not chosen.names:
        raise TableError(_("holds no header"), hint=NO_HEADER)
    omits_empty = _omits_empty(path, known.name, chosen)
    return _Layout(known, chosen.separator, chosen.line, chosen.names, chosen.width, omits_empty)


def _omits_empty(path: Path, encoding: str, head: _Head) -> bool:
    """Whether rows are short because their last cells are empty: several are, and none that is
    whole ends with an empty cell. One short row alone may as well have lost a separator."""
    needed, short = max(head.names) + 1, 0
    with closing(_records(path, encoding, head.separator)) as records:
        for number, cells, _doubt in records:
            if number <= head.line or not any(cells):
                continue
            if len(cells) < needed:
                short += len(cells) > 1
            elif not cells[needed - 1]:
                return False
    return short > 1


_ENCODINGS = _("write utf-8, windows-1252, mac-roman, cp850, cp437 or another that Python knows")


def _not_certain(error: EncodingError, said: str | None) -> TableError:
    hint = None
    if error.samples:
        hint = _(
            "its signs could be {signs}; write the right one under select as encoding: NAME",
            signs=joined("; ", [joined(": ", sample) for sample in error.samples]),
        )
    elif said:
        hint = _("name the right encoding: under select, or mend the line")
    elif error.line is not None:
        hint = _("mend the line, or save the file as UTF-8; encoding: under select decides")
    return TableError(error.message, error.line, hint)


@dataclass(frozen=True, slots=True)
class _Head:
    """A file read with one separator, as far as its header: where that stands, its names and the
    number of its cells; `error` says why it cannot be read so."""

    separator: str
    line: int
    names: dict[int, str]
    width: int
    error: TableError | None = None


def _separators(path: Path, encoding: str, reading: Reading) -> tuple[str, ...]:
    """What may stand between columns: what the mailing says, what the file says, or all."""
    if reading.separator:
        return ({"tab": "\t"}.get(reading.separator, reading.separator),)
    for line in lines_of(path, encoding):
        if line.strip(_BLANK):
            said = _said_separator(line)
            return (said,) if said else _SEPARATORS
    return _SEPARATORS


def _said_separator(line: str) -> str | None:
    """The separator that Excel's own first line `sep=;` says."""
    line = line.strip("\ufeff\r\n").strip('"')
    prefix, sign = line[:4].lower(), line[4:5]
    is_said = prefix == "sep=" and sign and not line[5:].strip(sign + '"')
    return sign if is_said else None


def _head(path: Path, encoding: str, separator: str, reading: Reading) -> _Head:
    wanted = reading.header_row
    try:
        with closing(_records(path, encoding, separator)) as records:
            for number, cells, _doubt in records:
                if wanted and number > wanted:
                    break
                if number != wanted if wanted else _is_before_header(cells):
                    continue
                try:
                    names = named_columns(cells, number)
                except TableError as error:
                    return _Head(separator, number, {}, len(cells), error)
                if names:
                    return _Head(separator, number, names, len(cells))
    except TableError as error:
        return _Head(separator, error.line or 0, {}, 0, error)
    if wanted:
        missing = TableError(_("header_row: no row begins in this line"), wanted)
        return _Head(separator, wanted, {}, 0, missing)
    return _Head(separator, 0, {}, 0)


def _is_before_header(cells: list[str]) -> bool:
    """Whether a row is blank, whatever its separators are, or says the separator."""
    if not any(cell.strip(_BLANK) for cell in cells) or cells[0].lower() == "sep=":
        return True
    return len(cells) == 1 and _said_separator(cells[0]) is not None


def _chosen(path: Path, encoding: str, heads: list[_Head], reading: Reading) -> _Head:
    """The separator under which the file is a table.

    Raises:
        TableError: there are several.
    """
    if len(heads) == 1:
        return heads[0]
    sound = [head for head in heads if head.names]
    complete = [h for h in sound if reading.wanted and reading.wanted <= set(h.names.values())]
    if len(complete) == 1:
        return complete[0]
    possible = complete or [head for head in sound if head.width > 1] or sound
    widest = max(heads, key=lambda head: (head.width, head.line))
    if not possible or (not complete and widest.error):
        return widest
    bad = {one.separator: _misfits(path, encoding, one) for one in possible}
    found = [one for one in possible if bad[one.separator] == min(bad.values())]
    # With one column there is nothing to separate, and these read alike.
    if len(found) == 1 or all(one.width < 2 for one in found):
        return found[0]
    if reading.wanted and not complete:  # its header is not the one that is looked for
        return max(found, key=lambda head: head.width)
    signs = reduce(_either, [_shown(one.separator) for one in found])
    hint = _("write the right one under select as separator:")
    raise TableError(_("could be separated by {signs}", signs=signs), found[0].line, hint)


def _either(one: str, other: str) -> str:
    return _("{one} or {other}", one=one, other=other)


def _misfits(path: Path, encoding: str, head: _Head) -> int:
    """How many rows do not fit under the header; all that could, where it cannot be read at all."""
    count = 0
    needed = max(head.names) + 1
    try:
        with closing(_records(path, encoding, head.separator)) as records:
            for number, cells, _doubt in records:
                if number > head.line and any(cells):
                    fits = needed <= len(cells) and _without_empty_end(cells) <= needed
                    count += not fits
    except TableError:
        return 1 << 40
    return count


def _without_empty_end(cells: list[str]) -> int:
    count = len(cells)
    while count and not cells[count - 1]:
        count -= 1
    return count


def _records(path: Path, encoding: str, separator: str) -> Generator[_Record, None, None]:
    """The rows, their cells stripped.

    Raises:
        TableError: the quotes of a row do not fit, or it is too long.
    """
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST_LINE))  # there is one for all
    source = _Lines(lines_of(path, encoding))
    width = 0
    start = 1
    try:
        reader = csv.reader(source, delimiter=separator, strict=True)
        for cells in reader:
            if len(cells) == 1 and cells[0] == _END:
                continue
            is_doubtful = reader.line_num > start and _is_several(cells, separator, width, start)
            yield _Record(start, [_stripped(cell) for cell in cells], is_doubtful)
            width = width or (len(cells) if len(cells) > 1 else 0)
            source.characters = 0
            start = reader.line_num + 1
    except csv.Error as error:
        raise _no_csv(error, start) from None
    except TableError as error:
        raise TableError(error.message, error.line or start, error.hint) from None
    except EncodingError as error:
        raise TableError(error.message, error.line) from None


def _no_csv(error: csv.Error, line: int) -> TableError:
    """What the parser says, in words."""
    if "unexpected end" in str(error):
        return TableError(
            _("is not CSV: the quotation mark that opens in this row does not close"),
            line,
            _("close it, or double it where it belongs to a text"),
        )
    if "expected after" in str(error):
        return TableError(
            _("is not CSV: a quotation mark stands within a quoted cell"),
            line,
            _("double it; or name the right separator: under select"),
        )
    return TableError(_("is not CSV: {why}", why=str(error)), line)


def _is_several(cells: list[str], separator: str, width: int, line: int) -> bool:
    """Whether a cell over several lines may hold whole rows: a quotation mark too much does so.

    Raises:
        TableError: it certainly does; people would be missing.
    """
    for at, cell in enumerate(cells):
        first, *within = cell.splitlines() or [""]
        if width < 2 or not within:
            continue
        *whole, last = (piece.count(separator) for piece in within)
        has_row = width - 1 in whole
        is_cut = at + first.count(separator) == width - 1 and last == at
        if (has_row and width > 2) or (is_cut and width > _NARROW):
            raise TableError(
                _("is not CSV: a quotation mark in this row takes in the next ones"),
                line,
                _("remove it, or double it"),
            )
        if has_row or is_cut:
            return True
    return False


def _number_of_cells(count: int, needed: int) -> str:
    return _(
        "nothing certain: the row has {found} instead of {needed} cells",
        found=count,
        needed=needed,
    )


def _stripped(cell: str) -> str:
    """The cell without blanks around it, but for one before quotation marks, which are then no
    quotation marks of CSV."""
    if cell[:1].isspace() and cell.lstrip()[:1] == '"':
        return cell.rstrip()
    cell = cell.strip()
    if cell[:2] == '="' and (kept := _KEPT.fullmatch(cell)):
        cell = kept[1].strip()
    return cell.replace("\r\n", "\n").replace("\r", "\n") if "\r" in cell else cell


def _cell(text: str, encoding: Encoding) -> Cell:
    if text[:1].isspace():
        return Cell("", fault=_QUOTED)
    if "\\" in text and ('\\"' in text or text[-1] == "\\"):
        return Cell("", fault=_ESCAPED)
    if not text.isascii() and encoding.doubtful and encoding.is_doubtful(text):
        return Cell("", fault=_DOUBTFUL)
    return text_cell(text)


def _shown(separator: str) -> str:
    return _SHOWN.get(separator, separator)


class _Lines:
    """The lines of a file, as many as one row may go over: quotes may hold ends of lines."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self.characters = 0

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        """The next line.

        Raises:
            TableError: the row that it belongs to is too long.
        """
        line = next(self._lines)
        self.characters += len(line)
        if self.characters > LONGEST_LINE:
            most = Decimal(LONGEST_LINE)
            raise TableError(_("the row has more than {most} characters", most=most))
        return line
