"""Tables of the manual about states: what may follow what, and which command is allowed when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost.ledger.states import COMMANDS, MESSAGE_MOVES, RUN_MOVES

if TYPE_CHECKING:
    from collections.abc import Mapping


def run_moves() -> str:
    """Which state of a run may follow which."""
    return _moves(RUN_MOVES)


def message_moves() -> str:
    """Which state of a message may follow which."""
    return _moves(MESSAGE_MOVES)


def command_states() -> str:
    """A row per command, a column per state of the run."""
    head = "| command | " + " | ".join(f"`{state}`" for state in RUN_MOVES) + " |"
    line = "|---" * (len(RUN_MOVES) + 1) + "|"
    rows = (
        f"| `{command}` | "
        + " | ".join("yes" if state in states else "–" for state in RUN_MOVES)
        + " |"
        for command, states in COMMANDS.items()
    )
    return "\n".join([head, line, *rows])


def _moves(moves: Mapping[str, frozenset[str]]) -> str:
    rows = (
        f"| `{state}` | {', '.join(f'`{s}`' for s in moves if s in following) or 'nothing'} |"
        for state, following in moves.items()
    )
    return "\n".join(["| after | may come |", "|---|---|", *rows])
