"""Whose code an unexpected error comes from, or is at work for long."""

from __future__ import annotations

import sys
import threading
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import FrameType


def plugin_behind(error: BaseException) -> str | None:
    """The plugin, with its version, in whose code the error was raised; the innermost of several.

    None where no plugin's code was running.
    """
    return _innermost(reversed(list(_raising(error))))


def at_work() -> str | None:
    """The plugin, with its version, whose code the main thread is running right now."""
    return _innermost(_running(sys._current_frames().get(threading.main_thread().ident or 0)))


def _innermost(packages: Iterable[str]) -> str | None:
    plugins = {
        entry.module.partition(".")[0]: f"plugin {entry.name} {entry.dist.version}"
        for entry in entry_points(group="serienpost")
        if entry.dist
    }
    return next((plugins[package] for package in packages if package in plugins), None)


def _raising(error: BaseException) -> Iterator[str]:
    """The packages that were running, the innermost last."""
    trace = error.__traceback__
    while trace is not None:
        yield _package(trace.tb_frame)
        trace = trace.tb_next


def _running(frame: FrameType | None) -> Iterator[str]:
    """The packages that are running, the innermost first."""
    while frame is not None:
        yield _package(frame)
        frame = frame.f_back


def _package(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]
