"""What the pages for developers name is there, and what they should name is named."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest
from workspace import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CORE = ROOT / "core/src/serienpost"
MAP = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
PAGES = {name: ROOT / name for name in ("docs/architecture.md", "CONTRIBUTING.md")}

# Rooms of which each module has its line.
ROOMS = ("service", "run/prepare", "run/send", "run/report", "ledger")

# What a command makes, a practice has, or each member.
ELSEWHERE = {
    *("site/", "dist/", "bench/results/", "channels/pigeon"),
    *("serienpost.yaml", "tests/test_contract.py"),
}

_WORD = re.compile(r"`([^`\n]+)`")
_PATH = re.compile(r"\.?\w[\w.-]*(?:/[\w.-]+)*/?")
_SUFFIX = re.compile(r"\.(?:json|md|py|toml|yaml)\Z")
_CLASS = re.compile(r"(?:[A-Z][a-z]+)+\Z")
_CONSTANT = re.compile(r"[A-Z]+_[A-Z_]+\Z")


def words(text: str) -> list[str]:
    """What stands in code style, outside of blocks."""
    return _WORD.findall(re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE))


def paths(text: str) -> Iterator[str]:
    for word in words(text):
        if _PATH.fullmatch(word) and ("/" in word or _SUFFIX.search(word)):
            yield word


def is_there(path: str) -> bool:
    return any((folder / path).exists() for folder in (ROOT, CORE)) or path in ELSEWHERE


def modules(room: str) -> list[str]:
    found = (CORE / room).glob("*.py")
    return sorted(path.relative_to(CORE).as_posix() for path in found if path.stem != "__init__")


def transactions() -> dict[str, set[str]]:
    """Module -> the names of the transactions that it begins."""
    found: dict[str, set[str]] = {}
    for path in CORE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            if ast.unparse(node.func).endswith(".begin"):
                module = path.relative_to(CORE).as_posix()
                found.setdefault(module, set()).add(str(ast.literal_eval(node.args[0])))
    return found


def floors() -> list[tuple[str, ...]]:
    """The floors of the core as the test of its imports has them."""
    tree = ast.parse((ROOT / "tests/packaging/test_architecture.py").read_text(encoding="utf-8"))
    (value,) = (
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "FLOORS"
    )
    found: list[tuple[str, ...]] = ast.literal_eval(value)
    return found


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_every_path_exists(page: Path) -> None:
    named = list(paths(page.read_text(encoding="utf-8")))
    assert len(named) > 20
    assert [path for path in named if not is_there(path)] == []


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_every_link_goes_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).is_file()] == []


def test_a_path_that_is_gone_would_be_found() -> None:
    assert [p for p in paths("see `run/send/courier.py` and `errors.py`") if not is_there(p)] == [
        "run/send/courier.py"
    ]


def test_every_module_of_a_room_has_its_line() -> None:
    named = set(words(MAP))
    assert [name for room in ROOMS for name in modules(room) if name not in named] == []


def test_every_class_and_constant_is_defined() -> None:
    sources = "\n".join(path.read_text(encoding="utf-8") for path in CORE.rglob("*.py"))
    defined = set(re.findall(r"^(?:class )?(\w+)(?:\(|:| =)", sources, flags=re.MULTILINE))
    named = {word.partition(".")[0] for word in words(MAP)}
    assert {word for word in named if _CLASS.match(word) or _CONSTANT.match(word)} <= defined


def test_transactions_are_those_of_the_code() -> None:
    table = MAP.split("### All transactions that write\n")[1].split("\n### ")[0]
    rows = re.findall(r"^\| (`.*`) \| `([\w/.]+)`", table, flags=re.MULTILINE)
    assert {module: set(words(names)) for names, module in rows} == transactions()


def test_transactions_on_the_way_are_there() -> None:
    way = MAP.split("## The way of a recipient\n")[1].split("\n### ")[0]
    cells = [line.split("|")[4] for line in way.splitlines() if line.count("|") == 5]
    named = {word for cell in cells for word in words(cell)} - {"sending"}
    assert {"batch", "commit"} <= named <= set().union(*transactions().values())


def test_rooms_stand_in_the_order_that_is_tested() -> None:
    drawing = MAP.split("```text\n")[1].split("```")[0]
    lines = [line for line in drawing.splitlines() if line.strip(" │")]
    drawn = [{word.strip("/").replace("/", ".") for word in line.split()} for line in lines]
    assert [set(rooms) - line for rooms, line in zip(floors(), drawn, strict=True)] == [
        set() for _ in drawn
    ]
