"""Which appointments are selected, and what the recheck sees of changes."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from serienpost import RowRef, RowRequest
from serienpost_source_appointments.days import first_and_last, is_relative
from serienpost_source_appointments.selection import AppointmentSelection
from serienpost_source_appointments.source import AppointmentsSource

if TYPE_CHECKING:
    from collections.abc import Callable

    from serienpost import Context, Row

SOURCE = AppointmentsSource()
DUE = date(2026, 3, 27)
FRIDAY, SATURDAY, MONDAY = DUE, date(2026, 3, 28), date(2026, 3, 30)
FIELDS = frozenset({"nachname", "termin_beginn", "behandler_nachname", "terminart"})


def read(context: Context, due: date = DUE, **selection: object) -> list[Row]:
    selected = SOURCE.selection.model_validate(selection)
    batches = SOURCE.rows(context, selected, RowRequest(FIELDS, due))
    return [row for batch in batches for row in batch]


def numbers(rows: list[Row]) -> list[int]:
    return [int(row.occasion.id.removeprefix("termin:")) for row in rows if row.occasion]


@pytest.mark.parametrize(
    ("written", "due", "expected"),
    [
        ("today", FRIDAY, (FRIDAY, FRIDAY)),
        ("tomorrow", FRIDAY, (SATURDAY, SATURDAY)),
        ("+3", FRIDAY, (MONDAY, MONDAY)),
        ("+0", FRIDAY, (FRIDAY, FRIDAY)),
        ("next workday", FRIDAY, (MONDAY, MONDAY)),
        ("next workday", SATURDAY, (MONDAY, MONDAY)),
        ("next workday", date(2026, 3, 29), (MONDAY, MONDAY)),
        ("next workday", MONDAY, (date(2026, 3, 31), date(2026, 3, 31))),
        ("+1..+3", FRIDAY, (SATURDAY, MONDAY)),
        ("2026-12-01..2026-12-05", FRIDAY, (date(2026, 12, 1), date(2026, 12, 5))),
    ],
)
def test_days(written: str, due: date, expected: tuple[date, date]) -> None:
    assert first_and_last(written, due) == expected
    assert is_relative(written) is not written[0].isdigit()


@pytest.mark.parametrize(
    "selection",
    [
        {},
        {"day": "2026-02-30"},
        {"day": "yesterday"},
        {"day": "-1"},
        {"day": "+5..+1"},
        {"day": "2026-12-05..2026-12-01"},
        {"day": "today..2026-12-01"},
        {"day": "today", "status": ["frei"]},
        {"day": "today", "status": ["abgesagt"]},
        {"day": "today", "person": []},
        {"day": "today", "dyas": 1},
    ],
)
def test_impossible_selections_are_refused(selection: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        SOURCE.selection.model_validate(selection)


def test_the_day_is_one_of_practice_time(context: Context, add: Callable[..., None]) -> None:
    add("patient", id=1)
    for number, begin in enumerate(
        ["2026-03-28 23:59:00", "2026-03-29 00:00:00", "2026-03-29T23:40", "2026-03-30 00:00:00"]
    ):
        add("termin", id=number, patient_id=1, beginn=begin, status="geplant")
    rows = read(context, day="2026-03-29")
    assert numbers(rows) == [1, 2]
    begins = [row.occasion.starts_at for row in rows if row.occasion]
    assert begins == [
        datetime(2026, 3, 28, 23, 0, tzinfo=UTC),
        datetime(2026, 3, 29, 21, 40, tzinfo=UTC),
    ]
    assert rows[0].fields["termin_beginn"] == begins[0]


def book(add: Callable[..., None]) -> None:
    """One Friday in the practice."""
    add("patient", id=1, nachname="Alt")
    add("interessent", id=1, nachname="Neu")
    for number, values in enumerate(
        [
            {"patient_id": 1, "status": "geplant", "behandler_id": 3, "terminart": "Kontrolle"},
            {"patient_id": 1, "status": "bestaetigt", "behandler_id": 4, "raum": "Zimmer 1"},
            {"interessent_id": 1, "status": "geplant"},
            {"patient_id": 1, "status": "abgesagt"},
            {"status": "frei"},
            {"patient_id": 1, "status": "gesperrt"},
            {"patient_id": 1, "status": "erschienen"},
        ],
        start=1,
    ):
        add("termin", id=number, beginn=f"2026-03-27 0{number}:00:00", dauer=20, **values)


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ({}, [1, 2, 3]),
        ({"status": ["bestaetigt"]}, [2]),
        ({"status": ["erschienen"]}, [7]),
        ({"person": ["patient"]}, [1, 2]),
        ({"person": ["interessent"]}, [3]),
        ({"practitioner": "sonnenschein"}, [1]),
        ({"practitioner": "Uwe Gross"}, [2]),
        ({"practitioner": 4}, [2]),
        ({"type": ["kontrolle"]}, [1]),
        ({"room": ["zimmer 1"]}, [2]),
    ],
)
def test_filters(
    context: Context, add: Callable[..., None], selection: dict[str, Any], expected: list[int]
) -> None:
    book(add)
    assert numbers(read(context, day="today", **selection)) == expected


def test_one_row_per_appointment_with_its_practitioner(
    context: Context, add: Callable[..., None]
) -> None:
    book(add)
    first, second, third = read(context, day="today")
    assert [first.id, second.id] == ["patient:1/termin:1", "patient:1/termin:2"]
    assert third.id == "interessent:1/termin:3"
    assert first.fields["behandler_nachname"] == "Sonnenschein"
    assert third.fields["behandler_nachname"] is None
    assert (first.fields["nachname"], third.fields["nachname"]) == ("Alt", "Neu")


def test_only_appointments_to_come_expire(context: Context, add: Callable[..., None]) -> None:
    book(add)
    planned = read(context, day="today")[0].occasion
    past = read(context, day="today", status=["erschienen"])[0].occasion
    assert planned
    assert past
    assert planned.expires_at == planned.starts_at == datetime(2026, 3, 27, 0, 0, tzinfo=UTC)
    assert past.expires_at is None


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("update termin set dauer = 40", None),
        ("update termin set status = 'bestaetigt'", None),
        ("update termin set status = 'abgesagt'", "cancelled"),
        ("update termin set status = 'frei', patient_id = null", "status_changed"),
        ("update termin set status = 'gesperrt'", "status_changed"),
        ("update termin set status = 'erschienen'", "status_changed"),
        ("update termin set beginn = '2099-03-27 10:00:00'", "moved"),
        ("update termin set patient_id = 2", "reassigned"),
        ("delete from termin", "vanished"),
    ],
)
def test_changes_before_a_message_leaves(
    context: Context,
    add: Callable[..., None],
    change: Callable[..., None],
    sql: str,
    code: str | None,
) -> None:
    add("patient", id=1, email="alt@example.org")
    add("patient", id=2, email="fremd@example.org")
    add("termin", id=9, patient_id=1, beginn="2099-03-27 09:00:00", status="geplant")
    (row,) = read(context, day="2099-03-27")
    assert row.occasion
    change(sql)
    ref = RowRef(row.person_id, row.occasion.id, row.occasion.starts_at)
    request = RowRequest(frozenset({"email"}), DUE)
    (state,) = SOURCE.current(context, AppointmentSelection(day="2099-03-27"), [ref], request)
    assert (state.gone[0] if state.gone else None) == code
    assert state.fields == {"email": "alt@example.org"}, "those of whom the row was for"


def test_an_appointment_of_nobody_that_is_there_tells_nothing(
    context: Context, add: Callable[..., None], change: Callable[..., None]
) -> None:
    add("patient", id=1, email="alt@example.org")
    add("termin", id=9, patient_id=1, beginn="2099-03-27 09:00:00", status="geplant")
    (row,) = read(context, day="2099-03-27")
    assert row.occasion
    change("delete from termin")
    change("delete from patient")
    ref = RowRef(row.person_id, row.occasion.id, row.occasion.starts_at)
    request = RowRequest(frozenset({"email", "termin_beginn"}), DUE)
    (state,) = SOURCE.current(context, AppointmentSelection(day="2099-03-27"), [ref], request)
    assert (state.gone and state.gone[0], state.fields) == ("vanished", None)


def test_whose_appointment_it_is_depends_on_the_day_of_leaving(
    add: Callable[..., None], context: Context
) -> None:
    add("patient", id=1, email="mutter@example.org", geburtsdatum="1980-01-01")
    add("patient", id=2, email="kind@example.org", geburtsdatum="2081-03-27", vertreter_id=1)
    add("termin", id=9, patient_id=2, beginn="2099-03-28 09:00:00", status="geplant")
    (row,) = read(context, day="2099-03-28")
    assert row.occasion
    ref = RowRef(row.person_id, row.occasion.id, row.occasion.starts_at)
    for day, consenting, email in (
        (26, "patient:1", "mutter@example.org"),
        (27, None, "kind@example.org"),
    ):
        request = RowRequest(frozenset({"email"}), DUE, leaves_on=date(2099, 3, day))
        (state,) = SOURCE.current(context, AppointmentSelection(day="2099-03-28"), [ref], request)
        assert (state.consenting_id, state.fields) == (consenting, {"email": email})
