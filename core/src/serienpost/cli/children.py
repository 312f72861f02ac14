"""Processes that each run a command in one practice."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Done:
    """How the command ended in one practice; `code` is negative where a signal ended it."""

    folder: Path
    code: int
    out: str
    err: str


@dataclass
class Children:
    """The processes under way; none is started after `stop`."""

    running: set[subprocess.Popen[str]] = field(default_factory=set)
    is_stopped: bool = False
    lock: Lock = field(default_factory=Lock)

    def run(self, folder: Path, args: Sequence[str]) -> Done | None:
        """Run the command in this practice to its end; None after `stop`."""
        with self.lock:
            if self.is_stopped:
                return None
            process = subprocess.Popen(  # noqa: S603  # our own command line
                [sys.executable, "-P", "-m", "serienpost", "-C", str(folder), *args],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,  # what a terminal sends is passed on by `stop`, once
            )
            self.running.add(process)
        out, err = process.communicate()
        with self.lock:
            self.running.discard(process)
        return Done(folder, process.returncode, out, err)

    def stop(self) -> None:
        """Ask all to end as by SIGTERM; a run then stops after the calls under way."""
        self.is_stopped = True
        for process in list(self.running):
            process.terminate()


@contextmanager
def stopping(children: Children) -> Iterator[None]:
    before = {
        number: signal.signal(number, lambda *_: children.stop())
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
