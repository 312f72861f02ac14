"""The source `appointments`."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from serienpost import CurrentState
from serienpost_source_appointments.selection import AppointmentSelection

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from serienpost import Context, Row, RowRef, RowRequest
    from serienpost_practice_db.conditions import Condition
    from serienpost_practice_db.database import PracticeDb

_VANISHED = CurrentState(("vanished", "Der Termin steht nicht mehr im Kalender."))
_CANCELLED = CurrentState(("cancelled", "Der Termin wurde abgesagt."))
_MOVED = CurrentState(("moved", "Der Termin wurde verschoben."))
_REASSIGNED = CurrentState(("reassigned", "Der Termin gehört jetzt jemand anderem."))
_STATUS = CurrentState(("status_changed", "Der Termin hat jetzt einen anderen Status."))


_WITHOUT_PERSON = {None: _VANISHED, "abgesagt": _CANCELLED}


class AppointmentsSource:
    """Appointments from the practice's database, one row per appointment."""

    name = "appointments"
    title = "Appointments of a day or range: Terminliste in the search, Termine > Liste"
    selection = AppointmentSelection

    def offers(self, context: Context, selection: AppointmentSelection) -> Mapping[str, str | None]:
        """Fields of appointment and practitioner, and those of the people selected."""
        from serienpost_practice_db.database import PracticeDb
        from serienpost_practice_db.mapping import PRACTITIONER

        schema = PracticeDb.of(context).schema
        offered = dict(schema.offers("termin"))
        for name, label in schema.offers("behandler").items():
            if schema.may_leave(f"{PRACTITIONER}{name}"):
                offered[f"{PRACTITIONER}{name}"] = label
        for kind in selection.person:
            offered |= schema.offers(kind)
        return offered

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
        """Read the appointments again by id.

        A row is gone when the appointment is, when it was cancelled, moved or given to somebody
        else, or when its status no longer fits: a slot without a person, or an appointment that
        is over before it began.
        """
        from serienpost_practice_db.database import PracticeDb

        db = PracticeDb.of(context)
        ids = {row.occasion_id for row in rows if row.occasion_id}
        states = {
            id_: str(fields["termin_status"])
            for id_, fields in db.lookup(ids, ["termin_status"]).items()
        }
        found = _by_id(db, ids, request)
        now = datetime.now(UTC)
        return [
            _standing(row, found.get(row.occasion_id or ""), states.get(row.occasion_id or ""), now)
            for row in rows
        ]


def _standing(row: RowRef, found: Row | None, status: str | None, now: datetime) -> CurrentState:
    from serienpost_practice_db.appointments import OPEN_STATES

    if found is None or found.occasion is None:
        return _WITHOUT_PERSON.get(status, _STATUS)
    if found.person_id != row.person_id:
        return _REASSIGNED
    begin = found.occasion.starts_at
    if begin != row.occasion_starts_at:
        return _MOVED
    if status not in OPEN_STATES and begin and begin > now:
        return _STATUS
    return CurrentState(None, found.fields, found.consenting_id)


def _by_id(db: PracticeDb, ids: set[str], request: RowRequest) -> dict[str, Row]:
    from serienpost_practice_db import conditions as where
    from serienpost_practice_db.mapping import PERSONS

    termin = db.entity("termin")
    keys = [termin.key(id_.removeprefix("termin:")) for id_ in ids if id_.startswith("termin:")]
    known = [key for key in keys if key is not None]
    if not known:
        return {}
    return {
        row.occasion.id: row
        for batch in db.appointments(PERSONS, [where.keys_among(known)], request)
        for row in batch
        if row.occasion
    }


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
