"""One selection end to end on MariaDB, Debian's server (`make mariadb`)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from mariadb_server import mariadb_server
from same_owners import owners_of_all_addresses

from serienpost import RowRequest, SourceError
from serienpost_source_appointments.source import AppointmentsSource
from serienpost_source_patients.source import PatientsSource
from serienpost_source_query.source import QuerySource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from serienpost import Context, Row, Source

TABLES = ("patient", "interessent", "behandler", "termin", "behandlung", "einwilligung")
DUE = date(2026, 3, 2)


@pytest.fixture(scope="session")
def mariadb(reference: Path) -> Iterator[str]:
    """A server with the demo practice; gives its URL for an account that may only read."""
    with mariadb_server(reference, TABLES) as url:
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
