"""Moves that the tables hold are made and no others, and nowhere else."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import literal  # noqa: TID253

import serienpost
from serienpost.ledger.runs import find_run
from serienpost.ledger.schema import message, selection
from serienpost.ledger.states import MESSAGE_MOVES, OWNED, RUN_MOVES, SELECTION_MOVES
from serienpost.ledger.transitions import (
    ForbiddenMoveError,
    before,
    move_messages,
    move_run,
    move_selection,
    moving,
    moving_each,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    Desk = Any

CORE = Path(serienpost.__file__).parent
WRITER = CORE / "ledger" / "transitions.py"


@pytest.mark.parametrize("start", MESSAGE_MOVES)
def test_a_message_moves_as_the_table_says_or_not_at_all(desk: Desk, start: str) -> None:
    for end in MESSAGE_MOVES:
        desk.add_run(end)
        desk.add_messages(end, 2, start, owner="me", fence=7)
        with desk.ledger.begin() as tx:
            if end not in MESSAGE_MOVES[start]:
                with pytest.raises(ForbiddenMoveError, match=f"^{start} -> {end}$"):
                    move_messages(tx, end, start, end)
                continue
            assert move_messages(tx, end, start, end, message.c.no == 1, code="why") == 1
        moved, other = desk.messages(end)
        assert (moved["state"], moved["fence"], moved["code"]) == (end, 8, "why")
        assert (moved["owner"] is None) == (start in OWNED and end not in OWNED)
        assert (other["state"], other["fence"], other["code"]) == (start, 7, None)


@pytest.mark.parametrize("end", [state for state in MESSAGE_MOVES if before(state)])
def test_only_messages_in_the_states_before_move(desk: Desk, end: str) -> None:
    for state in MESSAGE_MOVES:
        desk.add_run(state)
        desk.add_messages(state, 1, state)
    with desk.ledger.begin() as tx:
        moved = {state for state in MESSAGE_MOVES if move_messages(tx, state, before(end), end)}
    assert moved == {state for state, following in MESSAGE_MOVES.items() if end in following}


def test_one_forbidden_start_among_others_is_forbidden() -> None:
    with pytest.raises(ForbiddenMoveError, match="accepted -> pending"):
        moving(("failed", "accepted"), "pending")


@pytest.mark.parametrize("start", OWNED)
def test_a_state_of_its_own_takes_where_the_table_holds_it(desk: Desk, start: str) -> None:
    for end in MESSAGE_MOVES:
        desk.add_run(end)
        desk.add_messages(end, 1, start, owner="me")
        with desk.ledger.begin() as tx:
            mine = message.c.practice == tx.practice, message.c.run == end
            moved = tx.execute(moving_each(start, literal(end)).where(*mine))
        allowed = end in MESSAGE_MOVES[start] and end not in OWNED
        assert moved == allowed
        (row,) = desk.messages(end)
        assert (row["state"], row["owner"]) == ((end, None) if allowed else (start, "me"))


@pytest.mark.parametrize("start", RUN_MOVES)
def test_a_run_moves_as_the_table_says_or_stays(desk: Desk, start: str) -> None:
    desk.add_run("other", start)
    for end in RUN_MOVES:
        desk.add_run(end, start)
        with desk.ledger.begin() as tx:
            if end != start and end not in RUN_MOVES[start]:
                with pytest.raises(ForbiddenMoveError, match=f"^{start} -> {end}$"):
                    move_run(tx, end, start, end)
                continue
            assert move_run(tx, end, start, end, reason="why") == 1
            elsewhere = [state for state in RUN_MOVES if end in RUN_MOVES[state]]
            assert not elsewhere or move_run(tx, end, elsewhere, end) == 0
            found, other = find_run(tx, end), find_run(tx, "other")
            assert (found.state, found.reason) == (end, "why")
            assert (other.state, other.reason) == (start, None)


@pytest.mark.parametrize("start", SELECTION_MOVES)
def test_a_selection_moves_as_the_table_says_or_stays(desk: Desk, start: str) -> None:
    row = {"kind": "email", "account": "post", "purpose": "event", "due": "2026-03-02"}
    row |= {"header": {}, "state": start, "owner": "me", "reason": "before", "created_by": "user"}
    for end in SELECTION_MOVES:
        with desk.ledger.begin() as tx:
            tx.insert(selection, [row | {"id": end, "created_at": tx.now}])
            if end != start and end not in SELECTION_MOVES[start]:
                with pytest.raises(ForbiddenMoveError, match=f"^{start} -> {end}$"):
                    move_selection(tx, end, start, end)
                continue
            assert move_selection(tx, end, start, end, selection.c.owner == "other") == 0
            assert move_selection(tx, end, start, end) == 1
        (moved,) = desk.rows(selection, id=end)
        assert (moved["state"], moved["owner"], moved["reason"]) == (end, None, None)


def _writes(source: str) -> Iterator[tuple[str, str]]:
    """Function and value of whatever may write a column `state` of messages or runs: a keyword of
    a change, or a key of a dictionary that may become one."""
    for function in ast.walk(ast.parse(source)):
        if not isinstance(function, ast.FunctionDef):
            continue
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and _name(node.func) in CHANGES:
                if _table(node) in ("archive", "event"):
                    continue
                found = [word.value for word in node.keywords if word.arg == "state"]
            elif isinstance(node, ast.Dict):
                pairs = zip(node.keys, node.values, strict=True)
                found = [value for key, value in pairs if key and _is_state(key)]
            elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
                found = [node.slice] if _is_state(node.slice) else []
            else:
                continue
            yield from ((function.name, ast.unparse(value)) for value in found)


CHANGES = {"values", "ordered_values", "dict", "move", "move_messages", "move_run"}
CHANGES |= {"move_selection"}


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _is_state(key: ast.expr) -> bool:
    return _name(key) == "state" or (isinstance(key, ast.Constant) and key.value == "state")


def _table(call: ast.Call) -> str | None:
    """The table of a statement written as `tx.update(TABLE).where(...).values(...)`."""
    node: ast.expr = call
    while isinstance(node, ast.Call):
        if _name(node.func) in ("update", "insert"):
            return _name(node.args[0]) if node.args else None
        if not isinstance(node.func, ast.Attribute):
            return None
        node = node.func.value
    return None


def _places() -> dict[str, list[tuple[str, str]]]:
    """All writes outside of the one writer, by module."""
    found = {}
    for folder in ("ledger", "run"):
        for path in sorted((CORE / folder).rglob("*.py")):
            if path != WRITER and path.parent.name not in ("versions", "migrations"):
                found[str(path.relative_to(CORE))] = list(_writes(path.read_text("utf-8")))
    return found


def test_states_are_written_at_one_place() -> None:
    assert {module: writes for module, writes in _places().items() if writes} == {
        "ledger/due.py": [("put_off", "NEW_DUE")],
        "ledger/schedule.py": [("enter_due_dates", "NEW_DUE")],
        "ledger/tasks.py": [("enter_task", "NEW_TASK")],
        "run/prepare/choose.py": [("ask", "NEW_SELECTION")],
        "run/prepare/freeze.py": [("_create", "NEW_RUN")],
        "run/prepare/review.py": [("columns", "NEW_MESSAGE")],
    }


def test_messages_and_runs_are_changed_by_the_ledger_and_by_runs_alone() -> None:
    for path in CORE.rglob("*.py"):
        if path.relative_to(CORE).parts[0] in ("ledger", "run"):
            continue
        calls = (n for n in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(n, ast.Call))
        changed = {_table(call) for call in calls if _name(call.func) in ("update", "insert")}
        assert not changed & {"message", "run"}, path


@pytest.mark.parametrize(
    "line",
    [
        "tx.execute(tx.update(message).where(c.no == 1).values(state='failed'))",
        "tx.execute(update(run).values(reason=None, state=after))",
        "tx.execute(statement.values(**values, state='failed'))",
        "tx.execute(statement.values(**{'state': 'failed'}))",
        "tx.execute(statement.values({message.c.state: 'failed'}))",
        "tx.insert(message, [{'no': 1, 'state': 'accepted'}])",
        "move_messages(tx, run, 'planned', 'pending', state='accepted')",
        "values = dict(code=None, state='failed')",
        "values['state'] = 'failed'",
    ],
)
def test_a_write_elsewhere_would_be_found(line: str) -> None:
    assert list(_writes(f"def somewhere(tx):\n    {line}\n"))
