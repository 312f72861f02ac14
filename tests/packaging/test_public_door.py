"""Everything around the core imports its names from `serienpost` itself, as third parties do; a
face takes use cases and what they return from `serienpost.service`."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest
from workspace import ROOT

import serienpost
import serienpost.service

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDERS = (
    *("plugins/*/src", "channels/*/src", "sources/*/src", "templates/src", "tests/testkit/src"),
    "docs/examples",
)
FILES = [
    file
    for pattern in FOLDERS
    for folder in ROOT.glob(pattern)
    for suffix in ("*.py", "*.py.tmpl")
    for file in folder.rglob(suffix)
]
DOORS = {"serienpost": serienpost.__all__, "serienpost.service": serienpost.service.__all__}
_PLACEHOLDER = re.compile(r"\$\{\w+\}|\$\w+")


def _behind_the_door(source: str) -> Iterator[str]:
    """What is imported past the public names, in functions and for type checkers too."""
    for node in ast.walk(ast.parse(_PLACEHOLDER.sub("x", source))):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names if one.name.startswith("serienpost."))
        elif isinstance(node, ast.ImportFrom) and node.module in DOORS:
            yield from (one.name for one in node.names if one.name not in DOORS[node.module])
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("serienpost."):
            yield str(node.module)


def test_nothing_is_imported_behind_the_door() -> None:
    found = {
        str(file.relative_to(ROOT)): modules
        for file in FILES
        if (modules := list(_behind_the_door(file.read_text("utf-8"))))
    }
    assert found == {}


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_folder_is_looked_at(folder: str) -> None:
    read = {file.relative_to(ROOT).as_posix() for file in FILES}
    for root in ROOT.glob(folder):
        assert any(name.startswith(root.relative_to(ROOT).as_posix()) for name in read)


@pytest.mark.parametrize(
    "source",
    [
        "import serienpost.errors",
        "from serienpost.errors import Problem",
        "from serienpost import ledger",
        "from serienpost.service import opened",
        "from serienpost.service.run import Run",
        "if TYPE_CHECKING:\n    from serienpost.context import PracticeContext",
        "def late():\n    import serienpost.ledger.store as store",
        "from serienpost.$module import ${Name}Source",
    ],
)
def test_such_an_import_would_be_found(source: str) -> None:
    assert len(list(_behind_the_door(source))) == 1
