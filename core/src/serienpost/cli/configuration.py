"""`config show`: every key in force and where it comes from."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import click

from serienpost.cli.group import json_option
from serienpost.cli.output import table
from serienpost.cli.practice import with_practice
from serienpost.cli.reply import Reply

if TYPE_CHECKING:
    from serienpost.context import Context

_PASSWORD = re.compile(r"(://[^/@:\s]*:)(?!\$\{secret:)[^/@\s]*(@)")


@click.group(name="config")
def config_command() -> None:
    """Show the configuration that is in force."""


@config_command.command(name="show")
@click.option("--origin", is_flag=True, help="Say for each key which file and line it is from.")
@json_option
@with_practice
def show_command(context: Context, origin: bool) -> Reply:
    """Show every key; of secrets only the references."""
    from serienpost.config.models import plain_values
    from serienpost.config.origins import flat_values, origins

    data: dict[str, Any] = {"config": _masked(plain_values(context.config))}
    if origin:
        data["origins"] = origins(context.config)

    def text() -> None:
        rows = (
            (key, _shown(_masked(value)), *([data["origins"][key]] if origin else []))
            for key, value in flat_values(context.config).items()
        )
        table(["key", "value", *(["origin"] if origin else [])], rows)

    return Reply(data, text)


def _masked(value: Any) -> Any:  # noqa: ANN401
    """Passwords inside URLs do not pass the models; what a plugin's model lets pass is hidden."""
    if isinstance(value, dict):
        return {key: _masked(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_masked(inner) for inner in value]
    return _PASSWORD.sub(r"\1***\2", value) if isinstance(value, str) else value


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
