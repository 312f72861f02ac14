"""Worker processes: each lays out what it is sent, within limits, until its parent goes away.

`python -m serienpost_channel_letter.worker FD MEGABYTES SECONDS` imports the layout engine once and
forks a worker for each connection that comes through FD. None writes a file; what a worker makes
goes back through its connection.
"""

from __future__ import annotations

import ctypes
import errno
import gc
import logging
import os
import resource
import signal
import socket
import sys
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, NoReturn

from serienpost import Problem, Texts
from serienpost_channel_letter.address import folded_address
from serienpost_channel_letter.check import check
from serienpost_channel_letter.engine import Defect, StyleError, SystemFault, system_fault
from serienpost_channel_letter.jobs import (
    READY,
    SPAWN,
    Job,
    JobDone,
    JobFailed,
    LetterDone,
    packed,
    unpacked,
)
from serienpost_channel_letter.style import Letter

if TYPE_CHECKING:
    from serienpost_channel_letter.engine import Engine, Laid
    from serienpost_channel_letter.style import Style

_ = Texts(__name__)

_MEGABYTE = 1 << 20
_PR_SET_PDEATHSIG = 1
# Engines that a worker keeps.
_ENGINES = 2


def main(descriptor: int, megabytes: int, seconds: float) -> None:
    """Fork workers until the parent goes away; then all of them end at once."""
    for meant_for_parent in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(meant_for_parent, signal.SIG_IGN)
    from serienpost_channel_letter import weasy  # noqa: F401  # what all workers need

    os.chdir("/")  # the folder that the command was started in may go before the workers do
    logging.disable(logging.CRITICAL)
    gc.collect()
    gc.freeze()
    with socket.socket(fileno=descriptor) as control:
        workers: set[int] = set()
        try:
            while asked := _asked(control):
                number, connections = asked
                if number == SPAWN:
                    parent, worker = os.getpid(), os.fork()
                    if not worker:
                        _work(control, connections[0], parent, megabytes, seconds)
                    os.close(connections[0])
                    workers.add(worker)
                    control.sendall(packed(worker))
                elif number in workers:
                    workers.remove(number)
                    _end(number)
        finally:
            for worker in workers:
                _end(worker)


def _asked(control: socket.socket) -> tuple[int, list[int]] | None:
    try:
        data, descriptors, *_rest = socket.recv_fds(control, len(packed(SPAWN)), 1)
    except ConnectionResetError:
        return None
    return (unpacked(data), descriptors) if data else None


def _end(worker: int) -> None:
    os.kill(worker, signal.SIGKILL)
    os.waitpid(worker, 0)


def _work(
    control: socket.socket, descriptor: int, parent: int, megabytes: int, seconds: float
) -> NoReturn:
    """A worker's life; nothing of it reaches the code that forked it."""
    try:
        _end_with(parent)
        control.close()
        _limit_memory(megabytes)
        connection = Connection(descriptor)
        runner = JobRunner(connection, seconds)
        connection.send(READY)
        while True:
            job: Job = connection.recv()
            runner.do(job)
    finally:
        os._exit(0)


