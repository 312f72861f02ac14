from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import click
import pytest

from serienpost.cli.group import COMMANDS, ELSEWHERE, cli

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEAVY = [
    "sqlalchemy",
    "alembic",
    "weasyprint",
    "httpx",
    "aiosmtplib",
    "jinja2",
    "phonenumbers",
    "pydantic",
    "yaml",
    "pluggy",
    "rich",
    "babel",
    "email_validator",
    "markdown_it",
]
OWN = sorted(set(COMMANDS) - set(ELSEWHERE))


def command(name: str) -> click.Command:
    found = cli.get_command(click.Context(cli), name)
    assert found is not None
    return found


def leaves(found: click.Command) -> Iterator[click.Command]:
    """The command itself where it does something alone, and its subcommands."""
    if not isinstance(found, click.Group):
        yield found
        return
    if found.invoke_without_command:
        yield found
    for below in found.commands.values():
        yield from leaves(below)


@pytest.mark.parametrize("name", OWN)
def test_a_command_says_what_the_list_says(name: str) -> None:
    found = command(name)
    assert found.name == name
    assert found.help is not None
    assert found.help.splitlines()[0] == COMMANDS[name][1]


@pytest.mark.parametrize("name", OWN)
def test_every_command_answers_in_json(name: str) -> None:
    for leaf in leaves(command(name)):
        assert "--json" in [option for p in leaf.params for option in p.opts], leaf.name


@pytest.mark.parametrize("name", OWN)
def test_every_option_has_a_line_of_help(name: str) -> None:
    for leaf in leaves(command(name)):
        for option in leaf.params:
            if isinstance(option, click.Option):
                assert option.help, f"{leaf.name} {option.opts}"


def test_help_lists_every_command_and_imports_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from serienpost.cli.main import run\n"
        "code = run(['--help'])\n"
        f"heavy = sorted({set(HEAVY)!r} & set(sys.modules))\n"
        "print('heavy:', heavy, 'code:', code)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert result.stdout.endswith("heavy: [] code: 0\n")
    for name, (_, line) in COMMANDS.items():
        assert f"  {name} " in result.stdout
        assert line in " ".join(result.stdout.split())


def test_the_help_of_a_command_imports_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from serienpost.cli.main import run\n"
        f"for name in {OWN!r}:\n"
        "    code = run([name, '--help'])\n"
        f"    heavy = ' '.join({set(HEAVY)!r} & set(sys.modules))\n"
        "    if heavy or code:\n"
        "        sys.exit(f'{name}: {heavy} {code}')\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, cwd=tmp_path
    )
    assert (result.returncode, result.stderr) == (0, b"")
