"""`send` in a process of its own, its memory watched."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from null_practice import PROGRAM

# Seconds between two looks.
_PAUSE = 0.5


@dataclass(frozen=True)
class Memory:
    """MiB of memory at one moment: of the command alone, and with its processes."""

    alone: float
    together: float


@dataclass(frozen=True)
class Watched:
    """A command that ended: its seconds, and its memory from begin to end."""

    seconds: float
    memory: list[Memory]

    @property
    def early(self) -> Memory:
        """After a tenth of the way."""
        return self.memory[len(self.memory) // 10]

    @property
    def most(self) -> Memory:
        """The greatest of both."""
        alone = max(one.alone for one in self.memory)
        return Memory(alone, max(one.together for one in self.memory))


def deliver(folder: Path, run: str, code: int) -> Watched:
    """Send a prepared run; another exit code than this ends the benchmark."""
    memory = []
    start = time.perf_counter()
    command = [str(PROGRAM), "-C", str(folder), "send", run, "--yes", "--json"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None:
            alone = own_share(process.pid)
            others = sum(map(own_share, _descendants(process.pid)))
            if alone:
                memory.append(Memory(alone, alone + others))
            time.sleep(_PAUSE)
    if process.returncode != code:
        sys.exit(f"send ended with {process.returncode}, expected {code}")
    return Watched(time.perf_counter() - start, memory)


def own_share(process: int) -> float:
    """MiB, where memory shared by several processes counts in equal shares; 0 for one that is
    gone."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text("ascii").splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def _descendants(process: int) -> list[int]:
    found = []
    for path in Path(f"/proc/{process}/task").glob("*/children"):
        try:
            children = [int(word) for word in path.read_text("ascii").split()]
        except OSError:
            continue
        for child in children:
            found += [child, *_descendants(child)]
    return found
