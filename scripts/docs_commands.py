"""The `--help` of every command, for the manual."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from docs_keys import manual_registry

from serienpost.cli.group import cli

if TYPE_CHECKING:
    from collections.abc import Iterator

WIDTH = 88


def commands_page() -> str:
    """A section per command: its name and its help."""
    return "\n".join(
        f"## `{' '.join(('serienpost', *path))}`\n\n```text\n{text}\n```\n"
        for path, text in helps()
    )


def helps() -> Iterator[tuple[tuple[str, ...], str]]:
    """Words after `serienpost` and the help, the group itself first."""
    top = click.Context(cli, info_name="serienpost", terminal_width=WIDTH, **cli.context_settings)
    yield (), top.get_help()
    for name in cli.list_commands(top):
        command = cli.get_command(top, name)
        if command:
            yield from _helps(command, (name,), top)
    for name, command in sorted(manual_registry().commands.items()):
        yield from _helps(command, (name,), top)


def _helps(
    command: click.Command, path: tuple[str, ...], parent: click.Context
) -> Iterator[tuple[tuple[str, ...], str]]:
    context = click.Context(command, info_name=path[-1], parent=parent)
    yield path, context.get_help()
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            if below:
                yield from _helps(below, (*path, name), context)
