"""How a row may be named by the beginning of its id."""

from __future__ import annotations

import pytest

from serienpost.ledger.runs import _begins


@pytest.mark.parametrize(
    ("row", "name", "begins"),
    [
        ("table:879b1c2d", "table:87", True),
        ("table:879b1c2d", "879b", True),
        ("table:879b1c2d", "79b", False),
        ("table:879b1c2d", "table:879b1c2d", True),
        ("patient:17", "patient:1", False),
        ("patient:17", "1", False),
        ("patient:17", "patient:17", True),
        ("patient:17", "pat", True),
        ("patient:1/termin:55", "patient:1/termin:5", False),
        ("patient:1/termin:55", "patient:1/t", True),
        ("patient:1/termin:55", "patient:1", True),
    ],
)
def test_a_number_is_never_the_beginning_of_a_longer_one(row: str, name: str, begins: bool) -> None:
    assert _begins(row, name) is begins
