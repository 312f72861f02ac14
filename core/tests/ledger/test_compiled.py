"""Changes that are compiled once: the same for drivers with ordered and with named parameters."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import bindparam, update  # noqa: TID253
from sqlalchemy.dialects import postgresql, sqlite  # noqa: TID253

from serienpost.ledger.compiled import PRACTICE, compiled
from serienpost.ledger.schema import microseconds, run

if TYPE_CHECKING:
    from conftest import Desk

RENAME = (
    update(run)
    .where(run.c.practice == PRACTICE, run.c.id == bindparam("b_run"), run.c.kind == "email")
    .values(title=bindparam("b_title"))
)


def test_a_driver_with_ordered_parameters_gets_their_order() -> None:
    change = compiled(RENAME, sqlite.dialect())
    assert change.order == ("b_title", "b_practice", "b_run", "kind_1")
    assert change.constants["kind_1"] == "email"
    assert change.text.count("?") == 4


def test_a_driver_with_named_parameters_gets_names() -> None:
    change = compiled(RENAME, postgresql.dialect(paramstyle="pyformat"))
    assert change.order is None
    assert "%(b_title)s" in change.text


def test_each_row_changes_its_own_and_no_other_practice(desk: Desk) -> None:
    for name in ("r1", "r2"):
        desk.add_run(name)
    with desk.ledger.begin() as tx:
        rows = [{"b_run": "r1"}, {"b_run": "none"}, {"b_run": "r2"}]
        assert tx.change(RENAME, rows, b_title="new") == 2
        assert tx.change(RENAME, [], b_title="nothing") == 0
        tx.practice = "elsewhere"
        assert tx.change(RENAME, rows, b_title="other") == 0
    with desk.ledger.read() as tx:
        assert {row.title for row in tx.all(tx.select(run))} == {"new"}


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(TypeError):
        microseconds(datetime(2026, 1, 1))  # noqa: DTZ001
