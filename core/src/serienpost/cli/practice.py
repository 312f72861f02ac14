"""Opens the practice for a command, in the name of whoever runs it."""

from __future__ import annotations

import functools
import getpass
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serienpost.cli.notices import tell
from serienpost.translation import present_language, speak

if TYPE_CHECKING:
    from collections.abc import Callable

    from serienpost.cli.reply import Reply
    from serienpost.service import Practice


def with_practice(command: Callable[..., Reply]) -> Callable[..., Reply]:
    """Open the practice folder of `-C` and pass the `Practice` as the first argument.

    It stays open until the reply is written, which may stream from the ledger.
    """

    @functools.wraps(command)
    def opened(*args: Any, **kwargs: Any) -> Reply:  # noqa: ANN401
        from serienpost.config.loading import load_practice
        from serienpost.service import Practice

        # Not made absolute: files are told by the names that the user gave.
        context = load_practice(named_folder())
        speak(present_language(), context.zone)
        practice = Practice(context, f"os:{login()}", tell)
        _open.append(practice)
        return command(practice, *args, **kwargs)

    return opened


_open: list[Practice] = []


def close_practices() -> None:
    """Close what `with_practice` opened."""
    while _open:
        _open.pop().close()


_named = [Path()]


def name_folder(folder: Path) -> None:
    """Remember which practice the command line is about, also for when the command is over."""
    _named[0] = folder


def named_folder() -> Path:
    """The folder named by `-C`, the environment, or the current one."""
    return _named[0]


def login() -> str:
    """Who runs the command; behind sudo the person, not root."""
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"
