"""The process is killed while everybody is refused: nobody is lost, and nothing is guessed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fault_harness.practice import KILLED

if TYPE_CHECKING:
    from collections.abc import Callable

    from fault_harness.practice import Practice

PEOPLE = 24
HOUR = 3600 * 1_000_000
SEND = [
    *((f"commit.{when}_commit", nth) for when in ("before", "after") for nth in (2, 3, 4)),
    *((f"settle.{when}_commit", 1) for when in ("before", "after")),
    ("wire.after", 6),
]
RESUME = [
    *((f"begin.{when}_commit", 1) for when in ("before", "after")),
    *((f"commit.{when}_commit", nth) for when in ("before", "after") for nth in (1, 2)),
    *((f"settle.{when}_commit", 1) for when in ("before", "after")),
]


def mended(practice: Practice) -> None:
    """The provider takes everything again, and a person goes on."""
    practice.provider.refuse(practice)
    practice.resume()
    states = practice.states()
    assert set(states) <= {"accepted", "in_doubt"}, states
    assert sum(states.values()) == PEOPLE
    assert states["in_doubt"] <= practice.deaths * practice.provider.most_in_doubt
    oracle = practice.oracle()
    assert oracle.total() == len(oracle) >= states["accepted"]


@pytest.mark.parametrize(("point", "nth"), SEND)
def test_killed_while_sending(
    new: Callable[..., Practice], ledger: str, point: str, nth: int
) -> None:
    practice = new(ledger, "null")
    practice.provider.refuse(practice, *range(4, PEOPLE + 1))
    assert practice("send", practice.run, "--yes", fault=f"{point}:{nth}").code == KILLED
    practice.must("resume", "--due", codes=(75,))
    practice.must("resume", practice.run, codes=(75,))
    assert practice.state() == "paused"
    mended(practice)


@pytest.mark.parametrize(("point", "nth"), RESUME)
@pytest.mark.parametrize("by_time", [False, True])
def test_killed_while_they_are_tried_again(
    new: Callable[..., Practice], ledger: str, point: str, nth: int, *, by_time: bool
) -> None:
    practice = new(ledger, "null")
    practice.provider.refuse(practice, *range(4, PEOPLE + 1))
    practice.must("send", practice.run, "--yes", codes=(75,))
    practice.change(f"UPDATE run SET until = until - {2 * HOUR}")
    practice.change(f"UPDATE attempt SET finished_at = finished_at - {2 * HOUR}")
    practice.change(f"UPDATE attempt SET started_at = started_at - {2 * HOUR}")
    words = ("resume", "--due") if by_time else ("resume", practice.run)
    assert practice(*words, fault=f"{point}:{nth}").code == KILLED
    practice.must("resume", practice.run, codes=(75,))
    mended(practice)
