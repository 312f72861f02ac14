"""The tables of states say what the design says, written out here once more by hand."""

from __future__ import annotations

from serienpost.ledger.states import (
    BY_ITSELF,
    BY_PERSON,
    COMMANDS,
    HOLDS_ONCE,
    MESSAGE_MOVES,
    MESSAGE_STATES,
    OPEN,
    RUN_MOVES,
)

MESSAGES = """
planned    -> pending suppressed cancelled
pending    -> claimed cancelled
claimed    -> pending sending suppressed failed cancelled
sending    -> accepted failed pending in_doubt
in_doubt   -> accepted pending failed
failed     -> pending suppressed
accepted   -> delivered bounced complained
delivered  -> bounced complained
bounced    ->
complained ->
suppressed ->
cancelled  ->
"""

RUNS = """
preparing -> prepared cancelled
prepared  -> approved cancelled
approved  -> sending paused cancelled
sending   -> paused finished cancelled
paused    -> sending finished cancelled
finished  -> sending
cancelled ->
"""


def _moves(table: str) -> dict[str, frozenset[str]]:
    lines = (line.partition("->") for line in table.strip().splitlines())
    return {before.strip(): frozenset(after.split()) for before, _, after in lines}


def test_messages_move_as_designed() -> None:
    assert _moves(MESSAGES) == MESSAGE_MOVES
    assert set(MESSAGE_STATES) == MESSAGE_MOVES.keys()


def test_runs_move_as_designed() -> None:
    assert _moves(RUNS) == RUN_MOVES


def test_a_place_in_once_is_held_as_designed() -> None:
    held = "pending claimed sending in_doubt accepted delivered bounced complained"
    assert set(HOLDS_ONCE) == set(held.split())


def test_nothing_open_is_planned_pending_claimed_or_sending() -> None:
    assert set(OPEN) == {"planned", "pending", "claimed", "sending"}


def test_a_pause_is_ended_by_time_or_by_a_person() -> None:
    by_time = "schedule quiet quota deferral rate check_unavailable connection crash interrupted"
    assert set(by_time.split()) == BY_ITSELF
    by_person = "account content_changed template_changed stale person"
    assert set(by_person.split()) == BY_PERSON


def test_commands_know_only_states_that_exist() -> None:
    assert set().union(*COMMANDS.values()) == RUN_MOVES.keys()
    assert COMMANDS["review"] == {"prepared"}
    assert "preparing" not in COMMANDS["send"]
    assert "finished" not in COMMANDS["cancel"]
