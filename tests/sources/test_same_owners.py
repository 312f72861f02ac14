"""Every database finds the same people by an address."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from serienpost import Address, core_kind
from serienpost_practice_db.database import PracticeDb

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from serienpost import Context


def test_the_same_owners_on_every_database(
    reference: Path, sqlite_practice: Context, other_practice: Context
) -> None:
    with closing(sqlite3.connect(reference)) as db:
        db.row_factory = sqlite3.Row
        people = [dict(row) for row in db.execute("SELECT * FROM patient")]
    for name in ("email", "sms", "letter"):
        kind = core_kind(name)
        found = (kind.address({field: one[field] for field in kind.fields}) for one in people)
        addresses = [each.value for each in found if isinstance(each, Address)]
        assert len(addresses) > 50
        owners = [
            [sorted(each) for each in PracticeDb.of(practice).owners(kind, addresses)]
            for practice in (sqlite_practice, other_practice)
        ]
        assert all(owners[0])
        assert owners[0] == owners[1]


@pytest.mark.parametrize(
    ("name", "field", "address", "written"),
    [
        ("email", "email", "ada@example.org", "{}; anna@example.org"),
        ("email", "email", "ada@example.org", "Ada Muster <{}>"),
        ("email", "email", "ada@example.org", "mailto:{}"),
        ("email", "email", "ada@example.org", "{}."),
        ("email", "email", "ada@example.org", "'{}'"),
        ("email", "email", "ada@example.org", "anna@example.org\n{}"),
        ("sms", "mobil", "+491711234567", "0171 1234567 / 0172 9999999"),
        ("sms", "mobil", "+491711234567", "0172 9999999/0171-1234567"),
        ("sms", "mobil", "+491711234567", "0171 1234567-12"),
        ("sms", "telefon", "+491711234567", "privat 0171 1234567, dienstlich 0351 4567"),
    ],
)
def test_an_address_beside_something_else_is_found_on_postgresql(
    filled: Callable[..., str],
    open_practice: Callable[..., Context],
    name: str,
    field: str,
    address: str,
    written: str,
) -> None:
    import psycopg

    change = f"UPDATE patient SET {field} = %s WHERE id = 1"
    with psycopg.connect(filled(), autocommit=True) as server:
        ((before,),) = server.execute(f"SELECT {field} FROM patient WHERE id = 1")
        server.execute(change, [written.format(address)])
        try:
            db = PracticeDb.of(open_practice(filled("leser")))
            (found,) = db.owners(core_kind(name), [address])
        finally:
            server.execute(change, [before])
    assert [owner.person_id for owner in found] == ["patient:1"]
