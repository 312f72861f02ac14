"""The page of states names every state and every reason, and only those."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from docs_build import on_page_markdown
from workspace import ROOT

from serienpost.ledger.states import (
    BY_PERSON,
    COMMANDS,
    MESSAGE_MOVES,
    MESSAGE_STATES,
    RUN_MOVES,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

SENDING = ROOT / "core/src/serienpost/run/send"
SEND = ROOT / "core" / "src" / "serienpost" / "run" / "send"
PAGE = on_page_markdown((ROOT / "docs" / "states.md").read_text(encoding="utf-8"))


def tables(heading: str) -> list[dict[str, list[str]]]:
    """The tables below a heading: first cell -> the other cells."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    found = []
    for block in re.findall(r"(?:^\|.*\n?)+", section, flags=re.MULTILINE):
        rows = [line.strip("| ").split(" | ") for line in block.splitlines()[2:]]
        found.append({row[0].strip("`"): row[1:] for row in rows})
    return found


def test_states_have_a_meaning_and_their_moves() -> None:
    for heading, states, moves in (
        ("A run", tuple(RUN_MOVES), RUN_MOVES),
        ("A message", MESSAGE_STATES, MESSAGE_MOVES),
    ):
        meanings, following = tables(heading)
        assert tuple(meanings) == states
        assert all(cell.strip() for cells in meanings.values() for cell in cells)
        named = {state: set(re.findall(r"`(\w+)`", cells[0])) for state, cells in following.items()}
        assert named == moves


def test_commands_are_allowed_where_the_table_says_so() -> None:
    (rows,) = tables("Which command when")
    allowed = {
        command: {state for state, cell in zip(RUN_MOVES, cells, strict=True) if cell == "yes"}
        for command, cells in rows.items()
    }
    assert allowed == COMMANDS


def reasons() -> Iterator[str]:
    """Why the code stops a run, wherever it does."""
    for path in SENDING.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "StopReason":
                yield ast.literal_eval(node.args[0])


def test_reasons_of_a_pause_stand_where_they_belong() -> None:
    alone, person = tables("Why a run is paused")
    assert set(person) == BY_PERSON
    assert {*alone, *person} == set(reasons())
    assert not alone.keys() & person.keys()
