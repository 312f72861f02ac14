"""`config show`: every key in force and where it comes from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from serienpost.cli.group import json_option
from serienpost.cli.output import print_table
from serienpost.cli.practice import with_practice
from serienpost.cli.reply import Reply
from serienpost.translation import Texts

if TYPE_CHECKING:
    from serienpost.service import Practice

_ = Texts(__name__)

# In JSON, of a key that stands nowhere.
_DEFAULT = "default"


@click.group(name="config")
def config_command() -> None:
    """Show the configuration that is in force."""


@config_command.command(name="show")
@click.option("--origin", is_flag=True, help=_("Say for each key which file and line it is from."))
@json_option
@with_practice
def show_command(practice: Practice, origin: bool) -> Reply:
    """Show every key; of secrets only the references."""
    from serienpost.config.models import leaves, shown_values

    values = shown_values(practice.context.config)
    data: dict[str, Any] = {"config": values}
    if origin:
        data["origins"] = {key: _origin(practice, key) for key, _value in leaves(values)}

    def text() -> None:
        rows = (
            (key, _shown(value), *([_origin_said(data["origins"][key])] if origin else []))
            for key, value in leaves(values)
        )
        print_table([_("key"), _("value"), *([_("origin")] if origin else [])], rows)

    return Reply(data, text)


def _origin(practice: Practice, key: str) -> str:
    file, line = practice.context.place(key)
    if file is None:
        return _DEFAULT
    return f"{file}:{line}" if line else file


def _origin_said(origin: str) -> str:
    return _("default") if origin == _DEFAULT else origin


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
