"""The manual about errors: every class that a command may end with, and its exit code."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from docs_keys import cell
from workspace import members

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT_CLASS = "SerienpostError"


@dataclass(frozen=True, slots=True)
class ErrorClass:
    """A subclass of `SerienpostError`, or that class itself."""

    name: str
    module: str
    meaning: str
    exit_code: int


def errors_page() -> str:
    """A table with a line per class."""
    rows = [
        f"| `{error.name}` | `{error.module}` | {error.exit_code} | {cell(error.meaning)} |"
        for error in error_classes()
    ]
    return "\n".join(["| class | module | exit | means |\n|---|---|---|---|", *rows]) + "\n"


def error_classes() -> list[ErrorClass]:
    """All of the workspace's, in the order of their modules."""
    found = list(_classes())
    family = {ROOT_CLASS}
    while True:
        more = {node.name for _, node in found if family & set(map(ast.unparse, node.bases))}
        if more <= family:
            break
        family |= more
    return [
        ErrorClass(node.name, module, _meaning(node), int(_code(module, node.name)))
        for module, node in found
        if node.name in family
    ]


def _classes() -> Iterator[tuple[str, ast.ClassDef]]:
    for member in members():
        source = member.folder / "src"
        for file in sorted(member.package.rglob("*.py")):
            tree = ast.parse(file.read_text(encoding="utf-8"))
            module = ".".join(file.relative_to(source).with_suffix("").parts)
            yield from (
                (module.removesuffix(".__init__"), node)
                for node in tree.body
                if isinstance(node, ast.ClassDef)
            )


def _meaning(node: ast.ClassDef) -> str:
    return (ast.get_docstring(node) or "").split("\n\n")[0]


def _code(module: str, name: str) -> int:
    code: int = getattr(import_module(module), name).exit_code
    return code
