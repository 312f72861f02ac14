"""What a query may do, and that it chooses and never supplies."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from serienpost import RowRequest, SourceError
from serienpost_practice_db.database import PracticeDb
from serienpost_source_query.source import QuerySource
from serienpost_source_query.statement import read_statement

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from serienpost import Context, Row

SOURCE = QuerySource()
ENDLESS = (
    "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT max(n) AS id FROM r"
)


def read(context: Context, query: str, *fields: str, **further: object) -> list[Row]:
    selected = SOURCE.selection.model_validate({"query": query, **further})
    SOURCE.offers(context, selected)
    request = RowRequest(frozenset({"nachname", *fields}), date(2026, 3, 2))
    return [row for batch in SOURCE.rows(context, selected, request) for row in batch]


def executed(context: Context, query: str, **further: object) -> str:
    selected = SOURCE.selection.model_validate({"query": query, **further})
    return read_statement(context, selected, PracticeDb.of(context)).sql


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("SELECT id FROM patient; SELECT id FROM patient", "2 statements"),
        ("", "at least 1"),
        ("-- nichts", "0 statements"),
        ("SELEKT id", "is no SELECT"),
        ("SELECT id FROM", "not SQL"),
        ("INSERT INTO patient(id) VALUES (9)", "must not stand"),
        ("UPDATE patient SET vorname = 'x'", "must not stand"),
        ("DELETE FROM patient", "must not stand"),
        ("WITH x AS (DELETE FROM patient RETURNING id) SELECT id FROM x", "must not stand|not SQL"),
        ("SELECT id INTO neu FROM patient", "must not stand"),
        ("CREATE TABLE x AS SELECT id FROM patient", "must not stand"),
        ("ATTACH 'x.db' AS x", "must not stand"),
        ("PRAGMA query_only = 0", "must not stand"),
        ("COPY patient TO '/tmp/x'", "must not stand|not SQL"),
        ("VACUUM INTO '/tmp/x'", "must not stand|not SQL"),
        ("SELECT pg_read_file('/etc/passwd') AS id", "pg_read_file must not stand"),
        ("SELECT load_extension('x') AS id", "load_extension must not stand"),
        ("SELECT id FROM patiente", "patiente is none that a query may read"),
        ("SELECT patient_id AS id FROM behandlung", "behandlung is none that a query may read"),
        ("SELECT kuerzel AS id FROM systemkuerzel", "never read by a query"),
        ("SELECT kuerzel AS id FROM main.systemkuerzel", "never read by a query"),
        ("SELECT name AS id FROM sqlite_master", "is none that a query may read"),
        ("SELECT value AS id FROM json_each('[1]')", "name tables"),
        ("SELECT nummer AS id, nachname FROM patient", "returns nachname beside id"),
        ("SELECT nummer AS id, max(nummer) FROM patient", "returns a value without a name beside"),
        ("SELECT id, id FROM patient", "id more than once"),
        ("SELECT id FROM patient WHERE nachnahme = 'x'", "nachnahme"),
        ("SELECT id FROM patient WHERE id = ?", "is written :name"),
        ("SELECT id FROM patient WHERE hex(id) = '1'", "hex must not stand"),
        ("WITH patient AS (SELECT 1 AS id) SELECT id FROM patient", "patient under WITH is taken"),
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
    add("termin", patient_id=1, beginn="2026-03-02 09:00:00")
    add("termin", patient_id=1, beginn="2026-03-03 09:00:00")
    assert len(read(context, "SELECT patient_id AS id FROM termin")) == 1


def test_columns_of_a_query_are_no_more(context: Context) -> None:
    with pytest.raises(ValueError, match="write person: appointment") as refused:
        read(context, "SELECT id, nachname FROM patient", columns=["nachname"])
    assert "under schema:" in str(refused.value)


def test_appointments_are_read_by_their_ids(context: Context, add: Callable[..., None]) -> None:
    add("patient", id=1, nachname="Alt")
    add("interessent", id=4, nachname="Neu")
    add("termin", id=7, patient_id=1, beginn="2026-07-02 09:00:00", status="geplant")
    add("termin", id=8, interessent_id=4, beginn="2026-07-03 09:00:00", status="geplant")
    add("termin", id=9, patient_id=1, beginn="2026-07-04 09:00:00", status="abgesagt")
    query = "SELECT min(id) AS id FROM termin GROUP BY patient_id UNION SELECT 9 UNION SELECT 77"
    rows = read(context, query, "termin_beginn", person="appointment")
    assert [row.id for row in rows] == ["patient:1/termin:7", "interessent:4/termin:8"]
    assert rows[0].fields == {
        "nachname": "Alt",
        "termin_beginn": datetime(2026, 7, 2, 7, 0, tzinfo=UTC),
    }
    assert rows[0].occasion
    assert rows[0].occasion.expires_at == datetime(2026, 7, 2, 7, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("id_", "found"),
    [
        ("id", True),
        ("id + 0.0", True),
        ("'1'", True),
        ("'1 und mehr'", False),
        ("'Depression'", False),
        ("NULL", False),
        ("-1", False),
        ("nachname", False),
    ],
)
def test_an_id_that_nobody_has_is_nowhere(
    context: Context, add: Callable[..., None], id_: str, found: bool
) -> None:
    add("patient", id=1, nachname="Alt")
    rows = read(context, f"SELECT {id_} AS id FROM patient")
    assert [row.person_id for row in rows] == (["patient:1"] if found else [])


def test_what_is_run_holds_no_text_and_no_comment(context: Context) -> None:
    sql = executed(
        context,
        "SELECT /* eins */ p.ID -- zwei\n FROM PATIENT p WHERE ort = 'Ulm''; --' AND plz < :bis",
        parameters={"bis": "9"},
    )
    assert sql == (
        "SELECT `p`.`id` AS `id` FROM `patient` AS `p`"
        " WHERE `p`.`ort` = :text_0 AND `p`.`plz` < :bis"
    )


def test_a_name_under_with_hides_no_table(context: Context) -> None:
    sql = executed(context, "WITH a AS (SELECT id FROM patient) SELECT id FROM A")
    assert "FROM `with_0` AS `a`" in sql


def test_a_parameter_called_like_one_of_ours_keeps_its_value(
    context: Context, add: Callable[..., None]
) -> None:
    add("patient", id=1, nachname="Alt", ort="Ulm")
    query = "SELECT id FROM patient WHERE nachname = :text_0 AND ort = 'Ulm'"
    assert len(read(context, query, parameters={"text_0": "Alt"})) == 1
    assert read(context, query, parameters={"text_0": "Ulm"}) == []
