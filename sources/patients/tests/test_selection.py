"""Each filter as people write it in a mailing."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from serienpost import RowRef, RowRequest
from serienpost_source_patients import serienpost_sources
from serienpost_source_patients.selection import PatientSelection

if TYPE_CHECKING:
    from collections.abc import Callable

    from serienpost import Context, Row

(SOURCE,) = serienpost_sources()
DUE = date(2026, 3, 2)
BIRTHDAY = PatientSelection(birthday="today")


def rows(context: Context, due: date = DUE, **select: object) -> list[Row]:
    selection = PatientSelection.model_validate(select)
    request = RowRequest(frozenset({"nachname", "minderjaehrig"}), due)
    return [row for batch in SOURCE.rows(context, selection, request) for row in batch]


def ids(context: Context, due: date = DUE, **select: object) -> list[int]:
    return [int(row.person_id.removeprefix("patient:")) for row in rows(context, due, **select)]


@pytest.fixture
def people(add: Callable[..., None]) -> None:
    add(
        "patient",
        id=1,
        nummer="P-100",
        vorname="Anna",
        nachname="Müller",
        plz="01067",
        ort="Dresden",
        telefon="0351 1234567",
        mobil="+49 171 5556667",
        email="Anna.Mueller@example.org",
        geburtsdatum="1980-03-02",
        behandler_id=3,
        letzter_besuch="2025-06-30",
        sprache="de",
    )
    add(
        "patient",
        id=2,
        nummer="P-200",
        vorname="Änne",
        nachname="Mueller-Lüdenscheidt",
        plz="01309",
        ort="Dresden-Striesen",
        geburtsdatum="1980-03-03",
        behandler_id=4,
        letzter_besuch="2026-01-10",
        sprache="en",
    )
    add(
        "patient",
        id=3,
        nummer="P-300",
        vorname="Bernd",
        vorsatzwort="von",
        nachname="Baur",
        plz="1010",
        ort="Wien",
        geburtsdatum="1980-02-29",
        behandler_id=3,
    )
    add(
        "patient",
        id=4,
        vorname="Lena",
        nachname="Kind_",
        plz="02000",
        ort="Köln",
        geburtsdatum="2015-12-24",
        email="100%@example.org",
    )


@pytest.mark.parametrize(
    ("select", "expected"),
    [
        ({}, [1, 2, 3, 4]),
        ({"search": "mueller dresden"}, [1, 2]),
        ({"search": "MÜLLER striesen"}, [2]),
        ({"search": "p-300"}, [3]),
        ({"search": "von baur"}, [3]),
        ({"search": "anna.mueller@example"}, [1]),
        ({"search": "0351/1234567"}, [1]),
        ({"search": "0171 555"}, [1]),
        ({"search": "100%"}, [4]),
        ({"search": "%"}, [4]),
        ({"search": "nd_"}, [4]),
        ({"search": "müller wien"}, []),
        ({"last_name": "muell"}, [1, 2]),
        ({"last_name": "bauer"}, []),
        ({"last_name": "_"}, []),
        ({"first_name": "an"}, [1, 2]),
        ({"first_name": "ann"}, [1, 2]),
        ({"first_name": "anna"}, [1]),
        ({"postal_code": "01067"}, [1]),
        ({"postal_code": "01000-01999"}, [1, 2]),
        ({"postal_code": "1000 - 1999"}, [3]),
        ({"city": "dresden"}, [1]),
        ({"city": "koeln"}, [4]),
        ({"birthday": "today"}, [1]),
        ({"birthday": "tomorrow"}, [2]),
        ({"birthday": "this_month"}, [1, 2]),
        ({"birthday": "02-28..03-02"}, [1, 3]),
        ({"birthday": "12-20..01-05"}, [4]),
        ({"practitioner": "sonnenschein"}, [1, 3]),
        ({"practitioner": "Uwe Gross"}, [2]),
        ({"practitioner": 3}, [1, 3]),
        ({"practitioner": "Niemand"}, []),
        ({"last_visit_before": "2026-01-10"}, [1]),
        ({"last_visit_after": "2025-06-30"}, [2]),
        ({"last_visit_after": "2025-06-29", "last_visit_before": "2026-01-01"}, [1]),
        ({"language": "EN"}, [2]),
        ({"ids": [3, "patient:1", "99", "patient:x"]}, [1, 3]),
        ({"ids": ["interessent:1"]}, []),
        ({"search": "müller", "practitioner": "Groß"}, [2]),
    ],
    ids=str,
)
@pytest.mark.usefixtures("people")
def test_filters(context: Context, select: dict[str, object], expected: list[int]) -> None:
    assert ids(context, **select) == expected


@pytest.mark.parametrize(
    ("select", "words"),
    [
        ({"serach": "x"}, "serach"),
        ({"search": "  "}, "empty"),
        ({"search": 5}, "string"),
        ({"search": "x" * 201}, "200"),
        ({"postal_code": "01999-01000"}, "smaller"),
        ({"postal_code": "1000-01999"}, "smaller"),
        ({"birthday": "yesterday"}, "this_month"),
        ({"birthday": "02-30..03-01"}, "02-30"),
        ({"birthday": "13-01..13-02"}, "this_month"),
        ({"birthday": "03-01"}, "this_month"),
        ({"last_visit_before": "31.01.2026"}, "year-month-day"),
        ({"last_visit_after": "2026-02-30"}, "year-month-day"),
        ({"ids": []}, "ids"),
        ({"ids": [True]}, "ids"),
    ],
    ids=str,
)
def test_mistakes_are_refused(select: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        PatientSelection.model_validate(select)


@pytest.mark.parametrize(
    ("due", "days", "occasion", "expires"),
    [
        ("2026-03-02", "today", "geburtstag:2026", "2026-03-02T23:00:00"),
        ("2026-12-31", "tomorrow", "geburtstag:2027", "2027-01-01T23:00:00"),
        ("2026-01-15", "this_month", "geburtstag:2026", "2026-01-31T23:00:00"),
        ("2026-12-24", "12-20..01-05", "geburtstag:2027", "2027-01-05T23:00:00"),
        ("2027-01-03", "12-20..01-05", "geburtstag:2027", "2027-01-05T23:00:00"),
        ("2027-01-06", "12-20..01-05", "geburtstag:2028", "2028-01-05T23:00:00"),
        ("2026-07-01", "01-01..06-30", "geburtstag:2027", "2027-06-30T22:00:00"),
        ("2026-07-01", "01-01..07-01", "geburtstag:2026", "2026-07-01T22:00:00"),
    ],
)
def test_birthdays_are_occasions(
    add: Callable[..., None], context: Context, due: str, days: str, occasion: str, expires: str
) -> None:
    day = "03-02" if days == "today" else "01-01"
    add("patient", id=1, geburtsdatum=f"1980-{day}")
    (row,) = rows(context, date.fromisoformat(due), birthday=days)
    assert row.id == f"patient:1/{occasion}"
    assert row.occasion
    assert row.occasion.starts_at is None
    assert row.occasion.expires_at == datetime.fromisoformat(expires).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("due", "expected"),
    [("2027-02-28", [1, 2]), ("2028-02-28", [1]), ("2028-02-29", [2]), ("2027-03-01", [])],
)
def test_leap_day(
    add: Callable[..., None], context: Context, due: str, expected: list[int]
) -> None:
    add("patient", id=1, geburtsdatum="1980-02-28")
    add("patient", id=2, geburtsdatum="1980-02-29")
    assert ids(context, date.fromisoformat(due), birthday="today") == expected


def test_relative_selections() -> None:
    for word in ("today", "tomorrow", "this_month"):
        assert SOURCE.is_relative(PatientSelection(birthday=word))
    assert not SOURCE.is_relative(PatientSelection(birthday="01-01..01-31"))
    assert not SOURCE.is_relative(PatientSelection(search="müller"))


def test_every_key_has_examples_that_are_valid() -> None:
    for name, field in PatientSelection.model_fields.items():
        assert field.description
        assert field.examples
        for example in field.examples:
            assert PatientSelection.model_validate({name: example})


def test_current_sees_changes(
    add: Callable[..., None], change: Callable[..., None], context: Context
) -> None:
    add("patient", id=1, nachname="Alt", geburtsdatum="1980-03-02")
    add("patient", id=2, nachname="Weg", geburtsdatum="1980-03-02")
    add("patient", id=3, nachname="Ohne", geburtsdatum="1980-03-02")
    add("patient", id=4, nachname="Kind", geburtsdatum="2015-03-02", vertreter_id=1)
    refs = [
        RowRef(row.person_id, row.occasion.id if row.occasion else None, None)
        for row in rows(context, birthday="today")
    ]
    change("update patient set nachname = 'Neu' where id = 1")
    change("delete from patient where id = 2")
    change("update patient set geburtsdatum = null where id = 3")
    request = RowRequest(frozenset({"nachname"}), DUE)
    asked = [*refs, RowRef("patient:3", None, None)]
    states = SOURCE.current(context, BIRTHDAY, asked, request)
    assert [state.gone[0] if state.gone else None for state in states] == [
        None,
        "vanished",
        "no_birthday",
        None,
        None,
    ]
    assert states[0].fields == {"nachname": "Neu"}
    assert (states[1].fields, states[2].fields) == (None, {"nachname": "Ohne"})
    assert states[3].consenting_id == "patient:1"
    assert states[4].fields == {"nachname": "Ohne"}


@pytest.mark.usefixtures("people")
def test_the_date_of_birth_is_in_no_result_column(context: Context) -> None:
    from sqlalchemy import event

    from serienpost_practice_db.database import PracticeDb

    results: list[list[str]] = []
    db = PracticeDb.of(context)

    @event.listens_for(db._engine, "after_cursor_execute")
    def remember(_connection: object, cursor: object, *_rest: object) -> None:
        results.append([column[0] for column in cursor.description])

    (row,) = rows(context, birthday="today")
    ref = RowRef(row.person_id, "geburtstag:2026", None)
    SOURCE.current(context, BIRTHDAY, [ref], RowRequest(frozenset({"nachname"}), DUE))
    assert len(results) == 3
    assert {name for columns in results for name in columns} == {
        "id", "representative", "minor", "year", "nachname",
    }  # fmt: skip
