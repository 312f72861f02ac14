"""The page of commands shows what `--help` says."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner
from docs_commands import WIDTH, command_pages, commands_page, helps
from docs_keys import manual_registry
from workspace import ROOT

from serienpost.cli.group import COMMANDS, cli
from serienpost.errors import Exit

if TYPE_CHECKING:
    from pathlib import Path


def test_page_shows_the_help_of_every_command() -> None:
    shown = dict(helps())
    assert {(name,) for name in (*COMMANDS, *manual_registry().commands)} <= set(shown)
    for path, text in shown.items():
        if path[:1] and path[0] not in COMMANDS:
            continue
        result = CliRunner().invoke(
            cli, [*path, "--help"], prog_name="serienpost", terminal_width=WIDTH
        )
        assert result.output.rstrip("\n") == text


def test_every_command_has_a_page_with_its_help() -> None:
    pages = dict(command_pages())
    for path, text in helps():
        if path:
            page = pages[f"commands/{path[0]}.md"]
            assert f"```text\n{text}\n```" in page
            assert f"`{' '.join(('serienpost', *path))}`" in page
            assert f"(commands/{path[0]}.md)" in commands_page()
    assert "## `serienpost suppress add`" in pages["commands/suppress.md"]
    assert "`new-plugin`" in commands_page()


def test_every_exit_code_is_explained() -> None:
    text = (ROOT / "docs" / "exit-codes.md").read_text(encoding="utf-8")
    assert [code.value for code in Exit if f"\n| {code.value} | " not in text] == []


PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_command_lines_on_the_pages_are_accepted(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    shown = re.findall(r"^(?:\$ |[*/0-9 -]+\S*/)serienpost (.*)$", text, flags=re.MULTILINE)
    lines = [shlex.split(line.split(" >> ")[0], comments=True) for line in shown]
    top = click.Context(cli, info_name="serienpost")
    refused = []
    for line in lines:
        name, *rest = line[2:] if line[0] == "--all-practices" else line
        command = cli.get_command(top, name)
        assert command is not None
        try:
            command.make_context(name, rest, parent=top)
        except click.UsageError as error:
            refused.append(f"{name}: {error.format_message()}")
    assert refused == []
    assert lines or page.name not in {"README.md", "quickstart.md", "schnellstart.md"}


def test_german_page_shows_the_mailing_of_the_readme() -> None:
    german = (ROOT / "docs" / "schnellstart.md").read_text(encoding="utf-8")
    (mailing,) = re.findall(r"```yaml\n(title: Sommerfest.*?)```", german, re.DOTALL)
    assert mailing in (ROOT / "README.md").read_text(encoding="utf-8")
