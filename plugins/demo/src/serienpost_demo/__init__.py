"""Demo practice, SMTP catcher, `demo` and `init --demo`.

The command line of the core takes `demo_command` and `init_demo` from here by name; both are
imported on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from serienpost_demo.commands import demo_command, init_demo

__all__ = ["demo_command", "init_demo"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from serienpost_demo import commands

    return getattr(commands, name)
