"""Progress on stderr: a bar on a terminal, a plain line now and then otherwise."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Self

from serienpost import words
from serienpost.cli.output import say
from serienpost.plugin_attribution import at_work
from serienpost.translation import Texts

if TYPE_CHECKING:
    from types import TracebackType
    from zoneinfo import ZoneInfo

    from serienpost.service.run import Progress
    from serienpost.translation import Text

_ = Texts(__name__)

# After so long without a further row a command says whose code is at work.
SILENCE_SECONDS = 60.0

# Without a terminal a line tells each so many parts of the way; of short runs none, since cron
# sends a mail for every line.
_PARTS = 10
_LINE_SECONDS = 10.0


class Display:
    """Shows rows being read, then messages being delivered.

    Args:
        zone: the practice's time zone.
        reads: whether rows are read first; long silence while they are is told.
    """

    def __init__(self, zone: ZoneInfo, *, reads: bool = False) -> None:
        self._zone = zone
        self._reads = reads
        self._heard = self._said_at = time.monotonic()
        self._told: tuple[str, str | None, str] = ("", None, "")
        self._part = 0
        self._delivering = threading.Event()
        self._shown = ExitStack()
        self._status: Any = None
        self._bar: Any = None
        self._task: tuple[str, Any] | None = None

    def __enter__(self) -> Self:
        if self._reads:
            threading.Thread(target=self._watch, name="silence", daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._delivering.set()
        self._shown.close()

    def counted(self, number: int) -> None:
        """So many rows are read."""
        self._heard = time.monotonic()
        if not sys.stderr.isatty():
            return
        if self._status is None:
            from rich.console import Console

            self._status = self._shown.enter_context(Console(stderr=True).status(str(_rows(0))))
        self._status.update(str(_rows(number)))

    def delivered(self, progress: Progress) -> None:
        """A run is delivered so far; how fast, how long still, and what it waits for."""
        if not self._delivering.is_set():
            self._delivering.set()
            self._shown.close()
        if sys.stderr.isatty():
            self._draw(progress)
            return
        part = progress.settled * _PARTS // max(progress.total, 1)
        is_due = part > self._part and time.monotonic() - self._said_at > _LINE_SECONDS
        if self._is_news(progress) or is_due:
            self._part, self._said_at = part, time.monotonic()
            waiting = _reason(progress, self._zone)
            say(f"{progress.settled}/{progress.total} {waiting}".rstrip(), err=True)

    def _is_news(self, progress: Progress) -> bool:
        """Whether it waits for something else than was told; a later end of the wait is no news."""
        wait = (progress.run, progress.waiting, progress.why)
        if progress.run != self._told[0]:
            self._part = 0
            self._told = (progress.run, None, "")
        if progress.waiting is None or wait == self._told:
            return False
        self._told = wait
        return True

    def _draw(self, progress: Progress) -> None:
        if self._bar is None:
            self._bar = self._shown.enter_context(_bar())
        if self._task is None or self._task[0] != progress.run:
            self._task = progress.run, self._bar.add_task("", total=progress.total)
        reason = _reason(progress, self._zone)
        if progress.waiting == "connection":
            if self._is_news(progress):  # too long to stand beside the bar
                self._bar.console.print(str(reason), markup=False, highlight=False)
            reason = _("waiting")
        self._bar.update(self._task[1], completed=progress.settled, description=str(reason))

    def _watch(self) -> None:
        """Tell once for each time that nothing was counted for long."""
        told = 0.0
        while not self._delivering.wait(SILENCE_SECONDS / 4):
            if told != self._heard and time.monotonic() - self._heard > SILENCE_SECONDS:
                told = self._heard
                who = at_work() or "serienpost"
                text = _(
                    "{who} has been at work for {seconds} seconds; Ctrl-C stops",
                    who=who,
                    seconds=SILENCE_SECONDS,
                )
                say(text, err=True)


def _bar() -> Any:  # noqa: ANN401  # rich is imported where a terminal shows it
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text as Shown

    class Rate(ProgressColumn):
        """Messages per second."""

        def render(self, task: Task) -> Shown:
            return Shown(str(_("{rate}/s", rate=round(task.speed, 1))) if task.speed else "")

    return Progress(
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
        console=Console(stderr=True),
    )


def _rows(number: int) -> Text:
    return _.ngettext("{n} row", "{n} rows", number)


def _reason(progress: Progress, zone: ZoneInfo) -> str:
    """What it waits for, and until when: to the second, it may be a few."""
    if progress.waiting is None:
        return ""
    if progress.waiting == "answer":
        return _("waiting for an answer to account {account}", account=progress.why)
    until = f"{progress.until.astimezone(zone):%H:%M:%S}" if progress.until else ""
    if progress.waiting == "connection":
        if until:
            return _("waiting until {time}: {why}", time=until, why=progress.why)
        return _("waiting: {why}", why=progress.why)
    what = words.reason(progress.waiting)
    if until:
        return _("waiting until {time}: {why}", time=until, why=what)
    return _("waiting: {why}", why=what)
