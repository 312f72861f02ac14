"""What must be true of the tables of states, whatever states they name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from serienpost.ledger.states import (
    COMMANDS,
    HOLDS_ONCE,
    LEFT,
    MESSAGE_MOVES,
    MESSAGE_STATES,
    OPEN,
    OWNED,
    RELEASED,
    RUN_MOVES,
    SELECTION_MOVES,
)
from serienpost.ledger.transitions import NEW_MESSAGE, NEW_RUN, NEW_SELECTION

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


def _reached(moves: Mapping[str, Collection[str]], start: str) -> set[str]:
    """What may come after a state, at once or later."""
    found: set[str] = set()
    new = set(moves[start])
    while new:
        found |= new
        new = set().union(*(moves[state] for state in new)) - found
    return found


@pytest.mark.parametrize(
    ("moves", "first"),
    [(MESSAGE_MOVES, NEW_MESSAGE), (RUN_MOVES, NEW_RUN), (SELECTION_MOVES, NEW_SELECTION)],
)
def test_every_state_can_be_reached(moves: Mapping[str, Collection[str]], first: str) -> None:
    assert _reached(moves, first) | {first} == moves.keys()


def test_what_is_open_can_come_to_an_end() -> None:
    for state in OPEN:
        assert _reached(MESSAGE_MOVES, state) - set(OPEN), state


def test_what_has_arrived_is_never_sent_again() -> None:
    for state in set(LEFT) - {"sending", "in_doubt"}:
        assert not _reached(MESSAGE_MOVES, state) & {*OPEN, "in_doubt"}, state


def test_nothing_leaves_without_passing_the_hands_of_a_process() -> None:
    for state in set(MESSAGE_STATES) - {*OWNED, "in_doubt"}:
        assert not MESSAGE_MOVES[state] & set(LEFT) - {"delivered", "bounced", "complained"}, state


def test_a_place_in_once_is_held_by_all_that_may_have_left() -> None:
    assert set(LEFT) < set(HOLDS_ONCE)


def test_states_that_are_named_elsewhere_exist() -> None:
    assert set(MESSAGE_STATES) == MESSAGE_MOVES.keys()
    assert {*OPEN, *OWNED, *LEFT, *HOLDS_ONCE} < set(MESSAGE_STATES)
    assert {*RELEASED}.union(*COMMANDS.values()) == RUN_MOVES.keys()


def test_a_run_that_is_not_prepared_is_never_sent() -> None:
    assert not COMMANDS["send"] & {"preparing", "cancelled"}
    assert "finished" not in COMMANDS["cancel"]
