"""The desk: serienpost in a browser.

The command line of the core takes `serve_command` from here by name; it is imported on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from serienpost_web.commands import serve_command

__all__ = ["serve_command"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from serienpost_web import commands

    return getattr(commands, name)
