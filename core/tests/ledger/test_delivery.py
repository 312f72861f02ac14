from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from serienpost.ledger.claims import claim, take_over
from serienpost.ledger.delivery import (
    Result,
    free_once,
    lock_state,
    write_intents,
    write_results,
)
from serienpost.ledger.schema import attempt, message, once
from serienpost.ledger.schema import run as run_table
from serienpost.ledger.states import HOLDS_ONCE, MESSAGE_STATES

if TYPE_CHECKING:
    from collections.abc import Sequence

    Desk = Any

LEASE = timedelta(minutes=5)
ME = "999999-ME"


class Intent(NamedTuple):
    """What the send loop calls `Ready`."""

    no: int
    fence: int
    attempt: int
    evidence: list[str]


@pytest.fixture
def run(desk: Desk) -> str:
    return desk.add_run("r")  # type: ignore[no-any-return]


@pytest.fixture
def claimed(desk: Desk, run: str) -> list[Intent]:
    """Intents for three claimed messages."""
    desk.add_messages(run, 3)
    desk.hold_once(run, 1, 2, 3)
    with desk.ledger.begin() as tx:
        rows = claim(tx, run, ME, 3, LEASE)
    return [Intent(row.no, row.fence, row.attempts + 1, [f"evidence {row.no}"]) for row in rows]


def _intend(desk: Desk, intents: Sequence[Intent], owner: str = ME) -> list[Intent]:
    with desk.ledger.begin() as tx:
        return write_intents(tx, "r", owner, intents, LEASE)


def _write(desk: Desk, *results: Result, owner: str = ME) -> None:
    with desk.ledger.begin() as tx:
        write_results(tx, "r", owner, results)


def _result(intent: Intent, state: str, outcome: str = "x", **values: object) -> Result:
    made = Result(intent.no, intent.fence + 1, intent.attempt, state, outcome)
    return replace(made, **values)


def test_an_intent_opens_an_attempt_and_is_on_the_wire(
    desk: Desk, run: str, claimed: list[Intent]
) -> None:
    desk.clock.forward(1)
    assert _intend(desk, claimed[:2]) == claimed[:2]
    first, _, third = desk.messages(run)
    assert (first["state"], first["fence"], first["attempts"]) == ("sending", 2, 1)
    assert first["evidence"] == ["evidence 1"]
    assert first["first_attempt_at"] == desk.clock()
    assert first["lease_until"] == desk.clock() + LEASE
    assert third["state"] == "claimed"
    made = desk.rows(attempt)
    assert [(a["no"], a["attempt"], a["owner"], a["fence"], a["outcome"]) for a in made] == [
        (1, 1, ME, 2, None),
        (2, 1, ME, 2, None),
    ]


def test_no_intents_change_nothing(desk: Desk, claimed: list[Intent]) -> None:
    before = desk.everything()
    assert _intend(desk, []) == []
    assert desk.everything() == before


@pytest.mark.parametrize("what", ["stale fence", "other owner", "pending", "cancelled"])
def test_an_intent_whose_message_was_taken_is_left_out(
    desk: Desk, run: str, claimed: list[Intent], what: str
) -> None:
    first, second, _ = claimed
    with desk.ledger.begin() as tx:
        values: dict[str, Any] = {
            "stale fence": {"fence": 5},
            "other owner": {"owner": "other"},
            "pending": {"state": "pending"},
            "cancelled": {"state": "cancelled"},
        }[what]
        tx.execute(tx.update(message).where(message.c.no == second.no).values(**values))
    before = desk.messages(run)[1]
    assert _intend(desk, [first, second]) == [first]
    assert desk.messages(run)[1] == before
    assert [a["no"] for a in desk.rows(attempt)] == [1]


def test_outcomes_are_written_with_their_attempts(
    desk: Desk, run: str, claimed: list[Intent]
) -> None:
    _intend(desk, claimed)
    desk.clock.forward(2)
    later = desk.clock() + timedelta(seconds=60)
    one, two, three = claimed
    _write(
        desk,
        _result(one, "accepted", "accepted", text="ok", provider_ref="q1"),
        _result(two, "failed", "rejected", code="550", text="no such user", stage="recipient"),
        _result(three, "pending", "deferred", code="451", next_attempt_at=later),
    )
    rows = desk.messages(run)
    assert [row["state"] for row in rows] == ["accepted", "failed", "pending"]
    assert [row["fence"] for row in rows] == [3, 3, 3]
    assert [row["owner"] for row in rows] == [None] * 3
    assert [row["sent_at"] for row in rows] == [desk.clock(), None, None]
    assert [row["next_attempt_at"] for row in rows] == [None, None, later]
    assert [row["provider_ref"] for row in rows] == ["q1", None, None]
    made = desk.rows(attempt)
    assert [(a["outcome"], a["code"], a["stage"], a["finished_at"]) for a in made] == [
        ("accepted", None, None, desk.clock() - timedelta(microseconds=2)),
        ("rejected", "550", "recipient", desk.clock() - timedelta(microseconds=1)),
        ("deferred", "451", None, desk.clock()),
    ]
    assert [row["no"] for row in desk.rows(once)] == [1, 3]


