"""SQLite, PostgreSQL and a vendor's schema give the same rows for the same selections."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from serienpost import RowRef, RowRequest, SourceError
from serienpost_practice_db.database import PracticeDb
from serienpost_practice_db.mapping import REFERENCE_SCHEMA
from serienpost_source_appointments.source import AppointmentsSource
from serienpost_source_interessenten.source import InteressentenSource
from serienpost_source_patients.source import PatientsSource
from serienpost_source_query.source import QuerySource

if TYPE_CHECKING:
    from collections.abc import Callable

    from serienpost import Context, Row, Source

DUE = date(2026, 3, 2)
READER = "leser"
PATIENTS, APPOINTMENTS = PatientsSource(), AppointmentsSource()
INTERESSENTEN = InteressentenSource()
SELECTIONS: list[tuple[Source, dict[str, Any]]] = [
    (PATIENTS, {}),
    (PATIENTS, {"search": "mueller"}),
    (PATIENTS, {"search": "dresden example.org"}),
    (PATIENTS, {"last_name": "m"}),
    (PATIENTS, {"city": "DRESDEN"}),
    (PATIENTS, {"postal_code": "01000-01999"}),
    (PATIENTS, {"birthday": "this_month"}),
    (PATIENTS, {"birthday": "12-20..01-05"}),
    (PATIENTS, {"practitioner": "Groß"}),
    (PATIENTS, {"practitioner": 3}),
    (PATIENTS, {"last_visit_before": "2025-06-01"}),
    (PATIENTS, {"last_visit_after": "2025-06-01", "language": "de"}),
    (PATIENTS, {"ids": [1, 23, "patient:25", 9999]}),
    (INTERESSENTEN, {}),
    (INTERESSENTEN, {"status": ["NEU", "beraten"]}),
    (INTERESSENTEN, {"concern": "ernaehrung"}),
    (INTERESSENTEN, {"origin": ["webseite"]}),
    (APPOINTMENTS, {"day": "tomorrow"}),
    (APPOINTMENTS, {"day": "+1..+7"}),
    (APPOINTMENTS, {"day": "+1", "status": ["geplant"]}),
    (APPOINTMENTS, {"day": "2026-02-16..2026-02-27", "status": ["nicht_erschienen"]}),
    (APPOINTMENTS, {"day": "+1..+7", "practitioner": "elif yildiz"}),
    (APPOINTMENTS, {"day": "+1..+7", "type": ["langzeit-ekg"], "room": ["Zimmer 1", "labor"]}),
    (APPOINTMENTS, {"day": "+1..+7", "person": ["interessent"]}),
]  # fmt: skip
each_selection = pytest.mark.parametrize(("source", "selection"), SELECTIONS)


def read(
    source: Source, context: Context, selection: dict[str, Any], *order: str, batch: int = 7
) -> list[Row]:
    selected = source.selection.model_validate(selection)
    offered = frozenset(source.offers(context, selected))
    request = RowRequest(offered, DUE, order, batch)
    return [row for rows in source.rows(context, selected, request) for row in rows]


@each_selection
def test_same_rows(
    sqlite_practice: Context,
    other_practice: Context,
    source: Source,
    selection: dict[str, Any],
) -> None:
    expected = read(source, sqlite_practice, selection)
    assert expected
    assert read(source, other_practice, selection) == expected


@each_selection
def test_same_standing(
    sqlite_practice: Context, other_practice: Context, source: Source, selection: dict[str, Any]
) -> None:
    rows = read(source, sqlite_practice, selection)
    refs = [
        RowRef(
            row.person_id,
            row.occasion.id if row.occasion else None,
            row.occasion.starts_at if row.occasion else None,
        )
        for row in rows
    ]
    request = RowRequest(frozenset(rows[0].fields), DUE)
    selected = source.selection.model_validate(selection)
    expected = source.current(sqlite_practice, selected, refs, request)
    assert [state.gone for state in expected] == [None] * len(refs)
    assert source.current(other_practice, selected, refs, request) == expected


@pytest.mark.parametrize("order", [("nachname", "-ort"), ("-plz",)])
@pytest.mark.parametrize("source", [PATIENTS, INTERESSENTEN, APPOINTMENTS])
def test_same_order(
    sqlite_practice: Context, other_practice: Context, source: Source, order: tuple[str, ...]
) -> None:
    selection = {"day": "+1..+7"} if source is APPOINTMENTS else {}
    expected = read(source, sqlite_practice, selection, *order)
    assert read(source, other_practice, selection, *order) == expected


def test_queries_on_postgresql(
    open_practice: Callable[..., Context], filled: Callable[..., str]
) -> None:
    sqlite, postgresql = open_practice(), open_practice(filled(READER))
    selection = {
        "query": "SELECT max(id) AS id FROM termin WHERE patient_id IS NOT NULL"
        " AND dauer >= :minuten AND beginn > '2026-01-01' AND beginn < :bis GROUP BY patient_id;",
        "parameters": {"minuten": 40, "bis": "2027-01-01"},
        "person": "appointment",
    }
    expected = read(QuerySource(), sqlite, selection)
    assert {type(row.fields["termin_beginn"]) for row in expected} == {datetime}
    assert read(QuerySource(), postgresql, selection) == expected


def test_the_first_example_is_what_is_assumed(
    open_practice: Callable[..., Context], first_example: str
) -> None:
    schema = PracticeDb.of(open_practice(schema=first_example)).schema
    assert schema.entities.keys() == REFERENCE_SCHEMA.entities.keys()
    for name, entity in REFERENCE_SCHEMA.entities.items():
        assert schema.entities[name] == entity


def test_times_are_utc_and_expire_at_the_begin(sqlite_practice: Context) -> None:
    rows = read(APPOINTMENTS, sqlite_practice, {"day": "tomorrow"})
    assert all(
        row.occasion
        and row.occasion.starts_at == row.occasion.expires_at == row.fields["termin_beginn"]
        for row in rows
    )
    assert rows[0].occasion
    assert rows[0].occasion.starts_at == datetime(2026, 3, 3, 7, 0, tzinfo=UTC)


def test_slots_without_a_person_and_cancelled_ones_are_no_recipients(
    sqlite_practice: Context,
) -> None:
    rows = read(APPOINTMENTS, sqlite_practice, {"day": "+1..+13"})
    assert {row.fields["termin_status"] for row in rows} == {"geplant", "bestaetigt"}


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT pg_sleep(20) AS id",
        "SELECT id FROM patient WHERE dblink('x') IS NULL",
    ],
)
def test_harmful_functions_on_postgresql(
    open_practice: Callable[..., Context], filled: Callable[..., str], statement: str
) -> None:
    with pytest.raises(SourceError, match="must not stand in a query"):
        read(QuerySource(), open_practice(filled(READER)), {"query": statement})


def test_no_query_runs_as_superuser(
    open_practice: Callable[..., Context], filled: Callable[..., str]
) -> None:
    with pytest.raises(SourceError, match="could read files of the server"):
        read(QuerySource(), open_practice(filled("postgres")), {"query": "SELECT id FROM patient"})


def test_an_endless_query_is_stopped_on_postgresql(
    open_practice: Callable[..., Context], filled: Callable[..., str]
) -> None:
    endless = (
        "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT max(n) AS id FROM r"
    )
    with pytest.raises(SourceError, match="took too long"):
        read(QuerySource(), open_practice(filled(READER)), {"query": endless, "seconds": 1})


def test_a_database_that_goes_away_in_the_middle(
    open_practice: Callable[..., Context], filled: Callable[..., str]
) -> None:
    import psycopg

    selected = PATIENTS.selection.model_validate({})
    request = RowRequest(frozenset({"nachname"}), DUE, batch=1)
    batches = PATIENTS.rows(open_practice(filled(READER)), selected, request)
    next(batches)
    with psycopg.connect(filled(), autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", [READER]
        )
    with pytest.raises(SourceError, match="stopped answering"):
        list(batches)
