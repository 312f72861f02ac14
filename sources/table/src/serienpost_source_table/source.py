"""The source `table`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from serienpost import CurrentState, Problem, Row, SourceError
from serienpost_practice_db.mapping import completed
from serienpost_source_table.known import KIND, Known, opened, row_id
from serienpost_source_table.selection import TableSelection

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pydantic import BaseModel

    from serienpost import Context, FieldValue, RowRef, RowRequest
    from serienpost_practice_db.database import PracticeDb
    from serienpost_source_table.files import Line

_VANISHED = CurrentState(("vanished", "Die Person steht nicht mehr in den Stammdaten."))
_CHANGED = CurrentState(("file_changed", "Die Datei wurde geändert oder entfernt."))
_PERSONS = ("patient", "interessent")


class TableSource:
    """The rows of a file, in its order. Rows with an id are people of the practice."""

    name = "table"
    title = "Rows of a CSV or XLSX file"
    selection = TableSelection

    def offers(self, context: Context, selection: BaseModel) -> Mapping[str, str | None]:
        """The fields that columns give; with ids, those of the master data too."""
        selected = _checked(selection)
        header = _checked_header(context, selected)
        Known.of(context).remember(context, selected)
        given = selected.fields()
        given = dict.fromkeys(completed(set(given))) | given
        if selected.id_header() not in header:
            return given
        from serienpost_practice_db.database import PracticeDb

        return given | PracticeDb.of(context).schema.offers(selected.person)

    def is_relative(self, selection: BaseModel) -> bool:  # noqa: ARG002
        """A file says the same on every day."""
        return False

    def rows(
        self, context: Context, selection: BaseModel, request: RowRequest
    ) -> Iterator[Sequence[Row]]:
        """Read the file from top to bottom; a person whose id stands there twice comes once.

        Raises:
            SourceError: the file cannot be read, or an order is asked for.
        """
        selected = _checked(selection)
        if request.order_by:
            raise SourceError("the rows of a file cannot be ordered", hint="remove order_by")
        _checked_header(context, selected)
        digest = Known.of(context).remember(context, selected)
        seen: set[str] = set()
        batch: list[tuple[str, Line]] = []
        for line in opened(context, selected).lines():
            id_ = _person_id(selected, line) or row_id(digest, line.number)
            if id_ in seen:
                continue
            seen.add(id_)
            batch.append((id_, line))
            if len(batch) == request.batch:
                yield from _read(context, selected, batch, request)
                batch = []
        if batch:
            yield from _read(context, selected, batch, request)

    def current(
        self, context: Context, rows: Sequence[RowRef], request: RowRequest
    ) -> Sequence[CurrentState]:
        """Read people of the practice by id, the others from the file if it is the same still."""
        ids = [row.person_id for row in rows]
        people = _people(context, [id_ for id_ in ids if not id_.startswith(f"{KIND}:")], request)
        lines = Known.of(context).lines(context, ids)

        def state(id_: str) -> CurrentState:
            person = people.get(id_)
            if person:
                lacking = dict.fromkeys(request.fields)
                return CurrentState(None, {**lacking, **person.fields}, person.consenting_id)
            if id_ in lines:
                _, selected, line = lines[id_]
                return CurrentState(None, _fields(selected, line, request))
            return _CHANGED if id_.startswith(f"{KIND}:") else _VANISHED

        return [state(id_) for id_ in ids]


def _read(
    context: Context,
    selected: TableSelection,
    batch: Sequence[tuple[str, Line]],
    request: RowRequest,
) -> Iterator[list[Row]]:
    ids = [id_ for id_, _ in batch if not id_.startswith(f"{KIND}:")]
    people = _people(context, ids, request)
    rows = []
    for id_, line in batch:
        own = _fields(selected, line, request)
        person = people.get(id_)
        if person:
            rows.append(person._replace(fields={**own, **person.fields}))
        elif id_.startswith(f"{KIND}:"):
            rows.append(Row(id_, own))
        else:
            rows.append(Row(id_, dict.fromkeys(request.fields), unreachable=_VANISHED.gone))
    yield rows


def _people(context: Context, ids: Sequence[str], request: RowRequest) -> dict[str, Row]:
    if not ids:
        return {}
    db = _database(context)
    people: dict[str, Row] = {}
    for kind in _PERSONS:
        mine = {id_ for id_ in ids if id_.startswith(f"{kind}:")}
        if mine:
            offered = request.fields & db.schema.offers(kind).keys()
            people |= db.by_ids(kind, mine, replace(request, fields=offered))
    return people


def _database(context: Context) -> PracticeDb:
    from serienpost_practice_db.database import PracticeDb

    return PracticeDb.of(context)


def _fields(selected: TableSelection, line: Line, request: RowRequest) -> dict[str, FieldValue]:
    given = {column.field: line.values[header] for header, column in selected.columns.items()}
    return {name: given.get(name) or None for name in request.fields}


def _person_id(selected: TableSelection, line: Line) -> str | None:
    written = line.values.get(selected.id_header(), "")
    if not written:
        return None
    kind, colon, _ = written.partition(":")
    if not colon:
        return f"{selected.person}:{written}"
    if kind in _PERSONS:
        return written
    return None if kind == KIND else f"{selected.person}:{written}"


def _checked_header(context: Context, selected: TableSelection) -> list[str]:
    header = opened(context, selected).header()
    wanted = [*selected.columns, *([selected.consent_column] if selected.consent_column else [])]
    missing = [name for name in wanted if name not in header]
    if missing:
        from difflib import get_close_matches

        near = get_close_matches(missing[0], header, n=1)
        hint = f"did you mean {near[0]!r}?" if near else None
        raise SourceError(Problem(f"has no header {missing[0]!r}", hint, selected.file, 1))
    return header


def _checked(selection: BaseModel) -> TableSelection:
    if not isinstance(selection, TableSelection):
        raise SourceError("the selection is none of the source table")
    return selection
