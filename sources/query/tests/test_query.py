"""What a query may do, and which of its columns a text may use."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from serienpost import RowRequest, SourceError
from serienpost_source_query.source import QuerySource

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from serienpost import Context, Row

SOURCE = QuerySource()
ENDLESS = (
    "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT max(n) AS id FROM r"
)


def offers(context: Context, query: str, *columns: str) -> dict[str, str | None]:
    selected = SOURCE.selection.model_validate({"query": query, "columns": list(columns)})
    return dict(SOURCE.offers(context, selected))


def read(context: Context, query: str, *columns: str, **further: object) -> list[Row]:
    selection = {"query": query, "columns": list(columns), **further}
    selected = SOURCE.selection.model_validate(selection)
    SOURCE.offers(context, selected)
    request = RowRequest(frozenset({"nachname", *columns}), date(2026, 3, 2))
    return [row for batch in SOURCE.rows(context, selected, request) for row in batch]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("SELECT id FROM patient; SELECT id FROM patient", "2 statements"),
        ("", "at least 1"),
        ("-- nichts", "0 statements"),
        ("SELEKT id", "more than read|not SQL"),
        ("SELECT id FROM", "not SQL"),
        ("INSERT INTO patient(id) VALUES (9)", "more than read"),
        ("UPDATE patient SET vorname = 'x'", "more than read"),
        ("DELETE FROM patient", "more than read"),
        ("WITH x AS (DELETE FROM patient RETURNING id) SELECT id FROM x", "more than read|not SQL"),
        ("SELECT id INTO neu FROM patient", "more than read"),
        ("CREATE TABLE x AS SELECT id FROM patient", "more than read"),
        ("ATTACH 'x.db' AS x", "more than read"),
        ("PRAGMA query_only = 0", "more than read"),
        ("COPY patient TO '/tmp/x'", "more than read|not SQL"),
        ("VACUUM INTO '/tmp/x'", "more than read|not SQL"),
        ("SELECT pg_read_file('/etc/passwd') AS id", "pg_read_file must not stand"),
        ("SELECT load_extension('x') AS id", "load_extension must not stand"),
        ("SELECT id FROM patiente", "has no table patiente"),
        ("SELECT nummer AS id, nachnahme FROM patient", "nachnahme"),
        ("SELECT nummer FROM patient", "no column id"),
        ("SELECT id FROM patient WHERE nummer = :nummer", "differ in nummer"),
        ("abfragen/fehlt.sql", "no file abfragen/fehlt.sql"),
    ],
)
def test_bad_queries_are_refused(context: Context, query: str, words: str) -> None:
    with pytest.raises((SourceError, ValueError), match=words):
        read(context, query)


def test_an_endless_query_is_stopped(context: Context) -> None:
    with pytest.raises(SourceError, match="took too long"):
        read(context, ENDLESS, seconds=1)


def test_a_parameter_too_many_is_refused(context: Context) -> None:
    with pytest.raises(SourceError, match="differ in uebrig"):
        read(context, "SELECT id FROM patient", parameters={"uebrig": 1})


def test_the_file_of_the_database_stays_as_it_is(
    context: Context, database: Path, add: Callable[..., None]
) -> None:
    add("patient", id=1)
    before = hashlib.sha256(database.read_bytes()).hexdigest()
    assert len(read(context, "SELECT id FROM patient -- alle")) == 1
    assert hashlib.sha256(database.read_bytes()).hexdigest() == before
    assert [path.name for path in database.parent.iterdir()] == [database.name]


def test_values_are_bound(context: Context, add: Callable[..., None]) -> None:
    add("patient", id=1, ort="Ulm'; drop table patient; --")
    query = "SELECT id FROM patient WHERE ort = :ort"
    rows = read(context, query, parameters={"ort": "Ulm'; drop table patient; --"})
    assert [row.person_id for row in rows] == ["patient:1"]


def test_a_query_in_a_file(
    context: Context, practice_folder: Path, add: Callable[..., None]
) -> None:
    (practice_folder / "alle.sql").write_text("SELECT id\nFROM interessent;\n", "utf-8")
    add("interessent", id=4, nachname="Neu")
    (row,) = read(context, "alle.sql", person="interessent")
    assert (row.person_id, row.fields) == ("interessent:4", {"nachname": "Neu"})


def test_somebody_returned_twice_comes_once(context: Context, add: Callable[..., None]) -> None:
    add("patient", id=1)
    add("termin", patient_id=1, beginn="2026-03-02 09:00:00", raum="Labor")
    add("termin", patient_id=1, beginn="2026-03-03 09:00:00", raum="Labor")
    query = "SELECT patient_id AS id, raum AS termin_raum FROM termin"
    assert len(read(context, query)) == 1
    with pytest.raises(SourceError, match="patient:1 more than once"):
        read(context, query, "termin_raum")


def test_columns_of_the_query_are_fields(context: Context, add: Callable[..., None]) -> None:
    add("patient", id=1, nachname="Alt")
    add("termin", patient_id=1, beginn="2026-07-02 09:00:00")
    query = "SELECT patient_id AS id, min(beginn) AS termin_beginn FROM termin GROUP BY patient_id"
    assert offers(context, query, "termin_beginn")["termin_beginn"] == "appointment"
    (row,) = read(context, query, "termin_beginn")
    assert row.fields == {
        "nachname": "Alt",
        "termin_beginn": datetime(2026, 7, 2, 7, 0, tzinfo=UTC),
    }


@pytest.mark.parametrize(
    "query",
    [
        "SELECT patient_id AS id, diagnose AS info FROM behandlung",
        "SELECT patient_id AS id, lower(trim(diagnose)) AS info FROM behandlung",
        "SELECT patient_id AS id, 'x' || diagnose AS info FROM behandlung",
        "SELECT id, beruf AS info FROM patient",
        "SELECT id, geburtsdatum AS info FROM patient",
        "SELECT id, email AS info FROM patient",
        "SELECT id, CASE WHEN beruf = 'x' THEN 'a' END AS info FROM patient",
        "SELECT id, 1 AS info FROM patient",
        "SELECT id, count(*) AS info FROM patient GROUP BY id",
        "SELECT id, (SELECT diagnose FROM behandlung LIMIT 1) AS info FROM patient",
        "SELECT id, EXISTS (SELECT 1 FROM behandlung WHERE diagnose = 'x') AS info FROM patient",
        (
            "WITH b AS (SELECT patient_id, diagnose AS d FROM behandlung)"
            " SELECT patient_id AS id, d AS info FROM b"
        ),
        (
            "SELECT x.id, x.info FROM (SELECT p.id, b.diagnose AS info FROM patient p"
            " JOIN behandlung b ON b.patient_id = p.id) x"
        ),
        (
            "SELECT id, nachname AS info FROM patient"
            " UNION ALL SELECT patient_id, diagnose FROM behandlung"
        ),
        (
            "SELECT p.id, first_value(b.diagnose) OVER (PARTITION BY p.id) AS info FROM patient p"
            " JOIN behandlung b ON b.patient_id = p.id"
        ),
        "SELECT patient_id AS id, terminart AS info FROM termin",
        "SELECT id, coalesce(nachname, beruf) AS info FROM patient",
        "SELECT p.*, b.diagnose AS info FROM patient p JOIN behandlung b ON b.patient_id = p.id",
    ],
)
def test_columns_that_must_not_leave(context: Context, query: str) -> None:
    with pytest.raises(SourceError, match="info"):
        offers(context, query, "info")


@pytest.mark.parametrize(
    ("query", "column"),
    [
        ("SELECT patient_id AS id, diagnose AS termin_raum FROM behandlung", "termin_raum"),
        ("SELECT patient_id AS id, terminart AS termin_raum FROM termin", "termin_raum"),
        ("SELECT id, nachname AS vorname FROM patient", "vorname"),
        ("SELECT id, email FROM patient", "email"),
        ("SELECT id FROM patient", "info"),
    ],
)
def test_columns_do_not_pass_as_other_fields(context: Context, query: str, column: str) -> None:
    with pytest.raises(SourceError, match=column):
        offers(context, query, column)
