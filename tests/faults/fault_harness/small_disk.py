"""A practice on a real disk that is small, so that it can be full.

The disk is a file system in memory, mounted where only the commands of the test see it: in a user
and mount namespace of their own, which needs no rights. The test reaches it through `/proc`.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

from command_line import OWN, spoken
from fault_harness.practice import Practice
from sqlalchemy import create_engine  # noqa: TID253

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from fault_harness.practice import Done
    from sqlalchemy import Engine

_BLOCK = bytes(4096)
_HOLD = 'mount -t tmpfs -o "$1" serienpost "$2" && echo mounted && exec cat'


class NoNamespacesError(Exception):
    """This system lets nobody mount a disk of their own; its text says why."""


class SmallDisk:
    """A file system of a few MB and files, mounted over a new folder for as long as the block runs.

    Args:
        folder: where the commands find it.

    Raises:
        NoNamespacesError: from entering the block.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __enter__(self) -> Self:
        self.folder.mkdir()
        made = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", _HOLD, "hold"]
        try:
            self._holder = subprocess.Popen(
                [*made, "size=8m,nr_inodes=200", str(self.folder)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
            )
        except FileNotFoundError as error:
            raise NoNamespacesError(str(error)) from error
        assert self._holder.stdout
        said = self._holder.stdout.readline().strip()
        if said != "mounted":
            self.__exit__(None, None, None)
            raise NoNamespacesError(said)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._holder.communicate()

    @property
    def seen(self) -> Path:
        """Where this process finds the same files."""
        return Path(f"/proc/{self._holder.pid}/root{self.folder}")

    @property
    def enter(self) -> list[str]:
        """The beginning of a command line that runs where the disk is mounted."""
        target = f"--target={self._holder.pid}"
        return ["nsenter", "--user", "--mount", "--preserve-credentials", target]

    def fill(self, free: int = 0) -> None:
        """Fill it to the last block, but for so many kB."""
        filler = self._fillers / "blocks"
        with suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(_BLOCK)
        os.truncate(filler, max(0, filler.stat().st_size - free * 1024))

    def fill_with_files(self) -> None:
        """Let it hold no more files, though there are free blocks."""
        with suppress(OSError):
            for number in range(1000):
                (self._fillers / str(number)).touch()

    def make_room(self) -> None:
        """Take away what filled it."""
        shutil.rmtree(self._fillers)

    @property
    def _fillers(self) -> Path:
        folder = self.seen / "fillers"
        folder.mkdir(exist_ok=True)
        return folder


@dataclass
class SmallDiskPractice(Practice):
    """A practice whose commands see a small disk; `folder` is where this process finds its folder,
    on the disk or not."""

    disk: SmallDisk = field(kw_only=True)

    def start(self, *args: str, fault: str | None = None) -> subprocess.Popen[str]:
        """Start a command and let it run."""
        known = {name: value for name, value in os.environ.items() if not name.startswith(OWN)}
        known |= spoken()
        own = {"PYTHONUTF8": "1", "PYTHONPATH": f"{self._inside}/site"}
        own |= {"PYTHONDONTWRITEBYTECODE": "1", **({"SERIENPOST_FAULT": fault} if fault else {})}
        command = [sys.executable, "-m", "serienpost", "-C", str(self._inside), *args]
        return subprocess.Popen(
            [*self.disk.enter, *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            env={**known, **own, **self.env},
        )

    def interrupted(self, *args: str, at: str, do: Callable[[], None]) -> Done:
        """Run a command to its end, and do something while it stands still at a fault point."""
        running = self.start(*args, fault=f"{at}:stop")
        found = os.waitid(os.P_PID, running.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        assert found
        if found.si_code == os.CLD_STOPPED:
            do()
            running.send_signal(signal.SIGCONT)
            return self.finish(running, *args)
        done = self.finish(running, *args)
        raise AssertionError(f"{args} does not pass {at}: {done.code} {done.err[-800:]}")

    def engine(self) -> Engine:
        """On a copy of the ledger, since SQLite follows no path through `/proc`."""
        where = self.folder / self.url.removeprefix("sqlite:///")
        copy = Path(tempfile.mkdtemp(dir=self.disk.folder.parent))
        for name in (where.name, f"{where.name}-wal"):
            if where.with_name(name).exists():
                shutil.copy(where.with_name(name), copy)
        return create_engine(f"sqlite:///{copy / where.name}")

    @property
    def _inside(self) -> Path:
        if self.folder.is_relative_to(self.disk.seen):
            return self.disk.folder / self.folder.relative_to(self.disk.seen)
        return self.folder
