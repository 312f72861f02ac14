"""Whether appointments that were selected earlier are still what they were."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from serienpost import CurrentState, Texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from serienpost import Row, RowRef, RowRequest
    from serienpost_practice_db.database import PracticeDb

_ = Texts(__name__)

_VANISHED = CurrentState(("vanished", _("The appointment is no longer in the calendar.")))
_CANCELLED = CurrentState(("cancelled", _("The appointment was cancelled.")))
_MOVED = CurrentState(("moved", _("The appointment was moved.")))
_REASSIGNED = CurrentState(("reassigned", _("The appointment is now somebody else’s.")))
_STATUS = CurrentState(("status_changed", _("The appointment now has another status.")))


_WITHOUT_PERSON = {None: _VANISHED, "abgesagt": _CANCELLED}


def appointment_states(
    db: PracticeDb, rows: Sequence[RowRef], request: RowRequest
) -> Sequence[CurrentState]:
    """Read the appointments again by id.

    A row is gone when the appointment is, when it was cancelled, moved or given to somebody
    else, or when its status no longer fits: a slot without a person, or an appointment that
    is over before it began. Of such a row the fields are those of the person alone.
    """
    ids = {row.occasion_id for row in rows if row.occasion_id}
    states = {
        id_: str(fields["termin_status"])
        for id_, fields in db.lookup(ids, ["termin_status"]).items()
    }
    found = _by_id(db, ids, request)
    now = datetime.now(UTC)
    said = [
        _state(row, found.get(row.occasion_id or ""), states.get(row.occasion_id or ""), now)
        for row in rows
    ]
    without = {row.person_id for row, state in zip(rows, said, strict=True) if state.gone}
    people = db.people(without, request)
    return [
        replace(state, fields=people[row.person_id].fields)
        if state.gone and row.person_id in people
        else state
        for row, state in zip(rows, said, strict=True)
    ]


def _state(row: RowRef, found: Row | None, status: str | None, now: datetime) -> CurrentState:
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
