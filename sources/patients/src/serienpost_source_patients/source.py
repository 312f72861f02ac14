"""The source `patients`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from serienpost import CurrentState, Texts
from serienpost_source_patients.selection import PatientSelection

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from serienpost import Context, Row, RowRef, RowRequest

_ = Texts(__name__)

_ENTITY = "patient"
_VANISHED = CurrentState(("vanished", _("The person is no longer in the master data.")))
_NO_BIRTHDAY = CurrentState(("no_birthday", _("The birthday is no longer on record.")))


class PatientsSource:
    """Patients from the practice's database, one row per person."""

    name = "patients"
    title = _("Patients of the practice: patient table and patient search")
    selection = PatientSelection

    def offers(self, context: Context, selection: PatientSelection) -> Mapping[str, str | None]:  # noqa: ARG002
        """All fields of patients that may leave the practice at all."""
        from serienpost_practice_db.database import PracticeDb

        return PracticeDb.of(context).schema.offers(_ENTITY)

    def lowered(self, context: Context, selection: PatientSelection) -> Mapping[str, str]:  # noqa: ARG002
        """The fields whose class the schema lowered, each with the reason."""
        from serienpost_practice_db.database import PracticeDb

        return PracticeDb.of(context).schema.lowered

    def is_relative(self, selection: PatientSelection) -> bool:
        """Whether the birthday counts from the due date."""
        from serienpost_source_patients.selection import BIRTHDAY_WORDS

        return selection.birthday in BIRTHDAY_WORDS or selection.birthday_dates() is not None

    def since_last_run(
        self, selection: PatientSelection, due: date, last_due: date | None
    ) -> PatientSelection:
        """Write out the days that `birthday: since_last_run` stands for."""
        from serienpost_source_patients.filters import days_since

        if selection.birthday != "since_last_run":
            return selection
        return selection.model_copy(update={"birthday": days_since(last_due, due)})

    def rows(
        self, context: Context, selection: PatientSelection, request: RowRequest
    ) -> Iterator[Sequence[Row]]:
        """Stream the patients who meet every condition."""
        from serienpost_practice_db.database import PracticeDb
        from serienpost_source_patients.filters import birthday_window, conditions

        db = PracticeDb.of(context)
        window = birthday_window(selection, request.due)
        return db.stream(_ENTITY, conditions(selection, db), request, window)

    def current(
        self,
        context: Context,
        selection: PatientSelection,  # noqa: ARG002
        rows: Sequence[RowRef],
        request: RowRequest,
    ) -> Sequence[CurrentState]:
        """Read the people again by id.

        A row is gone when the person is, or when its occasion is a birthday that is no longer
        entered.
        """
        from serienpost_practice_db.conditions import is_known
        from serienpost_practice_db.database import PracticeDb

        db = PracticeDb.of(context)
        people = db.by_ids(_ENTITY, {row.person_id for row in rows}, request)
        celebrating = {row.person_id for row in rows if row.occasion_id}
        born = db.matching(_ENTITY, celebrating, is_known("geburtsdatum")) if celebrating else set()

        def state(row: RowRef) -> CurrentState:
            person = people.get(row.person_id)
            if person is None:
                return _VANISHED
            if row.occasion_id and row.person_id not in born:
                return replace(_NO_BIRTHDAY, fields=person.fields)
            return CurrentState(None, person.fields, person.consenting_id)

        return [state(row) for row in rows]
