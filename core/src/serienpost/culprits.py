"""Whose code an unexpected error comes from."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def culprit_of(error: BaseException) -> str | None:
    """The plugin, with its version, in whose code the error was raised; the innermost of several.

    None where no plugin's code was running.
    """
    packages = list(_packages(error))
    plugins = {
        entry.module.partition(".")[0]: f"plugin {entry.name} {entry.dist.version}"
        for entry in entry_points(group="serienpost")
        if entry.dist
    }
    return next((plugins[package] for package in reversed(packages) if package in plugins), None)


def _packages(error: BaseException) -> Iterator[str]:
    """The packages that were running, the innermost last."""
    trace = error.__traceback__
    while trace is not None:
        yield str(trace.tb_frame.f_globals.get("__name__", "")).partition(".")[0]
        trace = trace.tb_next
