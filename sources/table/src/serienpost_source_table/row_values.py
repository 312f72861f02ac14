"""What a line of the file gives: values of fields, each of its type, and the appointment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from serienpost import Occasion, Texts, Unreadable, known_field, read_value
from serienpost_source_table.selection import BEGIN, ID

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from zoneinfo import ZoneInfo

    from serienpost import FieldType, FieldValue
    from serienpost_source_table.cells import Cell
    from serienpost_source_table.selection import TableSelection
    from serienpost_source_table.table import Line

_ = Texts(__name__)

_ANY_DAY = date(2000, 1, 1)

_INTO_THE_CELL = _("write the value itself into the cell")

# Why nobody can be written to, as (code, sentence).
Fault = tuple[str, str]


class Column(NamedTuple):
    """Where the value of a field stands: under one header, or a day and a time under two."""

    field: str
    type: FieldType
    headers: tuple[str, ...]

    def sentence(self, why: Unreadable) -> str:
        """Why a line has no value of the field."""
        if len(self.headers) == 1:
            return _(
                "The column “{column}” holds {found}; {remedy}.",
                column=self.headers[0],
                found=why.found,
                remedy=why.remedy,
            )
        return _(
            "The columns “{first}” and “{second}” hold {found}; {remedy}.",
            first=self.headers[0],
            second=self.headers[1],
            found=why.found,
            remedy=why.remedy,
        )


@dataclass(frozen=True, slots=True)
class RowValues:
    """Reads the lines of one selection. What a person sees in a cell is what is used: a cell that
    is no value of its field's type makes the line's person unreachable."""

    columns: Mapping[str, Column]
    zone: ZoneInfo

    @classmethod
    def of(cls, selected: TableSelection, zone: ZoneInfo) -> RowValues:
        """The columns of a selection, by their fields."""
        columns: dict[str, Column] = {}
        for header, model in selected.columns.items():
            name = model.field
            before = columns[name].headers if name in columns else ()
            columns[name] = Column(name, known_field(name).type, (*before, header))
        columns.pop(ID, None)
        return cls(columns, zone)

    def has(self, wanted: Collection[str]) -> bool:
        """Whether the lines are about appointments, or give one of these fields."""
        return BEGIN in self.columns or not self.columns.keys().isdisjoint(wanted)

    def read(
        self, line: Line, wanted: Collection[str]
    ) -> tuple[dict[str, FieldValue], Fault | None]:
        """The fields that have a column, and why they cannot be used, where one cannot be read.

        Args:
            line: of the file.
            wanted: names of fields; the begin of an appointment is looked at in any case.
        """
        fields: dict[str, FieldValue] = {}
        fault: Fault | None = None
        for name, column in self.columns.items():
            if name not in wanted and name != BEGIN:
                continue
            value = self._value(column, line)
            if isinstance(value, Unreadable):
                fault = fault or ("unreadable", column.sentence(value))
                value = None
            if name in wanted:
                fields[name] = value
        return fields, fault

    def occasion(self, line: Line) -> Occasion | None:
        """The appointment of a line: after its begin nobody is reminded of it. One whose begin
        cannot be read is known by its line."""
        column = self.columns.get(BEGIN)
        begin = self._value(column, line) if column else None
        if isinstance(begin, datetime):
            return Occasion(f"termin:{begin.astimezone(UTC):%Y%m%dT%H%MZ}", begin, begin)
        return None if begin is None else Occasion(f"zeile:{line.number}")

    def _value(self, column: Column, line: Line) -> FieldValue | Unreadable:
        cells = [line.values[header] for header in column.headers]
        fault = next((cell.fault for cell in cells if cell.fault), None)
        if fault:
            return Unreadable(fault, _INTO_THE_CELL)
        if column.type == "text":
            return cells[0].text or None
        found = [
            read_value(column.type, given, self.zone) for given in _ways_to_take(cells, column.type)
        ]
        return next((value for value in found if not isinstance(value, Unreadable)), found[0])


def _ways_to_take(cells: Sequence[Cell], type_: FieldType) -> Iterator[object]:
    """What is read: the one cell, or a day and a time in whatever order they stand."""
    if len(cells) == 1:
        yield _given(cells[0], type_)
        return
    parts = [str(_given(cell, type_)) for cell in cells if cell.text]
    yield " ".join(parts)
    yield " ".join(reversed(parts))


def _given(cell: Cell, type_: FieldType) -> object:
    """What the file says the cell is, else its text. A moment at midnight is a day; a number is one
    for numbers alone: `9,25` is no time, `100%` no yes."""
    own = cell.value
    if isinstance(own, Decimal) and type_ != "integer":
        return cell.text
    if isinstance(own, datetime):
        moment = _to_second(own)
        return moment.date() if moment.time() == time() else moment.isoformat()
    if isinstance(own, time):
        return _to_second(datetime.combine(_ANY_DAY, own)).time()
    return cell.text if own is None else own


def _to_second(moment: datetime) -> datetime:
    """As it is shown: spreadsheets keep times as fractions of a day."""
    return (moment + timedelta(milliseconds=500)).replace(microsecond=0)
