"""What a database says in an error is told as far as it names what we asked for."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import ProgrammingError  # noqa: TID253

from serienpost_practice_db.failures import SCHEMA, translated

STATEMENT = """SELECT patient.id, patient.vorname FROM (SELECT p.nr AS id, p."vname" AS vorname
FROM clinic.person AS p WHERE p.art = 'Kanari') AS patient WHERE p.nr IN (1)"""


class _Undefined(Exception):  # noqa: N818  # stands for the driver's
    """An error of PostgreSQL of the class 42, or of MariaDB by its number."""

    sqlstate: str | None = "42703"


def told(*args: object, sqlstate: str | None = "42703") -> str:
    cause = _Undefined(*args)
    cause.sqlstate = sqlstate
    return str(translated(ProgrammingError(STATEMENT, None, cause), SCHEMA))


@pytest.mark.parametrize(
    ("args", "sqlstate", "name"),
    [
        (("column p.vname does not exist",), "42703", "p.vname"),
        (('relation "clinic.person" does not exist\nLINE 1: Kanari',), "42P01", "clinic.person"),
        ((1054, "Unknown column 'p.vname' in 'SELECT'"), None, "p.vname"),
        ((1146, "Table 'clinic.person' doesn't exist"), None, "clinic.person"),
        (("no such column: p.vname",), None, "p.vname"),
    ],
)
def test_what_we_named_is_told(args: tuple[object, ...], sqlstate: str | None, name: str) -> None:
    assert f"it knows no {name} (" in told(*args, sqlstate=sqlstate)


@pytest.mark.parametrize(
    ("args", "sqlstate"),
    [
        (("Kanari does not exist",), "42703"),
        (('relation "Kanari" does not exist',), "42P01"),
        (("function f(Kanari) does not exist\nLINE 1: SELECT p.vname",), "42883"),
        ((1054, "Kanari"), None),
        ((1305, "FUNCTION Kanari.f does not exist"), None),
        (("no such column: Kanari",), None),
    ],
)
def test_a_value_in_an_error_is_not(args: tuple[object, ...], sqlstate: str | None) -> None:
    """A function behind a view raises what it likes, with any code."""
    said = told(*args, sqlstate=sqlstate)
    assert "Kanari" not in said
    assert "a name is unknown" in said