def test_the_state_is_read_with_progress_or_without(desk: Desk, run: str) -> None:
    with desk.ledger.begin() as tx:
        assert lock_state(tx, run, progress=False) == "sending"
    assert desk.rows(run_table)[0]["progress_at"] is None
    with desk.ledger.begin() as tx:
        assert lock_state(tx, run, progress=True) == "sending"
    assert desk.rows(run_table)[0]["progress_at"] == desk.clock()


def test_what_is_closed_in_the_recheck_makes_no_attempt(
    desk: Desk, run: str, claimed: list[Intent]
) -> None:
    one = claimed[0]
    _write(desk, Result(one.no, one.fence, None, "suppressed", "suppressed", "expired", "over"))
    row = desk.messages(run)[0]
    assert (row["state"], row["code"], row["attempts"]) == ("suppressed", "expired", 0)
    assert desk.rows(attempt) == []
    assert [row["no"] for row in desk.rows(once)] == [2, 3]


@pytest.mark.parametrize("state", ["accepted", "failed", "pending", "in_doubt"])
def test_a_stale_fence_changes_no_message(
    desk: Desk, run: str, claimed: list[Intent], state: str
) -> None:
    _intend(desk, claimed)
    one = claimed[0]
    before = desk.messages(run), desk.rows(once)
    stale = Result(one.no, one.fence, 2, state, "x", "late", "late")
    _write(desk, stale)
    _write(desk, _result(one, state), owner="other")
    assert (desk.messages(run), desk.rows(once)) == before


def test_results_count_once(desk: Desk, run: str, claimed: list[Intent]) -> None:
    _intend(desk, claimed)
    _write(desk, _result(claimed[0], "accepted", "accepted", provider_ref="q1"))
    before = desk.messages(run), desk.rows(attempt)
    desk.clock.forward(1)
    _write(desk, _result(claimed[0], "failed", "rejected", code="550"))
    assert (desk.messages(run), desk.rows(attempt)) == before


def test_an_answer_that_comes_after_the_take_over_still_proves_acceptance(
    desk: Desk, run: str, claimed: list[Intent]
) -> None:
    _intend(desk, claimed)
    take_over(desk.ledger, run, repeatable=False)
    desk.clock.forward(1)
    _write(
        desk,
        _result(claimed[0], "accepted", "accepted", provider_ref="q1"),
        _result(claimed[1], "failed", "rejected"),
        _result(claimed[2], "pending", "deferred"),
    )
    rows = desk.messages(run)
    assert [row["state"] for row in rows] == ["accepted", "in_doubt", "in_doubt"]
    assert (rows[0]["basis"], rows[0]["provider_ref"], rows[0]["fence"]) == ("late answer", "q1", 4)
    assert rows[0]["sent_at"] == desk.clock()
    assert [a["outcome"] for a in desk.rows(attempt)] == ["unknown"] * 3


def test_a_late_answer_for_an_older_attempt_proves_nothing(
    desk: Desk, run: str, claimed: list[Intent]
) -> None:
    _intend(desk, claimed[:1])
    take_over(desk.ledger, run, repeatable=True)
    with desk.ledger.begin() as tx:
        (row,) = claim(tx, run, "999998-NEXT", 1, LEASE)
    _intend(desk, [Intent(row.no, row.fence, row.attempts + 1, [])], "999998-NEXT")
    take_over(desk.ledger, run, repeatable=False)
    _write(desk, _result(claimed[0], "accepted", "accepted"))
    assert desk.messages(run)[0]["state"] == "in_doubt"


@pytest.mark.parametrize("state", MESSAGE_STATES)
def test_a_place_in_once_is_given_up_only_by_messages_that_ended(
    desk: Desk, run: str, state: str
) -> None:
    desk.add_messages(run, 2, state)
    desk.hold_once(run, 1, 2)
    with desk.ledger.begin() as tx:
        free_once(tx, run, [1])
    left = [row["no"] for row in desk.rows(once)]
    assert left == ([1, 2] if state in HOLDS_ONCE else [2])


def test_a_second_attempt_keeps_the_time_of_the_first(
    desk: Desk, run: str, claimed: list[Intent]
) -> None:
    begun = desk.clock()
    _intend(desk, claimed[:1])
    _write(desk, _result(claimed[0], "pending", "deferred"))
    desk.clock.forward(60)
    with desk.ledger.begin() as tx:
        row = claim(tx, run, ME, 1, LEASE)[0]
    assert row.no == 1
    _intend(desk, [Intent(row.no, row.fence, row.attempts + 1, [])])
    again = desk.messages(run)[0]
    assert (again["first_attempt_at"], again["attempts"]) == (begun, 2)
    assert [a["attempt"] for a in desk.rows(attempt)] == [1, 2]
