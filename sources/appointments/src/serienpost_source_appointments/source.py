"""The source `appointments`."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from serienpost import Texts
from serienpost_source_appointments.selection import AppointmentSelection

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from serienpost import Context, CurrentState, Row, RowRef, RowRequest
    from serienpost_practice_db.conditions import Condition
    from serienpost_practice_db.database import PracticeDb

_ = Texts(__name__)


class AppointmentsSource:
    """Appointments from the practice's database, one row per appointment."""

    name = "appointments"
    title = _("Appointments of a day or range: Terminliste in the search, Termine > Liste")
    selection = AppointmentSelection

    def offers(self, context: Context, selection: AppointmentSelection) -> Mapping[str, str | None]:
        """Fields of appointment and practitioner, and those of the people selected."""
        from serienpost_practice_db.database import PracticeDb

        return PracticeDb.of(context).schema.offers_of_appointments(selection.person)

    def lowered(self, context: Context, selection: AppointmentSelection) -> Mapping[str, str]:  # noqa: ARG002
        """The fields whose class the schema lowered, each with the reason."""
        from serienpost_practice_db.database import PracticeDb

        return PracticeDb.of(context).schema.lowered

    def is_relative(self, selection: AppointmentSelection) -> bool:
        """Whether the day counts from the due date."""
        from serienpost_source_appointments.days import is_relative

        return is_relative(selection.day)

    def rows(
        self, context: Context, selection: AppointmentSelection, request: RowRequest
    ) -> Iterator[Sequence[Row]]:
        """Stream the appointments that meet every condition, by their begin."""
        from serienpost_practice_db.database import PracticeDb

        db = PracticeDb.of(context)
        found = list(_conditions(selection, db, context, request.due))
        return db.appointments(selection.person, found, request)

    def current(
        self,
        context: Context,
        selection: AppointmentSelection,  # noqa: ARG002
        rows: Sequence[RowRef],
        request: RowRequest,
    ) -> Sequence[CurrentState]:
        """Read the appointments again by id."""
        from serienpost_practice_db.appointment_states import appointment_states
        from serienpost_practice_db.database import PracticeDb

        return appointment_states(PracticeDb.of(context), rows, request)


def _conditions(
    selected: AppointmentSelection, db: PracticeDb, context: Context, due: date
) -> Iterator[Condition]:
    from serienpost_practice_db import conditions as where
    from serienpost_source_appointments.days import first_and_last

    first, last = first_and_last(selected.day, due)
    start = datetime.combine(first, time(), context.zone)
    end = datetime.combine(last + timedelta(days=1), time(), context.zone)
    yield where.begins_within("termin_beginn", db.stored_time(start), db.stored_time(end))
    yield where.one_of("termin_status", selected.status)
    if selected.practitioner is not None:
        yield where.treated_by(db.entity("behandler"), selected.practitioner)
    if selected.type is not None:
        yield where.any_text("terminart", selected.type)
    if selected.room is not None:
        yield where.any_text("termin_raum", selected.room)
