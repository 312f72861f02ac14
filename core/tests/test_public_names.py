from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import serienpost


@pytest.mark.parametrize("name", serienpost.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(serienpost, name) is not None


def test_type_checkers_find_each_name_where_it_is_at_home() -> None:
    tree = ast.parse(Path(str(serienpost.__file__)).read_text("utf-8"))
    (checked,) = (
        node
        for node in tree.body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    )
    imported = [
        (f"{node.module}", alias.name, alias.asname)
        for node in checked.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    ]
    homes = {name: f"serienpost.{module}" for name, module in serienpost._MODULE_OF.items()}
    assert imported == sorted((module, name, name) for name, module in homes.items())


def test_the_list_is_sorted_and_without_doubles() -> None:
    assert list(serienpost.__all__) == sorted(set(serienpost.__all__))


def test_other_names_are_unknown() -> None:
    with pytest.raises(AttributeError, match="module 'serienpost' has no attribute 'Nothing'"):
        _ = serienpost.Nothing


HEAVY = "sqlalchemy alembic aiosmtplib jinja2 phonenumbers email_validator markdown_it babel rich"


def test_importing_all_public_names_imports_nothing_heavy() -> None:
    code = (
        "import sys, serienpost\n"
        "for name in serienpost.__all__: getattr(serienpost, name)\n"
        f"print([name for name in {HEAVY.split()!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_importing_the_package_imports_none_of_its_modules() -> None:
    code = (
        "import sys, serienpost\n"
        "print([name for name in sys.modules if name.startswith('serienpost.')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
