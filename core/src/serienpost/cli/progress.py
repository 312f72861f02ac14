"""Progress on stderr: a bar on a terminal, a plain line now and then otherwise."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from serienpost.plugin_attribution import at_work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from zoneinfo import ZoneInfo

    from serienpost.run.send.loop import Progress

SILENCE_SECONDS = 60.0
"""After so long without a further row a command says whose code is at work."""

_LINE_SECONDS = 10.0
_WAITING = {
    "rate": "the account's rate",
    "deferral": "a temporary refusal",
}


@contextmanager
def counting(unit: str) -> Iterator[Callable[[int], None]]:
    """Count something whose total nobody knows; tell who is at work if nothing comes for long."""
    with _heard() as hear:
        if not sys.stderr.isatty():
            yield hear
            return
        from rich.console import Console

        with Console(stderr=True).status(f"0 {unit}") as status:

            def show(number: int) -> None:
                hear(number)
                status.update(f"{number:,} {unit}")

            yield show


@contextmanager
def _heard() -> Iterator[Callable[[int], None]]:
    """Watch for silence: once for each time that nothing was counted for long."""
    last = [time.monotonic()]
    ended = threading.Event()

    def watch() -> None:
        told = 0.0
        while not ended.wait(SILENCE_SECONDS / 4):
            if told != last[0] and time.monotonic() - last[0] > SILENCE_SECONDS:
                told = last[0]
                who = at_work() or "serienpost"
                text = f"{who} has been at work for {SILENCE_SECONDS:g} seconds; Ctrl-C stops"
                click.echo(text, err=True)

    def hear(_: int) -> None:
        last[0] = time.monotonic()

    threading.Thread(target=watch, name="silence", daemon=True).start()
    try:
        yield hear
    finally:
        ended.set()


@contextmanager
def delivering(total: int, zone: ZoneInfo) -> Iterator[Callable[[Progress], None]]:
    """Show how far a run is, how fast, how long still, and what it waits for."""
    if sys.stderr.isatty():
        with _bar(total, zone) as report:
            yield report
        return
    said_at, said = time.monotonic(), ""

    def say(progress: Progress) -> None:
        nonlocal said_at, said
        waiting = _reason(progress, zone)
        if time.monotonic() - said_at > _LINE_SECONDS or (waiting and waiting != said):
            said_at, said = time.monotonic(), waiting
            click.echo(f"{progress.settled}/{total} {waiting}".rstrip(), err=True)

    yield say


@contextmanager
def _bar(total: int, zone: ZoneInfo) -> Iterator[Callable[[Progress], None]]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bar
    from rich.text import Text

    class Rate(ProgressColumn):
        """Messages per second."""

        def render(self, task: Task) -> Text:
            return Text(f"{task.speed:.1f}/s" if task.speed else "")

    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )
    with Bar(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=total)

        def report(progress: Progress) -> None:
            bar.update(task, completed=progress.settled, description=_reason(progress, zone))

        yield report


def _reason(progress: Progress, zone: ZoneInfo) -> str:
    if progress.waiting is None:
        return ""
    until = progress.until.astimezone(zone).strftime(" until %H:%M:%S") if progress.until else ""
    return f"waiting{until} for {_WAITING.get(progress.waiting, progress.waiting)}"
