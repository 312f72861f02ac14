"""The manual about commands: a table of all, and a page for each with its `--help`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from docs_keys import cell, manual_registry
from workspace import ROOT

from serienpost.cli.group import ELSEWHERE, cli
from serienpost.cli.language import spoken
from serienpost.ledger.states import COMMANDS as ALLOWED

if TYPE_CHECKING:
    from collections.abc import Iterator

WIDTH = 88
CORE = "serienpost"

# Words after `serienpost`, and the help.
Help = tuple[tuple[str, ...], str]


def commands_page() -> str:
    """The help of `serienpost` itself, and a table with a line per command."""
    _, text = next(helps())
    rows = [
        f"| [`{name}`](commands/{name}.md) | {cell(command.get_short_help_str(200))} | {owner} |"
        for name, command, owner in top_commands()
    ]
    head = "| command | does | comes with |\n|---|---|---|"
    return f"```text\n{text}\n```\n\n" + "\n".join([head, *rows]) + "\n"


def command_pages() -> Iterator[tuple[str, str]]:
    """File below `docs/` and text of each command's page."""
    for name, command, owner in top_commands():
        yield f"commands/{name}.md", _page(name, command, owner)


def top_commands() -> Iterator[tuple[str, click.Command, str]]:
    """Name, command and distribution; the core's first."""
    top = _top()
    for name in cli.list_commands(top):
        command = cli.get_command(top, name)
        if command:
            yield name, command, ELSEWHERE[name][2] if name in ELSEWHERE else CORE
    registry = manual_registry()
    for name, command in sorted(registry.commands.items()):
        yield name, command, registry.providers["commands", name].distribution


def helps() -> Iterator[Help]:
    """The help of the group itself, then of each command and those below it."""
    yield (), _top().get_help()
    for name, command, _ in top_commands():
        yield from _helps(command, (name,), _top())


def _page(name: str, command: click.Command, owner: str) -> str:
    parts = [f"# `serienpost {name}`", cell(command.get_short_help_str(200))]
    if owner != CORE:
        parts.append(f"Comes with `{owner}`.")
    parts += [_shown(path, text) for path, text in _helps(command, (name,), _top())]
    states = ALLOWED.get(name)
    if states:
        named = ", ".join(f"`{state}`" for state in sorted(states))
        parts.append(f"Allowed while the run is: {named} ([all states](../states.md)).")
    schemas = sorted((ROOT / "docs" / "json").glob(f"{name}*.schema.json"))
    links = [f"[{schema.name}](../json/{schema.name})" for schema in schemas]
    parts.append(f"With `--json`: {', '.join(links)}." if links else "")
    return "\n\n".join([*filter(None, parts), "[Exit codes](../exit-codes.md)"]) + "\n"


def _shown(path: tuple[str, ...], text: str) -> str:
    title = f"## `{' '.join((CORE, *path))}`\n\n" if len(path) > 1 else ""
    return f"{title}```text\n{text}\n```"


def _top() -> click.Context:
    return click.Context(cli, info_name=CORE, terminal_width=WIDTH, **cli.context_settings)


def _helps(command: click.Command, path: tuple[str, ...], parent: click.Context) -> Iterator[Help]:
    command = spoken(command)  # click keeps the option for help as it was first shown
    context = click.Context(command, info_name=path[-1], parent=parent)
    yield path, context.get_help()
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            if below:
                yield from _helps(below, (*path, name), context)
