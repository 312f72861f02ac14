"""A file with recipients: what kind of file it is, its rows, and how each is known again."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING, Self

from serienpost import Problem, SelectionError, SourceError, Texts, joined, nearest_path
from serienpost_source_table.file_kinds import name_kind, shown_kind
from serienpost_source_table.sheet_table import SheetTable
from serienpost_source_table.table import Line, Reading, TableError, legible
from serienpost_source_table.textfile import TextTable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Iterator
    from pathlib import Path

    from serienpost import Context
    from serienpost_source_table.selection import TableSelection
    from serienpost_source_table.table import Table

_ = Texts(__name__)

# A row without an id in the practice is called `table:HASH-ROW`: 16 digits of the file's SHA-256
# and the number of the row; with a key of the list `table:HASH`, 16 digits of the SHA-256 of the
# key's header and the key, which may say who it is: the same in every file with this header. By
# that id and the selection it is found again before it is written to.
KIND = "table"
_DIGITS = 16


@dataclass(frozen=True, slots=True)
class TableFile:
    """A file with a header."""

    path: Path
    name: str
    key: str | None = None
    reading: Reading = field(default_factory=Reading)

    @classmethod
    def of(cls, context: Context, selected: TableSelection) -> Self:
        """The file of a selection."""
        path = context.path(selected.file)
        return cls(path, selected.file, selected.key, selected.reading())

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
        rows: dict[Hashable, int] = {}
        column = legible(self.key)
        for line in self.lines():
            key, fault = line.values[self.key].text, line.values[self.key].fault
            first = rows.setdefault((key, occasion(line)), line.number)
            if fault:
                text = _("the key in the column '{column}' is not certain", column=column)
                hint = _("write it into the cell itself, as text")
            elif not key:
                text = _("the row has no key in the column '{column}'", column=column)
                hint = _("enter one")
            elif first != line.number:
                text = _(
                    "the row has the same key as row {row} in the column '{column}'",
                    row=first,
                    column=column,
                )
                hint = _("give each row its own, or name another column under key:")
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
            raise self._of(error) from None

    def header(self) -> list[str]:
        """The headers.

        Raises:
            SourceError: the file cannot be read, or it is not certain how.
        """
        try:
            return self._table().header()
        except (TableError, OSError) as error:
            raise self._of(error) from None

    def lines(self) -> Iterator[Line]:
        """Each row under the header that a person sees and that is not empty.

        Raises:
            SourceError: the file cannot be read, or it is not certain how.
        """
        try:
            yield from self._table().lines()
        except (TableError, OSError) as error:
            raise self._of(error) from None

    def notes(self) -> list[str]:
        """What was read of the file and what was left out, in sentences.

        Raises:
            SourceError: the file cannot be read, or it is not certain how.
        """
        try:
            return [joined(": ", (self.name, note)) for note in self._table().notes()]
        except (TableError, OSError) as error:
            raise self._of(error) from None

    def row_with(self, headers: Collection[str]) -> int | None:
        """The number of one of the first rows that holds all these texts, where there is one."""
        try:
            return self._table().row_with(headers)
        except (TableError, OSError):
            return None

    def _table(self) -> Table:
        """The file as what its name and its first bytes say that it is.

        Raises:
            TableError: it is no table that can be read here.
            SourceError: there is no such file, or it cannot be read.
        """
        if not self.path.is_file():
            near = nearest_path(self.path)
            hint = _("did you mean {file}?", file=self._as_named(near)) if near else None
            raise self._refused(_("there is no such file"), hint=hint)
        named, shown = name_kind(self.path), shown_kind(self.path)
        if shown.message:
            raise TableError(shown.message, hint=shown.hint)
        if named is None:
            raise TableError(_("is neither .csv nor .xlsx"), hint=_("save it as one of them"))
        reading, is_book = self.reading, named == "xlsx"
        needless = ("encoding", "separator") if is_book else ("sheet",)
        for key in needless:
            if getattr(reading, key):
                needless_here = (
                    _("{key}: says nothing of an XLSX file", key=key)
                    if is_book
                    else _("{key}: says nothing of a CSV file", key=key)
                )
                raise TableError(needless_here, hint=_("leave it out"))
        if is_book:
            return SheetTable(self.path, self.digest(), self.reading)
        return TextTable(self.path, self.digest(), self.reading)

    def _as_named(self, path: Path) -> str:
        """A path beside the file's, from where the file's name starts."""
        named = PurePath(self.name)
        if named.is_absolute():
            return str(path)
        return str(path.relative_to(path.parents[len(named.parts) - 1]))

    def _of(self, error: TableError | OSError) -> SourceError:
        if isinstance(error, TableError):
            return self._refused(error.message, error.line, error.hint)
        why = error.strerror or type(error).__name__
        return self._refused(_("cannot be read: {why}", why=why))

    def _refused(
        self, message: str, line: int | None = None, hint: str | None = None
    ) -> SourceError:
        return SourceError(Problem(message, hint, file=self.name, line=line))


def row_id(digest: str, number: int | str) -> str:
    """The id of a row of the file with this hash."""
    return f"{KIND}:{digest[:_DIGITS]}-{number}"
