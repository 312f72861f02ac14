"""Two processes find a due date of a schedule at once, and one of them is killed on the way to its
release: it is entered once, released once, and each person gets it once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fault_harness.practice import KILLED, ROWS
from fault_harness.scenarios import come_due

from serienpost.ledger.schema import due as due_table
from serienpost.ledger.schema import run as run_table

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest
    from conftest import Figures
    from fault_harness.practice import Practice

# From the look at the schedule to the release.
STEPS = ("schedule", "due", "create", "batch", "freeze", "approve")
POINTS = [f"{name}.{when}_commit" for name in STEPS for when in ("before", "after")]
SAMPLE = ["schedule.after_commit"]
RESUME = ("resume", "--due")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "point" in metafunc.fixturenames:
        thorough = metafunc.config.getoption("thorough", default=False)
        metafunc.parametrize("point", POINTS if thorough else SAMPLE)


def assert_sent_once(practice: Practice) -> None:
    """One run of the mailing was released, by its schedule, and all have it."""
    runs = [row for row in practice.rows(run_table) if row["mailing"] == "regelmaessig"]
    (released,) = [row for row in runs if row["approved_at"]]
    assert (released["state"], released["approved_by"]) == ("finished", "schedule:regelmaessig")
    messages = practice.messages(released["id"]).values()
    assert len({row["person"] for row in messages}) == ROWS
    assert practice.oracle() == dict.fromkeys((row["ref"] for row in messages), 1)
    sent = [row["run"] for row in practice.rows(due_table) if row["state"] == "done"]
    assert sent == [released["id"]]


def test_one_of_two_is_killed(
    new: Callable[..., Practice], figures: Figures, ledger: str, point: str
) -> None:
    practice = new(ledger)
    come_due(practice, "regelmaessig", ROWS)
    dying = practice.start(*RESUME, fault=point)
    other = practice.start(*RESUME)
    ends = [practice.finish(each, *RESUME).code for each in (dying, other)]
    assert set(ends) <= {KILLED, 0, 4, 75}
    figures.add("pairs of processes started at once")
    practice.must(*RESUME, codes=(0, 4))
    assert_sent_once(practice)
    again = practice.must(*RESUME)
    assert "regelmaessig" not in again.err
    assert_sent_once(practice)


def test_alone_and_killed(
    new: Callable[..., Practice], figures: Figures, ledger: str, point: str
) -> None:
    practice = new(ledger)
    come_due(practice, "regelmaessig", ROWS)
    assert practice(*RESUME, fault=point).code == KILLED
    figures.add("points at which a process was killed")
    practice.must(*RESUME, codes=(0, 4))
    assert_sent_once(practice)
