"""Every database finds the same people by an address."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from serienpost import Address, core_kind
from serienpost_practice_db.database import PracticeDb

if TYPE_CHECKING:
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
