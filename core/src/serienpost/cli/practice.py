"""Opens the practice for a command."""

from __future__ import annotations

import functools
import getpass
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from serienpost.errors import SerienpostError

if TYPE_CHECKING:
    from collections.abc import Callable

    from serienpost.cli.reply import Reply

T = TypeVar("T")


def with_practice(command: Callable[..., Reply]) -> Callable[..., Reply]:
    """Open the practice folder of `-C` and pass it as the first argument.

    It stays open until the edge has written the reply, which may stream from the ledger.
    """

    @functools.wraps(command)
    def opened(*args: Any, **kwargs: Any) -> Reply:  # noqa: ANN401
        from serienpost.config.loading import open_practice

        context = open_practice(practice_folder())
        _open_contexts.append(context)
        return command(context, *args, **kwargs)

    return opened


_open_contexts: list[Any] = []


def close_practices() -> None:
    """Close what `with_practice` opened."""
    while _open_contexts:
        _open_contexts.pop().close()


def practice_folder() -> Path:
    """The folder named by `-C`, the environment, or the current one."""
    folder = click.get_current_context().find_root().obj
    return folder if isinstance(folder, Path) else Path()


def user_name() -> str:
    """Who runs the command, for the record."""
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def ask(question: str, option: str) -> bool:
    """A yes/no question; without a terminal a refusal that names the option which answers it.

    Raises:
        SerienpostError: nobody is there to answer.
    """
    if not sys.stdin.isatty():
        raise SerienpostError(f"{question} - nobody is there to answer", hint=f"add {option}")
    return click.confirm(question, err=True)
