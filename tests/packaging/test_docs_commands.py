"""The page of commands shows what `--help` says."""

from __future__ import annotations

from click.testing import CliRunner
from docs_commands import WIDTH, commands_page, helps
from docs_keys import manual_registry
from workspace import ROOT

from serienpost.cli.group import COMMANDS, cli
from serienpost.errors import Exit


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


def test_page_has_a_section_per_command() -> None:
    page = commands_page()
    headings = [line for line in page.splitlines() if line.startswith("## ")]
    assert "## `serienpost suppress add`" in headings
    assert len(headings) == len(set(headings)) == len(list(helps()))


def test_every_exit_code_is_explained() -> None:
    text = (ROOT / "docs" / "exit-codes.md").read_text(encoding="utf-8")
    assert [code.value for code in Exit if f"\n| {code.value} | " not in text] == []
