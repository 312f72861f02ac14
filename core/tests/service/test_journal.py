"""The journal: each action has its kind and its words, page by page, by user."""

from __future__ import annotations

import ast
import importlib
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from opened_practice import ACTOR, OTHER, prepared

import serienpost
from serienpost import words
from serienpost.service.journal import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opened_practice import Practices

    from serienpost import Practice

CORE = Path(serienpost.__file__).parent
# Where an action is put together: by the code of a decision, or given by whoever calls.
PUT_TOGETHER = {
    *("resolve accepted", "resolve resend", "resolve failed"),
    *("mark", "unmark", "mark all", "unmark all"),
}


def noted() -> Iterator[str]:
    """Every action that the core writes into the journal."""
    for path in CORE.rglob("*.py"):
        name = ".".join(["serienpost", *path.relative_to(CORE).with_suffix("").parts])
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            is_note = isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
            if not is_note or call.func.attr not in ("note", "_note"):  # type: ignore[attr-defined]
                continue
            for one in call.args[: 1 + (call.func.attr == "note")]:  # type: ignore[attr-defined]
                if isinstance(one, ast.Constant) and isinstance(one.value, str):
                    yield one.value
                elif isinstance(one, ast.Name) and one.id.isupper():
                    yield getattr(importlib.import_module(name), one.id)


def test_every_action_has_one_kind_and_words() -> None:
    known = [action for actions in KINDS.values() for action in actions]
    assert len(known) == len(set(known))
    actions = {one for one in noted() if one not in ("serienpost", "rule", "lookup", "report")}
    actions -= {"breaker"}
    assert {"approve", "log in", "purge", "suppress remove", "exclude"} <= actions
    assert (actions | PUT_TOGETHER) - set(known) == set()
    assert [one for one in known if words.action(one) is one] == []


def test_the_newest_comes_first_page_by_page(practices: Practices, practice: Practice) -> None:
    for number in range(7):
        practices.clock.forward(1)
        practice.suppress([f"null-{number}@example.org"])
    seen = [practice.journal(number, size=3) for number in (1, 2, 3)]
    assert [(one.total, one.pages, len(one.entries)) for one in seen] == [
        (7, 3, 3),
        (7, 3, 3),
        (7, 3, 1),
    ]
    times = [entry.at for one in seen for entry in one.entries]
    assert all(one > other for one, other in pairwise(times))


def test_of_a_kind_and_of_a_user(practices: Practices, practice: Practice) -> None:
    run = prepared(practice)
    practice.suppress(["null-1@example.org"])
    practices.open(OTHER).purge()
    found = practice.journal()
    assert {one.action for one in found.entries} == {"prepare", "suppress add", "purge"}
    (about,) = (one for one in found.entries if one.action == "prepare")
    assert (about.run, about.mailing, about.user) == (run.id, run.status().mailing, ACTOR)
    assert set(found.users.values()) == {ACTOR, OTHER}
    (other,) = (known for known, name in found.users.items() if name == OTHER)
    assert [one.action for one in practice.journal(user=other).entries] == ["purge"]
    assert practice.journal(user="0" * 16).total == 0
    assert [one.action for one in practice.journal(kind="addresses").entries] == ["suppress add"]
    run.mark(exclude=["patient:1"])
    assert practice.journal().total == 3
    marks = practice.journal(kind="marks").entries
    (marked,) = (one for one in marks if one.action == "exclude")
    assert (marked.action, marked.row) == ("exclude", "patient:1")
    with pytest.raises(ValueError, match="no such kind"):
        practice.journal(kind="all")  # type: ignore[arg-type]
