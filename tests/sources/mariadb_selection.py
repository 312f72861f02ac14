"""One selection end to end on MariaDB, Debian's server (`make mariadb`)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from mariadb_server import mariadb_server
from same_owners import owners_of_all_addresses

from serienpost import RowRequest, SourceError
from serienpost_practice_db.database import PracticeDb
from serienpost_practice_db.probes import schema_fit
from serienpost_source_appointments.source import AppointmentsSource
from serienpost_source_patients.source import PatientsSource
from serienpost_source_query.source import QuerySource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from serienpost import Context, Row, Source

TABLES = ("patient", "interessent", "behandler", "termin", "behandlung", "einwilligung")
DUE = date(2026, 3, 2)
VENDOR = """
CREATE TABLE mensch (uid uuid PRIMARY KEY, mandant int, ruf text, mail text, sperre text,
    geloescht datetime);
CREATE TABLE besuch (nr bigint PRIMARY KEY, mensch uuid, tag date, uhr time, zone text, stand int);
CREATE TABLE zusage (nr int PRIMARY KEY, mensch uuid, kanal char(2), von char(8), KEY (mensch));
INSERT INTO mensch SELECT CAST(CONCAT('00000000-0000-4000-8000-', LPAD(seq, 12, '0')) AS uuid),
    1 + seq % 2, CONCAT('Ruf', seq), 'k@example.org', NULL, IF(seq % 7, NULL, NOW())
    FROM seq_1_to_3000;
INSERT INTO besuch SELECT 9223372036854775807 - mandant, uid, '2026-03-03', '08:10', '+05:00', 1
    FROM mensch WHERE ruf IN ('Ruf1', 'Ruf2');
INSERT INTO zusage SELECT REPLACE(ruf, 'Ruf', ''), uid, 'EM', '20240101' FROM mensch
"""
WITHOUT_VIEWS = """
patient:
  table: mensch
  id: uid
  where: [geloescht IS NULL, mandant = 2]
  fields:
    vorname: ruf
    email: mail
    gesperrt: {expression: "CASE WHEN sperre IS NULL THEN 0 ELSE 1 END"}
termin:
  table: besuch
  id: nr
  fields:
    patient_id: mensch
    termin_beginn:
      expression: "CONVERT_TZ(TIMESTAMP(tag, uhr), zone, '+01:00')"
      class: appointment
      because: "day and time of the appointment"
    termin_status: {column: stand, values: {"1": geplant}}
einwilligung:
  table: zusage
  id: nr
  fields:
    person_typ: {expression: "'patient'"}
    person_id: mensch
    kontaktart: {column: kanal, values: {EM: email}}
    zweck: {expression: "'alle'"}
    erteilt_am: {expression: "STR_TO_DATE(von, '%Y%m%d')", type: date}
"""


@pytest.fixture(scope="session")
def mariadb(reference: Path) -> Iterator[str]:
    """A server with the demo practice; gives its URL for an account that may only read."""
    with mariadb_server(reference, TABLES, VENDOR.split(";")) as url:
        yield url


def read(source: Source, context: Context, selection: dict[str, Any]) -> list[Row]:
    selected = source.selection.model_validate(selection)
    request = RowRequest(frozenset(source.offers(context, selected)), DUE, (), 20)
    return [row for rows in source.rows(context, selected, request) for row in rows]


@pytest.mark.parametrize(
    ("source", "selection"),
    [
        (PatientsSource(), {}),
        (PatientsSource(), {"search": "mueller"}),
        (PatientsSource(), {"birthday": "this_month"}),
        (PatientsSource(), {"city": "DRESDEN", "last_name": "m"}),
        (AppointmentsSource(), {"day": "+1..+7", "practitioner": "elif yildiz"}),
        (QuerySource(), {"query": "SELECT patient_id AS id FROM termin WHERE dauer > 20"}),
        (
            QuerySource(),
            {
                "query": "SELECT max(id) AS id FROM termin WHERE beginn > '2026-01-01'"
                " GROUP BY patient_id",
                "person": "appointment",
            },
        ),
    ],
)
def test_same_rows(
    open_practice: Callable[..., Context], mariadb: str, source: Source, selection: dict[str, Any]
) -> None:
    expected = read(source, open_practice(), selection)
    assert expected
    assert read(source, open_practice(mariadb), selection) == expected


def test_an_endless_query_is_stopped(open_practice: Callable[..., Context], mariadb: str) -> None:
    slow = "SELECT count(*) AS id FROM patient a, patient b, patient c, patient d, patient e"
    with pytest.raises(SourceError, match="took too long"):
        read(QuerySource(), open_practice(mariadb), {"query": slow, "seconds": 1})


@pytest.mark.parametrize("id_", ["concat(id, ' und mehr')", "'Depression'", "nachname", "0"])
def test_an_id_that_nobody_has_is_nowhere(
    open_practice: Callable[..., Context], mariadb: str, id_: str
) -> None:
    query = f"SELECT {id_} AS id FROM patient"
    assert read(QuerySource(), open_practice(mariadb), {"query": query}) == []


def test_a_comment_that_mariadb_executes_is_gone(
    open_practice: Callable[..., Context], mariadb: str
) -> None:
    query = "SELECT id FROM patient WHERE id = 1 /*! OR id > 0 */"
    (row,) = read(QuerySource(), open_practice(mariadb), {"query": query})
    assert row.person_id == "patient:1"


def test_the_same_owners(
    open_practice: Callable[..., Context], mariadb: str, reference: Path
) -> None:
    owners = owners_of_all_addresses(reference, open_practice())
    assert all(owners)
    assert owners_of_all_addresses(reference, open_practice(mariadb)) == owners


def test_a_vendors_tables_without_views(
    mariadb: str, open_practice: Callable[..., Context]
) -> None:
    context = open_practice(mariadb, WITHOUT_VIEWS)
    db = PracticeDb.of(context)
    ids = [row.person_id for row in read(PatientsSource(), context, {})]
    assert len(ids) == len([n for n in range(1, 3001) if n % 2 and n % 7])
    assert ids[0] == "patient:00000000-0000-4000-8000-000000000001"
    request = RowRequest(frozenset({"vorname"}), DUE)
    assert db.by_ids("patient", ids, request).keys() == set(ids)
    assert db.lookup(ids, ["gesperrt"]).keys() == set(ids)
    records = db.records("einwilligung", ids, ("kontaktart", "erteilt_am"))
    assert {tuple(one[2:]) for found in records for one in found} == {("email", date(2024, 1, 1))}
    ((visit,),) = db.appointments(["patient"], [], request)
    assert visit.occasion
    assert f"{visit.occasion.starts_at:%H:%M}" == "03:10"
    assert visit.occasion.id == f"termin:{2**63 - 3}"
    assert [result for result in schema_fit(context) if not result.ok] == []
    key = "EXPLAIN SELECT * FROM mensch WHERE uid IN (%s)"
    with db._reading() as connection:
        (plan,) = connection.exec_driver_sql(key, (ids[0].removeprefix("patient:"),)).mappings()
    assert plan["key"] == "PRIMARY"
