"""The rooms of the core: which may import which, read from the imports, annotations included."""

from __future__ import annotations

import ast
from itertools import takewhile
from typing import TYPE_CHECKING

import pytest
from workspace import ROOT, Member, members

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CORE = ROOT / "core/src"

# From the roof down: a room imports from its own floor and those below; within a floor too.
FLOORS = [
    ("cli",),
    ("service",),
    ("run.report",),
    ("run.send",),
    ("run.prepare",),
    ("config.loading", "config.mailing_file"),
    ("core_plugin", "dispatch", "manager"),
    ("consent",),
    ("ledger",),
    ("context", "secrets"),
    ("config", "registry", "firewall"),
    ("templates", "kinds", "hookspecs", "reference", "scheduling"),
    ("contracts",),
]

FACES_KNOW_NOTHING_OF = ("ledger", "run")


def module_name(path: Path, source: Path) -> str:
    parts = path.relative_to(source).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_modules(path: Path, source: Path) -> Iterator[tuple[str, int]]:
    """Modules of the same package that a module imports, also in functions and for annotations."""
    package = path.relative_to(source).parts[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            file = source / name.replace(".", "/")
            if name.split(".")[0] == package and (
                file.with_suffix(".py").is_file() or (file / "__init__.py").is_file()
            ):
                yield name, node.lineno


def graph(source: Path) -> dict[str, set[str]]:
    """Module -> modules that it imports; a package counts where a name of its own is taken."""
    found: dict[str, set[str]] = {}
    for path in source.rglob("*.py"):
        name = module_name(path, source)
        wanted = {imported for imported, _ in imported_modules(path, source)} - {name}
        below = {one for one in wanted if any(other.startswith(f"{one}.") for other in wanted)}
        found[name] = wanted - below
    return found


def circles(imports: dict[str, set[str]]) -> list[list[str]]:
    """Groups of modules that import each other (Tarjan's strongly connected components)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(module: str) -> None:
        order[module] = low[module] = len(order)
        stack.append(module)
        for other in sorted(imports.get(module, ())):
            if other not in order:
                visit(other)
                low[module] = min(low[module], low[other])
            elif other in stack:
                low[module] = min(low[module], order[other])
        if low[module] == order[module]:
            circle = [*takewhile(lambda one: one != module, reversed(stack)), module]
            del stack[-len(circle) :]
            if len(circle) > 1:
                found.append(sorted(circle))

    for module in sorted(imports):
        if module not in order:
            visit(module)
    return found


def floor(module: str) -> int | None:
    """The floor of a module of the core, the roof 0; None for what stands in no room."""
    own = module.removeprefix("serienpost.")
    matching = [
        (len(room), number)
        for number, rooms in enumerate(FLOORS)
        for room in rooms
        if own == room or own.startswith(f"{room}.")
    ]
    return max(matching)[1] if matching else None


def test_a_circle_is_found() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]
    assert circles({"a": {"b"}, "b": set()}) == []


@pytest.mark.parametrize("member", members(), ids=lambda member: member.name)
def test_no_modules_import_each_other(member: Member) -> None:
    source = member.package.parent
    imports = graph(source)
    if member.name == "serienpost":
        imports["serienpost"] = set()  # the public door names everything and imports it late
    assert circles(imports) == []


def test_arrows_point_down() -> None:
    upward = []
    for module, imported in graph(CORE).items():
        here = floor(module)
        for other in imported:
            there = floor(other)
            if here is not None and there is not None and there < here:
                upward.append(f"{module} imports {other}")
    assert upward == []


def test_every_module_stands_in_a_room() -> None:
    outside = {module for module in graph(CORE) if floor(module) is None}
    ground = {
        *(
            "address_faults",
            "dates",
            "documents",
            "errors",
            "fault_injection",
            "fields",
            "files",
            "gc_tuning",
            "names",
            "network",
        ),
        *("plugin_attribution", "redaction", "status_codes", "text", "timelimit", "translation"),
        "recorded_language",
        "rights",
        "words",
        "written_values",
        "yaml_faults",
    }
    assert outside == {
        "serienpost",
        "serienpost.__main__",
        "serienpost.run",
        *(f"serienpost.{name}" for name in ground),
    }


def test_the_command_line_stands_on_the_service_alone() -> None:
    reached = [
        f"{module} imports {other}"
        for module, imported in graph(CORE).items()
        for other in imported
        if module.startswith("serienpost.cli")
        and other.split(".")[1:2] in [[name] for name in FACES_KNOW_NOTHING_OF]
    ]
    assert reached == []


def test_contracts_import_nothing_above_them() -> None:
    ground = ("errors", "fields", "recorded_language", "text", "translation")
    above = [
        f"{module} imports {other}"
        for module, imported in graph(CORE).items()
        for other in imported
        if module.startswith("serienpost.contracts")
        and not other.startswith(("serienpost.contracts", *(f"serienpost.{g}" for g in ground)))
    ]
    assert above == []
