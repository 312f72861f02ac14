"""People, consents and appointments are found again by the index of their keys, of every type."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import sqlalchemy as sa  # noqa: TID253

from serienpost import RowRequest
from serienpost_practice_db import conditions as where
from serienpost_practice_db.database import PracticeDb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from serienpost import Context

PEOPLE = 4000
LONG = "repeat('k', 200) || n"
# Type of the key columns -> the key of a number, as SQL.
KEYS = {
    "uuid": "md5(n::text)::uuid",
    "integer": "n",
    "smallint": "n",
    "bigint": f"{2**63 - 1 - PEOPLE} + n",
    "numeric(19)": f"{10**18} + n",
    "text": LONG,
    "varchar(220)": LONG,
    "char(12)": "'K' || n",  # filled up with blanks, which mean nothing
}
SCHEMA = """
patient:
  table: kartei.person
  id: nr
  where: geloescht IS NULL
  fields: {vorname: name, email: mail, geburtsdatum: geboren, vertreter_id: eltern, gesperrt: zu}
termin:
  table: kartei.besuch
  id: nr
  fields: {patient_id: person, termin_beginn: beginn, termin_status: stand}
einwilligung:
  table: kartei.zusage
  id: nr
  where: [geloescht IS NULL]
  fields:
    person_typ: {expression: "'patient'"}
    person_id: person
    kontaktart: weg
    zweck: zweck
    erteilt_am: von
    widerrufen_am: bis
"""
TABLES = """
DROP SCHEMA IF EXISTS kartei CASCADE;
CREATE SCHEMA kartei;
CREATE TABLE kartei.person (nr {type} PRIMARY KEY, name text, mail text, geboren date,
    eltern {type}, zu int, geloescht timestamptz);
CREATE TABLE kartei.besuch (nr {type} PRIMARY KEY, person {type}, beginn timestamp, stand text);
CREATE TABLE kartei.zusage (nr int PRIMARY KEY, person {type}, weg text, zweck text, von date,
    bis date, geloescht timestamptz);
INSERT INTO kartei.person SELECT {key}, 'N' || n, 'n@example.org', '1980-01-31', NULL, 0,
    NULL FROM generate_series(1, {people}) n;
INSERT INTO kartei.besuch SELECT {key}, {key}, '2027-01-11 08:00', 'geplant'
    FROM generate_series(1, {people}) n;
INSERT INTO kartei.zusage SELECT n, {key}, 'email', 'alle', '2024-01-01', NULL, NULL
    FROM generate_series(1, {people}) n;
CREATE INDEX ON kartei.zusage (person);
ANALYZE kartei.person; ANALYZE kartei.besuch; ANALYZE kartei.zusage;
"""


@pytest.fixture(params=KEYS)
def tables(
    request: pytest.FixtureRequest, server: Callable[..., str]
) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(server(), autocommit=True) as connection:
        text = TABLES.format(type=request.param, key=KEYS[request.param], people=PEOPLE)
        connection.execute(text.encode())
        yield connection
        connection.execute(b"DROP SCHEMA kartei CASCADE")


@pytest.fixture
def practice(
    tables: psycopg.Connection[Any],
    server: Callable[..., str],
    open_practice: Callable[..., Context],
) -> PracticeDb:
    assert tables
    return PracticeDb.of(open_practice(server(), SCHEMA))


def scans(plan: dict[str, Any]) -> Iterator[str]:
    """The ways in which a plan reads tables."""
    if "Relation Name" in plan:
        yield plan["Node Type"]
    for part in plan.get("Plans", ()):
        yield from scans(part)


def test_what_is_looked_up_by_key_is_found_by_the_index(
    practice: PracticeDb, tables: psycopg.Connection[Any]
) -> None:
    request = RowRequest(frozenset({"vorname", "email"}), date(2027, 1, 10))
    found = tables.execute(b"SELECT nr FROM kartei.person ORDER BY name LIMIT 3").fetchall()
    keys = [practice.entity("patient").key(str(key).rstrip()) for (key,) in found]
    ids = [f"patient:{str(key).rstrip()}" for (key,) in found]
    asked: list[tuple[str, Any]] = []

    def note(_c: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:  # noqa: ANN401
        if "kartei" in statement:
            asked.append((statement, parameters))

    engine = practice._engine
    practice.sees("patient")
    sa.event.listen(engine, "before_cursor_execute", note)
    assert set(practice.by_ids("patient", ids, request)) == set(ids)
    assert set(practice.lookup(ids, ["gesperrt"])) == set(ids)
    assert practice.column(ids, "gesperrt") == [0, 0, 0]
    assert all(practice.records("einwilligung", ids, ("kontaktart", "zweck")))
    assert practice.matching("patient", ids, where.is_known("vorname")) == set(ids)
    visits = practice.appointments(["patient"], [where.keys_among(keys)], request)
    assert {row.person_id for batch in visits for row in batch} == set(ids)
    sa.event.remove(engine, "before_cursor_execute", note)
    assert len(asked) == 6
    for statement, parameters in asked:
        ((explained,),) = tables.execute(f"EXPLAIN (FORMAT JSON) {statement}".encode(), parameters)
        used = set(scans(explained[0]["Plan"]))
        assert "Seq Scan" not in used, (statement, used)
        assert used
