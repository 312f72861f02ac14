"""The source `query`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from serienpost import CurrentState, SourceError
from serienpost_source_query.selection import QuerySelection

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from serienpost import Context, Row, RowRef, RowRequest
    from serienpost_practice_db.chosen import Chosen
    from serienpost_practice_db.database import PracticeDb

_VANISHED = CurrentState(("vanished", "Die Person steht nicht mehr in den Stammdaten."))


class QuerySource:
    """People whose ids a query of the practice returns, one row per person."""

    name = "query"
    title = "Export by database query over patients or Interessenten"
    selection = QuerySelection

    def offers(self, context: Context, selection: QuerySelection) -> Mapping[str, str | None]:
        """The fields of the person, and the columns of the query that are named and may leave.

        Raises:
            SourceError: the query is refused, or its parameters are not those that are given.
        """
        from serienpost_practice_db.chosen import Chosen
        from serienpost_practice_db.database import PracticeDb
        from serienpost_source_query.lineage import Returned
        from serienpost_source_query.statement import read_statement

        db = PracticeDb.of(context)
        statement = read_statement(context, selection, db.dialect)
        returned = Returned.by(statement, db)
        Chosen(statement.sql, selection.parameters).subquery(db.schema)
        offered = dict(db.schema.offers(selection.person))
        for name in selection.columns:
            if name in db.entity(selection.person).fields or name in offered or name == "id":
                raise SourceError(
                    f"query: the field {name} is read from the master data by id",
                    hint="remove it from columns:",
                )
            offered[name] = returned.column_class(name, db.schema).label
        return offered

    def is_relative(self, selection: QuerySelection) -> bool:  # noqa: ARG002
        """Not as far as we know: the query gets no date."""
        return False

    def rows(
        self, context: Context, selection: QuerySelection, request: RowRequest
    ) -> Iterator[Sequence[Row]]:
        """Stream the people whose ids the query returns.

        Raises:
            SourceError: the query is refused or fails, or returns somebody twice although columns
                of it are used.
        """
        from serienpost_practice_db.database import PracticeDb

        db = PracticeDb.of(context)
        db.refuse_powerful_role()
        chosen = _chosen(context, selection, db)
        last = None
        for batch in db.stream(
            selection.person, [], request, chosen=chosen, seconds=selection.seconds
        ):
            for row in batch:
                if row.person_id == last:
                    raise SourceError(
                        f"query: returns {last} more than once", hint="use GROUP BY or DISTINCT"
                    )
                last = row.person_id
            yield batch

    def current(
        self,
        context: Context,
        selection: QuerySelection,
        rows: Sequence[RowRef],
        request: RowRequest,
    ) -> Sequence[CurrentState]:
        """Read the people again by id; a row is gone when the person is.

        The query itself is not run again, and its columns are not read again.
        """
        from serienpost_practice_db.database import PracticeDb

        db = PracticeDb.of(context)
        kind = selection.person
        without_columns = replace(request, fields=request.fields & db.schema.offers(kind).keys())
        people = db.by_ids(kind, {row.person_id for row in rows}, without_columns)

        def state(row: RowRef) -> CurrentState:
            person = people.get(row.person_id)
            if person is None:
                return _VANISHED
            lacking = dict.fromkeys(request.fields - person.fields.keys())
            return CurrentState(None, {**lacking, **person.fields}, person.consenting_id)

        return [state(row) for row in rows]


def _chosen(context: Context, selected: QuerySelection, db: PracticeDb) -> Chosen:
    from serienpost_practice_db.chosen import Chosen
    from serienpost_source_query.statement import read_statement

    statement = read_statement(context, selected, db.dialect)
    return Chosen(statement.sql, selected.parameters, tuple(selected.columns))