class JobRunner:
    """Does jobs one after the other; the engines of the last styles are kept, such as those of a
    run in two languages."""

    def __init__(self, connection: Connection, seconds: float) -> None:
        self._connection = connection
        self._seconds = seconds
        self._engines: dict[str, Engine] = {}

    def do(self, job: Job) -> None:
        """Lay out a job's letters, each answered as it is done, then the file."""
        from serienpost_channel_letter.fetcher import BlockedError

        _limit_processor(self._seconds)
        gc.disable()
        try:
            engine = self._engine_for(job.style)
            laid = [
                (letter, made)
                for letter in job.letters
                if (made := self._lay_out(engine, job.style, letter)) is not None
            ]
            _limit_processor(self._seconds * 2)
            pdf = engine.write(laid, proof=job.proof) if job.write and laid else b""
            self._send(JobDone(pdf))
        except StyleError as error:
            self._fail(*error.problems)
        except BlockedError as error:
            self._fail(_broken(error.of_style))
        except _ParentGoneError:
            raise
        except Exception as error:  # noqa: BLE001  # whatever a style sheet breaks is told
            self._fail(_problem_of(error))
        finally:
            gc.enable()
            gc.collect()

    def _lay_out(self, engine: Engine, style: Style, letter: Letter) -> Laid | None:
        _limit_processor(self._seconds)
        made = _checked(engine, style, letter)
        if isinstance(made, Defect) and made.code == "window":
            folded = folded_address(letter, engine.extents)
            made = _checked(engine, style, folded) if isinstance(folded, Letter) else folded
        if isinstance(made, Defect):
            self._send(LetterDone(made))
            return None
        self._send(LetterDone(len(made.pages)))
        return made

    def _engine_for(self, style: Style) -> Engine:
        from serienpost_channel_letter.weasy import WeasyEngine

        engine = self._engines.pop(style.digest, None)
        while len(self._engines) >= _ENGINES:
            del self._engines[next(iter(self._engines))]
        self._engines[style.digest] = engine or WeasyEngine(style)
        return self._engines[style.digest]

    def _fail(self, *problems: Problem) -> None:
        self._engines.clear()
        self._send(JobFailed(problems))

    def _send(self, answer: LetterDone | JobDone | JobFailed) -> None:
        try:
            self._connection.send(answer)
        except OSError as error:
            raise _ParentGoneError from error


class _ParentGoneError(Exception):
    """Nobody is there to be answered; told apart from what the engine raises."""


def _problem_of(error: Exception) -> Problem:
    """Why nothing of a job can be laid out: the machine, a limit, or the style."""
    fault = error if isinstance(error, SystemFault) else system_fault(error)
    if fault is not None:
        return Problem(
            _("the letters cannot be laid out on this machine: {why}", why=fault.why),
            _("serienpost doctor says what is missing; then try again"),
        )
    if isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM:
        return _broken(_("the layout takes too much memory"))
    return _broken(_("the layout is faulty: {error}", error=type(error).__name__))


def _broken(why: str) -> Problem:
    hint = _("correct the template or the files that the account names")
    return Problem(_("the letters cannot be laid out: {why}", why=why), hint)


def _checked(engine: Engine, style: Style, letter: Letter) -> Laid | Defect:
    """The letter laid out, or what must not be printed."""
    made = _tried(engine, letter)
    if isinstance(made, Defect):
        return made
    return check(letter, style.form, made.pages, engine.frame) or made


def _tried(engine: Engine, letter: Letter) -> Laid | Defect:
    """The letter laid out; what goes wrong with one is not the fault of the others."""
    try:
        return engine.lay_out(letter)
    except (RecursionError, MemoryError):
        return Defect("layout_limit", _("the letter is too nested or too long to lay out"))
    except Exception as error:  # whatever a letter breaks is told
        if fault := system_fault(error):
            raise fault from error
        name = type(error).__name__
        return Defect("layout", _("the letter cannot be laid out: {error}", error=name))


def _limit_memory(megabytes: int) -> None:
    """No more address space than this, no file may be written, no core dumped."""
    space = _at_most(resource.RLIMIT_AS, megabytes * _MEGABYTE)
    resource.setrlimit(resource.RLIMIT_AS, (space, space))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _limit_processor(seconds: float) -> None:
    """From now on so many seconds of processor time, then the system ends the process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    until = int(used.ru_utime + used.ru_stime + seconds) + 1
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (_at_most(resource.RLIMIT_CPU, until), hard))


def _end_with(parent: int) -> None:
    """Have the system end this process when the one that forked it ends (Linux, prctl(2))."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


def _at_most(kind: int, wanted: int) -> int:
    """What is wanted, or less where this process was given less."""
    _, hard = resource.getrlimit(kind)
    return wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
