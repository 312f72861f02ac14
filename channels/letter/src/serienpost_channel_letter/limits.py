"""What a worker process may use up before the system ends it."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys

_MEGABYTE = 1 << 20
_PR_SET_PDEATHSIG = 1


def limit_memory(megabytes: int) -> None:
    """No more address space than this, no file may be written, no core dumped."""
    space = _at_most(resource.RLIMIT_AS, megabytes * _MEGABYTE)
    resource.setrlimit(resource.RLIMIT_AS, (space, space))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def limit_processor(seconds: float) -> None:
    """From now on so many seconds of processor time, then the system ends the process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    until = int(used.ru_utime + used.ru_stime + seconds) + 1
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (_at_most(resource.RLIMIT_CPU, until), hard))


def end_with(parent: int) -> None:
    """Have the system end this process when the one that forked it ends (Linux, prctl(2))."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


def _at_most(kind: int, wanted: int) -> int:
    """What is wanted, or less where this process was given less."""
    _, hard = resource.getrlimit(kind)
    return wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
