"""Whose the addresses of the demo practice are, as one database finds them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date
from typing import TYPE_CHECKING

from serienpost import Address, core_kind
from serienpost_practice_db.database import PracticeDb

if TYPE_CHECKING:
    from pathlib import Path

    from serienpost import AddressOwner, Context


JUDGED_ON = date(2026, 3, 2)


def owners_of_all_addresses(reference: Path, practice: Context) -> list[list[AddressOwner]]:
    """For each address of each kind that a patient has, in the order of the reference."""
    with closing(sqlite3.connect(reference)) as db:
        db.row_factory = sqlite3.Row
        people = [dict(row) for row in db.execute("SELECT * FROM patient")]
    owners: list[list[AddressOwner]] = []
    for name in ("email", "sms", "letter"):
        kind = core_kind(name)
        found = (kind.address({field: one[field] for field in kind.fields}) for one in people)
        addresses = [each.value for each in found if isinstance(each, Address)]
        assert len(addresses) > 50
        owners += [
            sorted(each) for each in PracticeDb.of(practice).owners(kind, addresses, JUDGED_ON)
        ]
    return owners
