"""Members import only what they declare, and nothing heavy before it is needed."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib.metadata import packages_distributions
from typing import TYPE_CHECKING

import pytest
from workspace import ROOT, Member, members, normalised, root_project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MEMBERS = members()
HEAVY: set[str] = set(
    root_project()["tool"]["ruff"]["lint"]["flake8-tidy-imports"]["banned-module-level-imports"]
)

each_member = pytest.mark.parametrize("member", MEMBERS, ids=lambda member: member.name)


def imported_packages(module: Path) -> Iterator[tuple[str, int]]:
    """Top-level names that a module imports anywhere, with their lines; relative ones left out."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name.partition(".")[0], node.lineno
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.partition(".")[0], node.lineno


def foreign_imports(member: Member) -> Iterator[tuple[str, str]]:
    """Imported package and place, without the standard library and the member itself."""
    for module in sorted(member.package.rglob("*.py")):
        for package, line in imported_packages(module):
            if package not in sys.stdlib_module_names and package != member.package.name:
                yield package, f"{module.relative_to(ROOT)}:{line}"


@each_member
def test_imports_are_declared(member: Member) -> None:
    providers = {
        package: {normalised(name) for name in names}
        for package, names in packages_distributions().items()
    }
    providers |= {other.package.name: {other.name} for other in MEMBERS}
    undeclared = [
        f"{place} imports {package}"
        for package, place in foreign_imports(member)
        if not providers.get(package, set()) & (member.dependencies | member.extras)
    ]
    assert undeclared == []


def test_core_imports_no_plugin() -> None:
    plugins = {member.package.name for member in MEMBERS} - {"serienpost"}
    (core,) = [member for member in MEMBERS if member.name == "serienpost"]
    assert [place for package, place in foreign_imports(core) if package in plugins] == []


@each_member
def test_importing_a_member_is_cheap(member: Member) -> None:
    code = f"import sys, {member.package.name}; print(*sys.modules)"
    assert HEAVY & set(output_of("-c", code).split()) == set()


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr));"
        "from serienpost.__main__ import main; sys.argv = ['serienpost', '--help']; main()"
    )
    assert HEAVY & set(output_of("-c", code, stream="stderr").split()) == set()


def output_of(*arguments: str, stream: str = "stdout") -> str:
    done = subprocess.run(
        [sys.executable, *arguments], check=False, capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    return str(getattr(done, stream))
