"""The real command line on a practice folder, for suites that drive whole runs."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# After so long a command is stuck.
SECONDS = 100.0


class CommandLine:
    """Runs commands in a practice folder, each in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(
        self, *command: str, code: int | None = 0, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run one command and require its exit code, unless that is None."""
        done = subprocess.run(
            [sys.executable, "-m", "serienpost", "-C", str(self._folder), *command],
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
                "PYTHONUTF8": "1",
                **environment,
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=SECONDS,
            check=False,
        )
        assert code is None or done.returncode == code, said(done)
        return done


def said(done: subprocess.CompletedProcess[str]) -> str:
    return f"{done.args[5:]}: exit {done.returncode}\n{done.stdout[-1500:]}{done.stderr[-1500:]}"
