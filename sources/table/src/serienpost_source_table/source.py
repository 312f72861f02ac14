"""The source `table`."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from serienpost import (
    CATALOGUE,
    CurrentState,
    Problem,
    Row,
    SelectionError,
    Sensitivity,
    Texts,
    did_you_mean,
)
from serienpost_practice_db.mapping import completed
from serienpost_source_table.check import remember
from serienpost_source_table.files import KIND, TableFile
from serienpost_source_table.row_values import RowValues
from serienpost_source_table.selection import TableSelection
from serienpost_source_table.table import legible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from serienpost import Context, FieldValue, Occasion, RowRef, RowRequest
    from serienpost_practice_db.database import PracticeDb
    from serienpost_source_table.table import Line

_ = Texts(__name__)

_VANISHED = CurrentState(("vanished", _("The person is no longer in the master data.")))
_CHANGED = CurrentState(("file_changed", _("The file was changed or removed.")))
_MOVED = CurrentState(("moved", _("The appointment is no longer in the file as it was.")))
# Headers under which people say yes.
_CONSENT = re.compile(r"einwillig|zustimm|erlaub|consent|opt.?in|darf|kontakt", re.IGNORECASE)
_PLAIN_YAML = re.compile(r"[^\W\d][\w .-]*\w\.?")
# What may be wrong where a header is missing that no other resembles; with one column alone it is
# the separator.
_ELSEWHERE = {
    False: _("header_row: under select names the row with the headers"),
    True: _("separator: under select names the sign between the columns"),
}
_PERSONS = ("patient", "interessent")


class TableSource:
    """The rows of a file, in its order. Rows with an id are people of the practice."""

    name = "table"
    title = _("Rows of a CSV or XLSX file")
    selection = TableSelection

    def offers(self, context: Context, selection: TableSelection) -> Mapping[str, str | None]:
        """The fields that columns give; with ids, those of the master data too."""
        header = _checked_header(selection, _opened(context, selection))
        given = selection.fields()
        given = dict.fromkeys(completed(set(given))) | given
        id_ = selection.id_header()
        if id_ not in header:
            return given
        if context.settings("database") is None:
            text = _(
                "the header '{header}' names people of the practice's database, and there is none",
                header=legible(id_ or ""),
            )
            hint = _(
                "for the list's own numbers write key: {header} under select;"
                " for people of the practice name database: in serienpost.yaml",
                header=id_ or "",
            )
            raise SelectionError(Problem(text, hint, selection.file, 1))
        from serienpost_practice_db.database import PracticeDb

        return given | PracticeDb.of(context).schema.offers(selection.person)

    def advice(self, context: Context, selection: TableSelection) -> Sequence[str]:
        """Say that nobody without an id may be written to where no column holds a yes."""
        if selection.consent_column:
            return []
        header = _opened(context, selection).header()
        if selection.id_header() in header:
            return []
        asked = (name for name in header if _CONSENT.search(name) and name not in selection.columns)
        column = next(asked, None)
        if column:
            note = _(
                "no column says who allowed it, so only people in a register of consents get "
                "anything; where the file has such a column, write under select: "
                "consent_column: {column}",
                column=_written(column),
            )
        else:
            note = _(
                "no column says who allowed it, so only people in a register of consents get "
                "anything; where the file has such a column, write under select: "
                "consent_column: HEADER; the file has {headers}",
                headers=header,
            )
        return [note]

    def what_is_read(self, context: Context, selection: TableSelection) -> Sequence[str]:
        """The sheet or the encoding of the file, and what of it is hidden and left out."""
        return _opened(context, selection).notes()

    def way_to(self, context: Context, selection: TableSelection, name: str) -> str | None:
        """The line under `columns:` that gives a column of the file this name."""
        wanted = _plain_name(name)
        header = next(
            (h for h in _opened(context, selection).header() if _plain_name(h) == wanted), None
        )
        given = selection.columns.get(header) if header else None
        if header is None or (given and given.field == wanted) or not wanted.isidentifier():
            return None
        field = CATALOGUE.get(wanted)
        if field is None:
            line = f"{_written(header)}: {{field: {wanted}, class: plain}}"
            return _("add under columns: {line}", line=line)
        if field.sensitivity >= Sensitivity.PROTECTED:
            return None
        return _("add under columns: {line}", line=f"{_written(header)}: {wanted}")

    def is_relative(self, selection: TableSelection) -> bool:  # noqa: ARG002
        """A file says the same on every day."""
        return False

    def purpose_problem(
        self,
        context: Context,  # noqa: ARG002
        selection: TableSelection,
        purpose: str,
    ) -> Problem | None:
        """A yes in a column of a file covers the purposes that the selection names for it."""
        if selection.consent_column is None or purpose in selection.column_purposes:
            return None
        column = _written(selection.consent_column)
        return Problem(
            _(
                "a yes in the column {column} does not cover the purpose {purpose}",
                column=column,
                purpose=purpose,
            ),
            _(
                "if these people agreed to just that, write under select: column_purposes: "
                "[{purpose}]; else leave consent_column out, and only people in a register of "
                "consents get it",
                purpose=purpose,
            ),
        )

    def unstable_ids(self, context: Context, selection: TableSelection) -> str | None:
        """A row that has neither an id of the master data nor a key of the list is known by its
        place in the file, which changes with every line that is added.

        Raises:
            SelectionError: a row lacks the key, or has that of another.
        """
        file = _opened(context, selection)
        header = _checked_header(selection, file)
        if selection.key:
            file.refuse_bad_keys(RowValues.of(selection, context.zone).occasion)
            return None
        id_ = selection.id_header()
        if id_ and id_ in header and all(line.values[id_].text for line in file.lines()):
            return None
        return _("add the line key: HEADER to select, naming the column with the list's own number")

    def rows(
        self, context: Context, selection: TableSelection, request: RowRequest
    ) -> Iterator[Sequence[Row]]:
        """Read the file from top to bottom; a person whose id stands there twice comes once, with
        appointments once for each.

        Raises:
            SourceError: the file cannot be read, or an order is asked for.
        """
        if request.order_by:
            raise SelectionError(
                _("the rows of a file cannot be ordered"), hint=_("remove order_by")
            )
        file = _opened(context, selection)
        _checked_header(selection, file)
        values = RowValues.of(selection, context.zone)
        file.refuse_bad_keys(values.occasion)
        digest = file.digest()
        seen: set[tuple[str, Occasion | None]] = set()
        batch: list[tuple[str, Line]] = []
        for line in file.lines():
            id_ = _person_id(selection, line) or file.row_id(digest, line)
            about = (id_, values.occasion(line))
            if about in seen:
                continue
            seen.add(about)
            batch.append((id_, line))
            if len(batch) == request.batch:
                yield from _read(context, selection, batch, request)
                batch = []
        if batch:
            yield from _read(context, selection, batch, request)

    def current(
        self,
        context: Context,
        selection: TableSelection,
        rows: Sequence[RowRef],
        request: RowRequest,
    ) -> Sequence[CurrentState]:
        """Read people of the practice by id, the others from the file if it is the same still;
        appointments, and what the file alone says of people of the practice, from the file too."""
        ids = [row.person_id for row in rows]
        people = _people(context, [id_ for id_ in ids if not id_.startswith(f"{KIND}:")], request)
        file, values = _opened(context, selection), RowValues.of(selection, context.zone)
        _digest, lines = file.find(ids)
        if lines:
            _checked_header(selection, file)
        lacking = {name for one in people.values() for name in request.fields - one.fields.keys()}
        if people and values.has(lacking):
            for line in file.lines():
                id_ = _person_id(selection, line)
                if id_ in people:
                    lines.setdefault(id_, []).append(line)

        def state(row: RowRef) -> CurrentState:
            person, is_listed = people.get(row.person_id), row.person_id.startswith(f"{KIND}:")
            if person is None and not is_listed:
                return _VANISHED
            mine = lines.get(row.person_id, ())
            line = next((one for one in mine if _is_about(values.occasion(one), row)), None)
            if line is None and (is_listed or row.occasion_id):
                gone = _MOVED if mine or person else _CHANGED
                return replace(gone, fields=person.fields) if person else gone
            fields, fault = _fields(line, person, values, request)
            return CurrentState(fault, fields, person.consenting_id if person else None)

        return [state(row) for row in rows]


def _written(header: str) -> str:
    """A header as it may stand in a YAML file."""
    return header if _PLAIN_YAML.fullmatch(header) else json.dumps(header, ensure_ascii=False)


def _plain_name(name: str) -> str:
    return re.sub(r"\W", "_", name.casefold())


def _read(
    context: Context,
    selected: TableSelection,
    batch: Sequence[tuple[str, Line]],
    request: RowRequest,
) -> Iterator[list[Row]]:
    ids = [id_ for id_, _line in batch if not id_.startswith(f"{KIND}:")]
    people = _people(context, ids, request)
    values = RowValues.of(selected, context.zone)
    rows = []
    for id_, line in batch:
        person = people.get(id_)
        occasion, place = values.occasion(line), _place(selected, line)
        if person is None and not id_.startswith(f"{KIND}:"):
            lacking = dict.fromkeys(request.fields)
            gone = _VANISHED.gone
            rows.append(Row(id_, lacking, occasion, unreachable=gone, place=place))
            continue
        fields, fault = _fields(line, person, values, request)
        row = person or Row(id_, {})
        why = row.unreachable or _unreadable_id(selected, line) or fault
        rows.append(row._replace(fields=fields, occasion=occasion, unreachable=why, place=place))
    yield rows


def _place(selected: TableSelection, line: Line) -> str:
    """Where a row stands, as people look for it."""
    if selected.sheet:
        return _(
            "{file}, sheet {sheet}, row {row}",
            file=selected.file,
            sheet=selected.sheet,
            row=line.number,
        )
    return _("{file}, row {row}", file=selected.file, row=line.number)


def _fields(
    line: Line | None, person: Row | None, values: RowValues, request: RowRequest
) -> tuple[dict[str, FieldValue], tuple[str, str] | None]:
    """The fields that were asked for, and why they cannot be used; what the practice keeps of a
    person goes before what the file says."""
    known = person.fields if person else {}
    own, fault = values.read(line, request.fields - known.keys()) if line else ({}, None)
    return {**dict.fromkeys(request.fields), **own, **known}, fault


def _is_about(occasion: Occasion | None, row: RowRef) -> bool:
    return (occasion.id if occasion else None) == row.occasion_id


def _people(context: Context, ids: Sequence[str], request: RowRequest) -> dict[str, Row]:
    return _database(context).people(ids, request) if ids else {}


def _database(context: Context) -> PracticeDb:
    from serienpost_practice_db.database import PracticeDb

    return PracticeDb.of(context)


def _person_id(selected: TableSelection, line: Line) -> str | None:
    header = selected.id_header()
    written = line.values[header].text if header in line.values else ""
    if not written:
        return None
    kind, colon, _key = written.partition(":")
    if not colon:
        return f"{selected.person}:{written}"
    if kind in _PERSONS:
        return written
    return None if kind == KIND else f"{selected.person}:{written}"


def _unreadable_id(selected: TableSelection, line: Line) -> tuple[str, str] | None:
    """Why it cannot be told whether the row is a person of the practice: it is no stranger then."""
    cell = line.values.get(selected.id_header() or "")
    if cell is None or cell.fault is None:
        return None
    column = selected.id_header() or ""
    said = _("The column “{column}” holds {found}.", column=column, found=cell.fault)
    return "unreadable", said


def _opened(context: Context, selected: TableSelection) -> TableFile:
    remember(context, selected)
    return TableFile.of(context, selected)


def _checked_header(selected: TableSelection, file: TableFile) -> list[str]:
    header = file.header()
    named = (selected.consent_column, selected.id, selected.key)
    wanted = [*selected.columns, *(name for name in named if name)]
    missing = [name for name in wanted if name not in header]
    if missing:
        elsewhere = file.row_with(wanted)
        if elsewhere:
            hint: str | None = _("write under select header_row: {row}", row=elsewhere)
        else:
            hint = did_you_mean(missing[0], header) or _ELSEWHERE[len(header) == 1]
        lacking = _("has no header '{header}'", header=legible(missing[0]))
        raise SelectionError(Problem(lacking, hint, selected.file, 1))
    return header
