"""Who reads people for a selection is killed: what was read before stays, with its marks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from fault_harness.practice import KILLED, ROWS

from serienpost.ledger.schema import selected, selection

if TYPE_CHECKING:
    from collections.abc import Callable

    from fault_harness.practice import Done, Practice

LEDGERS = ["sqlite", "postgresql"]
# Where reading anew writes: it is asked for and taken up, one batch is kept, then it is done. The
# first two transactions are those of asking and taking up.
POINTS = [
    "selection.after_commit:1",
    "selection.after_commit:2",
    "selected.before_commit:1",
    "selected.after_commit:1",
    "selection.before_commit:3",
]


def standing(done: Done) -> list[object]:
    """State, reason and number of rows of a selection, as the program writes them."""
    found: list[object] = json.loads(done.out)
    return found


@pytest.mark.parametrize("backend", LEDGERS)
@pytest.mark.parametrize("point", ["selection.after_commit:2", "selected.after_commit:1"])
def test_who_dies_while_reading_leaves_a_selection_that_has_failed(
    new: Callable[..., Practice], backend: str, point: str
) -> None:
    practice = new(backend)
    assert practice("select", fault=point).code == KILLED
    (row,) = practice.rows(selection)
    assert (row["state"], row["owner"] is None) == ("reading", False)
    refused = practice("unmark-selected", row["id"])
    assert (refused.code, "the process that read it has ended" in refused.err) == (3, True)
    failed = ["failed", "the process that read it has ended", 0]
    assert standing(practice.must("show-selected", row["id"])) == failed
    assert practice("read-selected", row["id"]).code == 3
    assert practice.rows(selected) == []
    assert standing(practice.must("select-again", row["id"])) == ["ready", None, ROWS]


@pytest.mark.parametrize(
    ("backend", "point"), [*(("sqlite", one) for one in POINTS), ("postgresql", POINTS[3])]
)
def test_what_was_read_before_outlives_who_dies_while_reading_anew(
    new: Callable[..., Practice], backend: str, point: str
) -> None:
    practice = new(backend)
    practice.must("select")
    (row,) = practice.rows(selection)
    practice.must("unmark-selected", row["id"])
    before = practice.rows(selected)
    assert [one["row_id"] for one in before if not one["marked"]] == ["patient:3"]

    assert practice("select-again", row["id"], fault=point).code == KILLED
    waits = point == "selection.after_commit:1"
    state, _reason, number = standing(practice.must("show-selected", row["id"]))
    assert (state, number) == ("reading" if waits else "failed", ROWS)
    assert practice.rows(selected) == before
    done = practice.must("read-selected" if waits else "select-again", row["id"])
    assert standing(done) == ["ready", None, ROWS]
    assert practice.rows(selected) == before


def test_marks_are_changed_as_a_whole_or_not_at_all(new: Callable[..., Practice]) -> None:
    practice = new("sqlite")
    practice.must("select")
    (row,) = practice.rows(selection)
    for when, marked in (("before", True), ("after", False)):
        fault = f"selection.{when}_commit:1"
        assert practice("unmark-selected", row["id"], fault=fault).code == KILLED
        (third,) = (one for one in practice.rows(selected) if one["row_id"] == "patient:3")
        assert third["marked"] is marked
