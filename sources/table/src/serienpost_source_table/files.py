"""Reads the rows of CSV and XLSX files."""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import PurePath
from typing import IO, TYPE_CHECKING, Any, Self

from serienpost import Problem, SelectionError, SourceError, nearest_path
from serienpost_source_table.cells import Cell
from serienpost_source_table.limits import (
    MOST_CELLS,
    MOST_ROWS,
    TooLargeError,
    refuse_too_large,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Hashable, Iterable, Iterator
    from pathlib import Path

    from serienpost import Context
    from serienpost_source_table.selection import TableSelection

# A row without an id in the practice is called `table:HASH-ROW`: 16 digits of the file's SHA-256
# and the number of the row; with a key of the list `table:HASH`, 16 digits of the SHA-256 of the
# key's header and the key, which may say who it is: the same in every file with this header. By
# that id and the selection it is found again before it is written to.
KIND = "table"
_DIGITS = 16
_SAMPLE = 64 * 1024
_DELIMITERS = ";,\t|"
_ENCODINGS = ("utf-8-sig", "cp1252")
_LARGEST_CELL = 100_000
# Characters of a cell that are read at all, so that a larger one can be named.
_LARGEST_READ = 10_000_000


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the file: its number, as people count (the header is 1), and its values."""

    number: int
    values: dict[str, Cell]


@dataclass(frozen=True, slots=True)
class TableFile:
    """A file with a header."""

    path: Path
    name: str
    sheet: str | None = None
    key: str | None = None

    @classmethod
    def of(cls, context: Context, selected: TableSelection) -> Self:
        """The file of a selection."""
        return cls(context.path(selected.file), selected.file, selected.sheet, selected.key)

    def find(self, row_ids: Collection[str]) -> tuple[str, dict[str, list[Line]]]:
        """The file's hash, and its rows by their ids; without a key a changed file has none, with
        one several appointments of a person may have the same.

        Raises:
            SourceError: the file is not there, or cannot be read.
        """
        own = {id_ for id_ in row_ids if id_.startswith(f"{KIND}:")}
        digest = self.digest() if own else ""
        wanted = own if self.key else {id_ for id_ in own if id_.startswith(row_id(digest, ""))}
        found: dict[str, list[Line]] = {}
        for line in self.lines() if wanted else ():
            for id_ in wanted.intersection(self._ids(digest, line)):
                found.setdefault(id_, []).append(line)
                if not self.key and len(found) == len(wanted):
                    break
        return digest, found

    def row_id(self, digest: str, line: Line) -> str:
        """The id of a row: of its key where the list has one, else of its place in this file."""
        if self.key is None:
            return row_id(digest, line.number)
        return self._keyed(self.key, line)

    def _keyed(self, space: str, line: Line) -> str:
        named = f"{space}\x1f{line.values[str(self.key)].text}".encode()
        return f"{KIND}:{hashlib.sha256(named).hexdigest()[:_DIGITS]}"

    def _ids(self, digest: str, line: Line) -> tuple[str, ...]:
        """The id of a row, and that by which runs of an earlier serienpost know it, which took the
        file's name for part of the key."""
        own = self.row_id(digest, line)
        return (own, self._keyed(self.name, line)) if self.key else (own,)

    def refuse_bad_keys(self, occasion: Callable[[Line], Hashable]) -> None:
        """Make sure that the key tells rows apart, with what `occasion` says they are about.

        Raises:
            SelectionError: a row has none, or the same as another, with its line.
            SourceError: the file cannot be read.
        """
        if self.key is None:
            return
        seen: dict[Hashable, int] = {}
        for line in self.lines():
            key = line.values[self.key].text
            first = seen.setdefault((key, occasion(line)), line.number)
            if not key:
                text, hint = f"the row has no key in the column {self.key!r}", "enter one"
            elif first != line.number:
                text = f"the row has the same key as row {first} in the column {self.key!r}"
                hint = "give each row its own, or name another column under key:"
            else:
                continue
            raise SelectionError(Problem(text, hint, file=self.name, line=line.number))

    def digest(self) -> str:
        """SHA-256 of the file in hexadecimal.

        Raises:
            SourceError: it cannot be read.
        """
        try:
            with self.path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise self._refused(f"cannot be read: {error.strerror}") from None

    def header(self) -> list[str]:
        """The headers."""
        with closing(self._records()) as records:
            return self._header(records)

    def lines(self) -> Iterator[Line]:
        """Each row under the header that is not empty.

        Raises:
            SourceError: the file cannot be read, or a row has too few or too many cells.
        """
        with closing(self._records()) as records:
            header = self._header(records)
            for number, cells in records:
                if any(cell.text for cell in cells):
                    yield Line(number, self._row(header, number, cells))

    def _header(self, records: Iterable[tuple[int, list[Cell]]]) -> list[str]:
        for _, cells in records:
            names = [cell.text for cell in cells]
            while names and not names[-1]:
                names.pop()
            twice = sorted(name for name, count in Counter(names).items() if count > 1)
            if twice:
                raise self._refused(f"the header {twice[0]!r} stands there twice", 1)
            if names:
                return names
        raise self._refused("holds no header")

    def _row(self, header: list[str], number: int, cells: list[Cell]) -> dict[str, Cell]:
        count = len(cells)
        while count > len(header) and not cells[count - 1].text:
            count -= 1
        if count != len(header):
            message = f"the row has {count} cells, the header {len(header)}"
            raise self._refused(message, number)
        return dict(zip(header, cells[:count], strict=True))

    def _records(self) -> Generator[tuple[int, list[Cell]], None, None]:
        with closing(self._cells()) as records:
            for number, cells in records:
                lengths = [len(cell.text) for cell in cells]
                if max(lengths, default=0) > _LARGEST_CELL:
                    column = lengths.index(max(lengths)) + 1
                    message = (
                        f"the cell in column {column} has more than {_LARGEST_CELL} characters"
                    )
                    raise self._refused(message, number)
                yield number, cells

    def _cells(self) -> Generator[tuple[int, list[Cell]], None, None]:
        suffix = self.path.suffix.lower()
        if not self.path.is_file():
            near = nearest_path(self.path)
            hint = f"did you mean {self._as_named(near)}?" if near else None
            raise self._refused("there is no such file", hint=hint)
        if suffix == ".csv":
            return self._of_csv()
        if suffix == ".xlsx":
            return self._of_xlsx()
        raise self._refused("is neither .csv nor .xlsx")

    def _as_named(self, path: Path) -> str:
        """A path beside the file's, from where the file's name starts."""
        named = PurePath(self.name)
        if named.is_absolute():
            return str(path)
        return str(path.relative_to(path.parents[len(named.parts) - 1]))

    def _of_csv(self) -> Generator[tuple[int, list[Cell]], None, None]:
        encoding = self._encoding()
        try:
            with self.path.open(encoding=encoding, newline="") as file:
                for number, cells in self._numbered(file):
                    yield number, [Cell(cell.strip()) for cell in cells]
        except csv.Error as error:
            raise self._refused(f"is not CSV: {error}") from None
        except OSError as error:
            raise self._refused(f"cannot be read: {error.strerror}") from None

    def _numbered(self, file: IO[str]) -> Generator[tuple[int, list[str]], None, None]:
        first = file.readline()
        file.seek(0)
        delimiter = max(_DELIMITERS, key=first.count)
        csv.field_size_limit(max(csv.field_size_limit(), _LARGEST_READ))  # there is one for all
        record = _Record(file)
        reader = csv.reader(record, delimiter=delimiter, strict=True)
        start = 1
        try:
            for cells in reader:
                yield start, cells
                record.characters = 0
                start = reader.line_num + 1
        except TooLargeError as error:
            raise self._refused(str(error), start) from None

    def _encoding(self) -> str:
        """UTF-8 if the whole file is, else CP1252 unless it cannot be that."""
        problem = 0
        for encoding in _ENCODINGS:
            number = 1
            try:
                with self.path.open("rb") as file:
                    while line := file.readline(_LARGEST_READ):
                        if len(line) == _LARGEST_READ:
                            raise self._refused("the line is too long", number)
                        line.decode(encoding)
                        number += 1
            except UnicodeDecodeError:
                problem = number
                continue
            except OSError as error:
                raise self._refused(f"cannot be read: {error.strerror}") from None
            if encoding == "utf-8-sig" or self._looks_german():
                return encoding
            problem = problem or 1
        raise self._refused("holds a byte that is neither UTF-8 nor Windows-1252", problem)

    def _looks_german(self) -> bool:
        """Whether the bytes beyond ASCII read as Windows-1252, and not as binary data."""
        from charset_normalizer import from_bytes

        with self.path.open("rb") as file:
            sample = file.read(_SAMPLE)
        return from_bytes(sample, cp_isolation=["cp1252"]).best() is not None

    def _of_xlsx(self) -> Generator[tuple[int, list[Cell]], None, None]:
        from zipfile import BadZipFile

        from openpyxl import load_workbook  # type: ignore[import-untyped]
        from openpyxl.utils.exceptions import (  # type: ignore[import-untyped]
            InvalidFileException,
        )

        try:
            refuse_too_large(self.path)
            book = load_workbook(self.path, read_only=True, data_only=True, keep_links=False)
            try:
                sheet = self._sheet(book)
                with closing(sheet.iter_rows(values_only=True)) as rows:
                    for number, cells in _within_limits(rows):
                        yield number, [_as_cell(cell) for cell in cells]
            finally:
                book.close()
        except TooLargeError as error:
            raise self._refused(str(error), hint="save the rows that are needed as CSV") from None
        except SourceError:
            raise
        except (BadZipFile, InvalidFileException, KeyError, ValueError, OSError, EOFError) as error:
            raise self._refused(f"is no readable XLSX file ({type(error).__name__})") from None
        except Exception as error:
            if type(error).__name__ not in {"ParseError", "XMLSyntaxError", "error"}:
                raise
            raise self._refused("is no readable XLSX file") from None

    def _sheet(self, book: Any) -> Any:  # noqa: ANN401
        if self.sheet is None:
            return book.worksheets[0]
        if self.sheet not in book.sheetnames:
            raise self._refused(f"has no sheet {self.sheet!r}")
        return book[self.sheet]

    def _refused(
        self, message: str, line: int | None = None, hint: str | None = None
    ) -> SourceError:
        return SourceError(Problem(message, hint, file=self.name, line=line))


class _Record:
    """The lines of a file, as many as one row may go over: quotes may hold ends of lines."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self.characters = 0

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        """The next line.

        Raises:
            TooLargeError: the row that it belongs to is too long.
        """
        line = next(self._file)
        self.characters += len(line)
        if self.characters > _LARGEST_READ:
            raise TooLargeError(f"the row has more than {_LARGEST_READ:,} characters")
        return line


def _within_limits(
    rows: Iterable[tuple[object, ...]],
) -> Iterator[tuple[int, tuple[object, ...]]]:
    """The rows with their numbers, without empty cells at their ends, which cost time too.

    Raises:
        TooLargeError: there are too many rows or cells.
    """
    cells = 0
    for number, row in enumerate(rows, start=1):
        cells += len(row)
        if number > MOST_ROWS or cells > MOST_CELLS:
            raise TooLargeError(f"has more than {MOST_ROWS:,} rows or {MOST_CELLS:,} cells")
        width = len(row)
        while width and row[width - 1] is None:
            width -= 1
        yield number, row[:width]


def row_id(digest: str, number: int | str) -> str:
    """The id of a row of the file with this hash."""
    return f"{KIND}:{digest[:_DIGITS]}-{number}"


def _as_cell(cell: object) -> Cell:
    """A cell with what the file says it is: a date, a time, a yes or no, a number."""
    from datetime import date, time
    from decimal import Decimal

    value: Any = Decimal(str(cell)) if type(cell) in {int, float} else cell
    known = value if isinstance(value, bool | date | time | Decimal) else None
    return Cell(_as_text(cell).strip(), known)


def _as_text(cell: object) -> str:
    """What a person sees in the cell: whole numbers without a point, dates as year-month-day."""
    from datetime import date, datetime, time

    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "ja" if cell else "nein"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime) and cell.time() == time():
        return cell.date().isoformat()
    if isinstance(cell, date | time):
        return cell.isoformat()
    return str(cell)
