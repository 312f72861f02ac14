"""The command line on a practice folder: in this process, or in one that can be killed."""

from __future__ import annotations

import io
import logging
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import reading
from forked import popen

from serienpost.cli.main import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

KILLED = -signal.SIGKILL
# Begin of the variables that commands take from nobody but the test.
OWN = "SERIENPOST_"


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    args: tuple[str, ...]
    code: int
    out: str
    err: str


def spoken() -> dict[str, str]:
    """The language of commands, where a test does not choose another."""
    return {"SERIENPOST_LANG": reading.language()}


def start(
    folder: Path,
    args: Sequence[str],
    environment: Mapping[str, str],
    fault: str | None = None,
    *,
    program: str | None = None,
) -> subprocess.Popen[str]:
    """Start a command in a process of its own; `fault` is the point at which it dies, `program` a
    module that is run instead of the command line."""
    known = {name: value for name, value in os.environ.items() if not name.startswith(OWN)}
    extra = {"SERIENPOST_FAULT": fault} if fault else {}
    module, noted = (program, {}) if program else reading.module(args, environment)
    env = {**known, **spoken(), "PYTHONUTF8": "1", **environment, **noted, **extra}
    process = popen(env)(
        [sys.executable, "-m", module, "-C", str(folder), *args],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        cwd=folder.parent,
        env=env,
    )
    reading.listen(process, noted)
    return process


def finish(process: subprocess.Popen[str], args: Sequence[str], seconds: float) -> Done:
    """Wait for a command; one that is stuck is a failure."""
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        raise AssertionError(f"{args} is stuck: {out[-500:]}{err[-500:]}") from None
    english = reading.understood(process)
    reading.assert_all_said(args, Path(process.args[4]), out, err)  # type: ignore[index]
    return Done(tuple(args), process.returncode, english(out), english(err))


def run_here(folder: Path, args: Sequence[str], environment: Mapping[str, str]) -> Done:
    """Run a command on this folder in this process, as a process of its own would run it."""
    done = run_in(folder.parent, ["-C", str(folder), *args], environment)
    return Done(tuple(args), done.code, done.out, done.err)


def run_in(place: Path, args: Sequence[str], environment: Mapping[str, str]) -> Done:
    """Run a command line in this process, with `place` as the working folder."""
    out, err = io.StringIO(), io.StringIO()
    with (
        _surroundings(place, environment),
        redirect_stdout(out),
        redirect_stderr(err),
        _last_resort(err),
        reading.heard(args, environment) as english,
    ):
        code = run(args)
    reading.assert_all_said(args, place, out.getvalue(), err.getvalue())
    return Done(tuple(args), int(code), english(out.getvalue()), english(err.getvalue()))


def wait_until(condition: Callable[[], bool], seconds: float = 120) -> None:
    """Wait for something that another process does."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"it did not happen within {seconds:g} seconds"
        time.sleep(0.005)


def is_stopped(pid: int) -> bool:
    """Whether a process is stopped by a signal; one that is gone is not."""
    try:
        found = Path(f"/proc/{pid}/stat").read_text("ascii", "replace")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return found.rpartition(")")[2].split()[0] == "T"


@contextmanager
def _surroundings(folder: Path, environment: Mapping[str, str]) -> Iterator[None]:
    """Working folder, environment and an input that ends at once, as for a new process."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(OWN)]:
            patch.delenv(name)
        for name, value in {**spoken(), **environment}.items():
            patch.setenv(name, value)
        patch.chdir(folder)
        patch.setattr(sys, "stdin", io.StringIO())
        yield


@contextmanager
def _last_resort(err: io.StringIO) -> Iterator[None]:
    """Warnings go to stderr, as where nobody has set up a log."""
    handler = logging.StreamHandler(err)
    handler.setLevel(logging.WARNING)
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
