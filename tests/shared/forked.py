"""Processes as `python -m MODULE` makes them, forked from one that has read the code already.

To read it takes most commands longer than their work. All else is theirs: streams, environment,
folder, modules of `PYTHONPATH`, locks, signals, death.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import select
import socket
import subprocess
import sys
import time
from contextlib import suppress
from functools import cache
from pathlib import Path
from struct import Struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Set where each process is to read the code itself.
FRESH = "FRESH_PROCESSES"

_PROGRAM = """\
import sys
sys.path.insert(0, {here!r})
import runpy, forked
runpy._run_module_as_main(forked.next_module({number}))
"""
# What commands read: packages with all that is in them, and modules.
_PACKAGES = (
    "serienpost",
    "serienpost_channel_letter",
    "serienpost_channel_sendgrid",
    "serienpost_channel_smscreator",
    "serienpost_channel_smtp",
    "serienpost_testkit.null",
)
_MODULES = (
    "babel.numbers",
    "serienpost_testkit.plugin",
    "sqlalchemy.dialects.postgresql",
    "sqlalchemy.dialects.sqlite",
)
_NUMBER = Struct("i")
_LONGEST = 1_000_000


def popen(environment: Mapping[str, str]) -> type[subprocess.Popen[Any]]:
    """What starts `[sys.executable, "-m", MODULE, ...]` with this environment: `Forked`, where that
    is the same and nobody asks for processes that read the code themselves."""
    folders = environment.get("PYTHONPATH", "").split(os.pathsep)
    is_customized = any((Path(folder) / "sitecustomize.py").exists() for folder in folders)
    is_fresh = FRESH in os.environ or is_customized or not hasattr(os, "pidfd_open")
    return subprocess.Popen if is_fresh else Forked


class Forked(subprocess.Popen[Any]):
    """As `subprocess.Popen([sys.executable, "-m", MODULE, ...], env=...)`."""

    def _execute_child(self, args: Any, *more: Any) -> None:  # noqa: ANN401
        cwd, env, streams = more[4], more[5], (more[9], more[12], more[14])
        self._told, told = socket.socketpair()
        with told:
            job = json.dumps([args[2], args[3:], str(cwd or Path.cwd()), env]).encode()
            socket.send_fds(_source(), [job], [*streams, told.fileno()])
        self.pid = self._number()
        self._child_created = True
        self._close_pipe_fds(*more[9:15])  # type: ignore[attr-defined]

    def _number(self) -> int:
        (number,) = _NUMBER.unpack(self._told.recv(_NUMBER.size, socket.MSG_WAITALL))
        return int(number)

    def _internal_poll(self, *_args: Any, **_more: Any) -> int | None:  # noqa: ANN401
        with suppress(subprocess.TimeoutExpired, ValueError):  # nobody has it any more
            return self._wait(0)
        return None

    def _wait(self, timeout: float | None) -> int:
        if self.returncode is None:
            if not select.select([self._told], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
            self.returncode = os.waitstatus_to_exitcode(self._number())
            self._told.close()
        return self.returncode


@cache
def _source() -> socket.socket:
    """The connection to the process that is forked; it ends with this one."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in (ours, theirs):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _LONGEST)
    program = _PROGRAM.format(here=str(Path(__file__).parent), number=theirs.fileno())
    known = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        env={**known, "PYTHONUTF8": "1"},
        pass_fds=[theirs.fileno()],
    )
    theirs.close()

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


def next_module(number: int) -> str:
    """Read the code, then wait for processes that are asked for at this socket. Returns in each of
    them, with the module that it is to run."""
    path = sys.path[2:]  # without this file's folder and the present one
    _read_code()
    gc.freeze()
    asked = socket.socket(fileno=number)
    waiting: dict[int, tuple[int, socket.socket]] = {}
    while True:
        for ready in select.select([asked, *waiting], [], [])[0]:
            if ready is not asked:
                pid, told = waiting.pop(ready)
                with told, suppress(BrokenPipeError):  # nobody wants to know any more
                    told.send(_NUMBER.pack(os.waitpid(pid, 0)[1]))
                os.close(ready)
                continue
            job, given, *_ = socket.recv_fds(asked, _LONGEST, 4)
            if not job:
                os._exit(0)
            told = socket.socket(fileno=given.pop())
            pid = os.fork()
            if not pid:
                asked.close()
                for file, other in [*waiting.items(), (None, (0, told))]:
                    other[1].close()
                    if file is not None:
                        os.close(file)
                return _become(json.loads(job), given, path)
            for file in given:
                os.close(file)
            told.send(_NUMBER.pack(pid))
            waiting[os.pidfd_open(pid)] = pid, told


def _become(job: list[Any], streams: list[int], path: list[str]) -> str:
    """Be the process that was asked for; returns the module that it runs."""
    module, arguments, folder, environment = job
    for number, file in enumerate(streams):
        os.dup2(file, number)
    for file in streams:
        os.close(file)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    sys.argv = ["-m", *arguments]
    sys.path[:] = [
        folder,
        *filter(None, environment.get("PYTHONPATH", "").split(os.pathsep)),
        *path,
    ]
    importlib.invalidate_caches()
    from serienpost import fault_injection

    fault_injection._ARMED = environment.get("SERIENPOST_FAULT")  # read when it is imported
    return str(module)


def _read_code() -> None:
    for package in _PACKAGES:
        for name in _modules(package):
            importlib.import_module(name)
    for name in _MODULES:
        importlib.import_module(name)


def _modules(package: str) -> Iterator[str]:
    """The names of all modules of a package but those that run."""
    yield package
    for found in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
        if not found.name.endswith("__main__") and ".migrations" not in found.name:
            yield found.name
