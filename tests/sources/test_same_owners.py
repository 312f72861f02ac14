"""Every database finds the same people by an address."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from same_owners import JUDGED_ON, owners_of_all_addresses

from serienpost import core_kind
from serienpost_practice_db.database import PracticeDb

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from serienpost import Context


def test_the_same_owners_on_every_database(
    reference: Path, sqlite_practice: Context, other_practice: Context
) -> None:
    owners = owners_of_all_addresses(reference, sqlite_practice)
    assert all(owners)
    assert owners_of_all_addresses(reference, other_practice) == owners


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
            (found,) = db.owners(core_kind(name), [address], JUDGED_ON)
        finally:
            server.execute(change, [before])
    assert [owner.person_id for owner in found] == ["patient:1"]
