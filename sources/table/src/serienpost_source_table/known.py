"""The files that this practice's mailings have named, by what a row id says of them.

A row without an id in the practice is called `table:HASH-ROW`: 16 digits of the file's SHA-256 and
the number of the row. Before a message leaves, file and row are found again by that id alone.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from serienpost_source_table.files import Line, TableFile

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from serienpost import Context
    from serienpost_source_table.selection import TableSelection

KIND = "table"
_DIGITS = 16


@dataclass(slots=True)
class Known:
    """Selections whose files were looked at, by the first digits of the files' hashes."""

    selections: dict[str, dict[str, TableSelection]] = field(default_factory=dict)

    @classmethod
    def of(cls, context: Context) -> Known:
        """Those of this practice since it was opened."""
        return context.shared("serienpost-source-table", _nothing_yet)

    def remember(self, context: Context, selected: TableSelection) -> str:
        """Note what a selection says of its file; returns the file's hash."""
        digest = opened(context, selected).digest()
        same = self.selections.setdefault(digest[:_DIGITS], {})
        same[selected.model_dump_json()] = selected
        return digest

    def lines(
        self, context: Context, person_ids: Collection[str]
    ) -> dict[str, tuple[str, TableSelection, Line]]:
        """Rows by their id, each with the file's hash; changed files have none."""
        wanted: dict[str, dict[int, str]] = {}
        for id_ in person_ids:
            start, _, number = id_.removeprefix(f"{KIND}:").rpartition("-")
            if id_.startswith(f"{KIND}:") and number.isascii() and number.isdigit():
                wanted.setdefault(start, {})[int(number)] = id_
        found = {}
        for start, numbers in wanted.items():
            for selected in self.selections.get(start, {}).values():
                file = opened(context, selected)
                digest = file.digest() if file.path.is_file() else ""
                if not digest.startswith(start):
                    continue
                for line in _up_to(file, max(numbers)):
                    if line.number in numbers:
                        found[numbers[line.number]] = (digest, selected, line)
        return found


def row_id(digest: str, number: int) -> str:
    """The id of a row."""
    return f"{KIND}:{digest[:_DIGITS]}-{number}"


def opened(context: Context, selected: TableSelection) -> TableFile:
    """The file of a selection."""
    return TableFile(context.path(selected.file), selected.file, selected.sheet)


def _up_to(file: TableFile, last: int) -> Iterator[Line]:
    for line in file.lines():
        if line.number > last:
            return
        yield line


@contextmanager
def _nothing_yet() -> Iterator[Known]:
    yield Known()
