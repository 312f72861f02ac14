"""Every database finds the same people by an address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from same_owners import owners_of_all_addresses

if TYPE_CHECKING:
    from pathlib import Path

    from serienpost import Context


def test_the_same_owners_on_every_database(
    reference: Path, sqlite_practice: Context, other_practice: Context
) -> None:
    owners = owners_of_all_addresses(reference, sqlite_practice)
    assert all(owners)
    assert owners_of_all_addresses(reference, other_practice) == owners
