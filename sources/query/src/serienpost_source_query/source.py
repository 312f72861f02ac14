"""The source `query`."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from serienpost import CurrentState, SelectionError, SourceError, Texts
from serienpost_source_query.selection import QuerySelection

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from serienpost import Context, Row, RowRef, RowRequest
    from serienpost_practice_db.chosen import Chosen
    from serienpost_practice_db.database import PracticeDb

_ = Texts(__name__)

_VANISHED = CurrentState(("vanished", _("The person is no longer in the master data.")))
_APPOINTMENT = "appointment"


class QuerySource:
    """People, or appointments, whose ids a query of the practice returns.

    The query chooses and supplies nothing: every value of a row, its ids too, is read from the
    tables of the schema mapping.
    """

    name = "query"
    title = _("Export by database query over patients or Interessenten")
    selection = QuerySelection

    def offers(self, context: Context, selection: QuerySelection) -> Mapping[str, str | None]:
        """The fields of the person; with appointments also theirs and those of who treats.

        Raises:
            SourceError: the query is refused, or its parameters are not those that are given.
        """
        from serienpost_practice_db.database import PracticeDb
        from serienpost_practice_db.mapping import PERSONS

        db = PracticeDb.of(context)
        _chosen(context, selection, db)
        if selection.person == _APPOINTMENT:
            return db.schema.offers_of_appointments(PERSONS)
        return db.schema.offers(selection.person)

    def lowered(self, context: Context, selection: QuerySelection) -> Mapping[str, str]:  # noqa: ARG002
        """The fields whose class the schema lowered, each with the reason."""
        from serienpost_practice_db.database import PracticeDb

        return PracticeDb.of(context).schema.lowered

    def is_relative(self, selection: QuerySelection) -> bool:  # noqa: ARG002
        """Not by itself: the query gets no date. See `asks_clock`."""
        return False

    def asks_clock(self, context: Context, selection: QuerySelection) -> bool:
        """Whether the query, or a view that it reads, asks the database what day it is; so too
        where that cannot be told because either is away."""
        from serienpost_practice_db.database import PracticeDb
        from serienpost_source_query.statement import reads_clock

        try:
            return reads_clock(context, selection, PracticeDb.of(context))
        except SourceError:
            return True

    def rows(
        self, context: Context, selection: QuerySelection, request: RowRequest
    ) -> Iterator[Sequence[Row]]:
        """Stream the people or appointments whose ids the query returns, each once.

        Raises:
            SourceError: the query is refused or fails, or asks the clock of the database although
                another day is meant, or the account of the database has rights that make a
                read-only transaction no barrier.
        """
        from serienpost_practice_db.database import PracticeDb
        from serienpost_practice_db.mapping import PERSONS

        db = PracticeDb.of(context)
        db.refuse_powerful_role()
        if request.due != datetime.now(context.zone).date() and self.asks_clock(context, selection):
            raise SelectionError(
                _(
                    "the query asks the database for the present day, not for {day}",
                    day=request.due,
                ),
                hint=_("prepare it on that day, or give the day under parameters:"),
            )
        chosen = _chosen(context, selection, db)
        if selection.person == _APPOINTMENT:
            yield from db.appointments(PERSONS, [], request, chosen)
        else:
            yield from db.stream(selection.person, [], request, chosen=chosen)

    def current(
        self,
        context: Context,
        selection: QuerySelection,
        rows: Sequence[RowRef],
        request: RowRequest,
    ) -> Sequence[CurrentState]:
        """Read the people or appointments again by id; the query itself is not run again."""
        from serienpost_practice_db.appointment_states import appointment_states
        from serienpost_practice_db.database import PracticeDb

        db = PracticeDb.of(context)
        if selection.person == _APPOINTMENT:
            return appointment_states(db, rows, request)
        people = db.by_ids(selection.person, {row.person_id for row in rows}, request)

        def state(row: RowRef) -> CurrentState:
            person = people.get(row.person_id)
            if person is None:
                return _VANISHED
            return CurrentState(None, person.fields, person.consenting_id)

        return [state(row) for row in rows]


def _chosen(context: Context, selected: QuerySelection, db: PracticeDb) -> Chosen:
    from serienpost_source_query.statement import read_statement

    return read_statement(context, selected, db)
