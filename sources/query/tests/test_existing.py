"""A query reads no record that the schema leaves out by `where:`, however it comes to the table."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date
from typing import TYPE_CHECKING

import pytest

from serienpost import RowRequest, SourceError
from serienpost_practice_db.database import PracticeDb
from serienpost_practice_db.settings import DatabaseUrl, SchemaFile
from serienpost_source_query.selection import QuerySelection
from serienpost_source_query.source import QuerySource
from serienpost_source_query.statement import reads_clock

if TYPE_CHECKING:
    from pathlib import Path

    from serienpost import Context
    from serienpost_testkit.contexts import MakeContext

TABLES = """
CREATE TABLE person (nr INTEGER PRIMARY KEY, "Art" TEXT, name TEXT, gruppe INTEGER);
CREATE TABLE gruppe (nr INTEGER PRIMARY KEY, stand TEXT);
CREATE TABLE besuch (nr INTEGER PRIMARY KEY, person INTEGER, fort TEXT);
INSERT INTO gruppe VALUES (1, 'offen'), (2, 'zu'), (3, NULL);
INSERT INTO person VALUES (1, 'P', 'Eins', 1), (2, 'P', 'Zwei', 2), (3, 'I', 'Drei', NULL),
    (4, 'X', 'Vier', 1), (5, 'P', 'Fünf', 1), (6, 'P', 'Sechs', 3), (7, NULL, 'Sieben', 1);
INSERT INTO besuch VALUES (10, 1, NULL), (11, 5, 'ja'), (12, 2, NULL), (13, 3, NULL), (14, 4, NULL);
"""
# One table for two kinds of person; a joined one decides who exists.
SCHEMA = """
patient:
  table: person
  id: nr
  joins: {gruppe: gruppe.nr = person.gruppe}
  where: ["\\"Art\\" = 'P'", "gruppe.stand = 'offen'"]
  fields: {vorname: name}
interessent: {table: person, id: nr, where: "person.Art = 'I'", fields: {nachname: name}}
termin:
  table: besuch
  id: nr
  where: fort IS NULL
  fields: {patient_id: person, termin_beginn: fort}
"""


@pytest.fixture
def context(practice_folder: Path, make_context: MakeContext) -> Context:
    with closing(sqlite3.connect(practice_folder / "praxis.db")) as connection, connection:
        connection.executescript(TABLES)
    (practice_folder / "schema.yaml").write_text(SCHEMA)
    claimed = {"database": DatabaseUrl("sqlite:///praxis.db"), "schema": SchemaFile("schema.yaml")}
    return make_context(claimed=claimed)


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        # The patients that exist are 1 and 5, whatever the query returns.
        ("SELECT nr AS id FROM person", [1, 5]),
        ("SELECT p.nr AS id FROM person p WHERE p.nr > 1", [5]),
        # What it counts and compares exists too: 1 and 5, and 3 of the Interessenten.
        ("SELECT nr AS id FROM person WHERE (SELECT count(*) FROM person) = 3", [1, 5]),
        ("SELECT p.nr AS id FROM person p JOIN person o ON o.nr = p.nr + 4", [1]),
        ("SELECT p.nr AS id FROM person p JOIN person o ON o.nr = p.nr + 1", []),
        ("SELECT 5 AS id FROM person o WHERE o.nr = 3", [5]),
        ("SELECT 5 AS id FROM person o WHERE o.nr IN (2, 4, 6, 7)", []),
        # Appointments that are gone bring nobody.
        ("SELECT person AS id FROM besuch", [1]),
        ("SELECT besuch.person AS id FROM besuch, person WHERE besuch.person = person.nr", [1]),
        ("SELECT nr AS id FROM person WHERE nr IN (SELECT person FROM besuch)", [1]),
        ("SELECT nr AS id FROM person WHERE nr NOT IN (SELECT b.person FROM besuch b)", [5]),
        ("WITH alle AS (SELECT person FROM besuch) SELECT person AS id FROM alle", [1]),
        ("SELECT person AS id FROM besuch UNION SELECT nr FROM person WHERE name = 'Fünf'", [1, 5]),
        ("SELECT x.person AS id FROM (SELECT person FROM besuch) AS x", [1]),
        # A table that only joins is as it is.
        ("SELECT 1 AS id FROM gruppe WHERE stand = 'zu'", [1]),
    ],
)  # fmt: skip
def test_only_what_exists_is_read(context: Context, query: str, keys: list[int]) -> None:
    selected = QuerySelection.model_validate({"query": query})
    request = RowRequest(frozenset({"vorname"}), date(2026, 3, 2))
    rows = [row for batch in QuerySource().rows(context, selected, request) for row in batch]
    assert [row.person_id for row in rows] == [f"patient:{key}" for key in keys]


@pytest.mark.parametrize(
    ("condition", "is_asked"),
    [("fort IS NULL", False), ("fort > date('now')", True), ("fort < CURRENT_TIMESTAMP", True)],
)
def test_a_condition_that_asks_for_the_day_makes_the_query_ask_for_it(
    context: Context, practice_folder: Path, condition: str, *, is_asked: bool
) -> None:
    schema = practice_folder / "schema.yaml"
    schema.write_text(SCHEMA.replace("fort IS NULL", condition))
    selected = QuerySelection.model_validate({"query": "SELECT person AS id FROM besuch"})
    assert reads_clock(context, selected, PracticeDb.of(context)) == is_asked


@pytest.mark.parametrize("condition", ["weg IS NOT NULL", '"weg" <> 1'])
def test_a_condition_over_a_column_that_is_not_there_is_no_text(
    context: Context, practice_folder: Path, condition: str
) -> None:
    schema = practice_folder / "schema.yaml"
    schema.write_text(SCHEMA.replace("fort IS NULL", f"|-\n    {condition}"))
    selected = QuerySelection.model_validate({"query": "SELECT person AS id FROM besuch"})
    request = RowRequest(frozenset({"vorname"}), date(2026, 3, 2))
    with pytest.raises(SourceError, match="does not fit"):
        [*QuerySource().rows(context, selected, request)]
