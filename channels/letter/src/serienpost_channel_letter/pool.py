"""Worker processes from the parent's side: start, ask, end them when they take too long."""

from __future__ import annotations

import contextlib
import os
import threading
from collections import Counter, deque
from dataclasses import replace
from typing import TYPE_CHECKING

from serienpost import Texts
from serienpost_channel_letter.engine import Defect, LayoutError
from serienpost_channel_letter.forkserver import START_SECONDS, Forkserver, does_not_start
from serienpost_channel_letter.jobs import Job, JobDone, JobFailed, JobResult, LetterDone

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection
    from types import TracebackType
    from typing import Self

_ = Texts(__name__)

# Seconds more than the system's limit of processor time, so that it comes first.
_SLACK = 2.0

# So many letters in one job that end their worker, and it is the template, not the letters.
_DEADLY = 3

# In place of a letter's number: all are laid out, and the file is written.
_WRITING = -1

_TOO_LONG = Defect("layout_limit", _("the letter takes too much time or memory to lay out"))


class _WorkerDiedError(Exception):
    """The worker process is gone, or was ended because it took too long."""


class Worker:
    """One worker process, spawned with the first job and again after a death.

    Args:
        forkserver: what it is forked from.
        seconds: for one letter.
    """

    def __init__(self, forkserver: Forkserver, seconds: float) -> None:
        self._forkserver = forkserver
        self._seconds = seconds
        self._process = 0
        self._connection: Connection | None = None

    def do(self, job: Job) -> JobResult:
        """Lay out a job. A letter that ends the worker twice is left out, and the others done
        again: once may be anybody's doing.

        Raises:
            LayoutError: the style is broken, or several letters ended their worker.
        """
        deadly: set[int] = set()
        deaths: Counter[int] = Counter()
        while len(deadly) < len(job.letters):
            left = [number for number in range(len(job.letters)) if number not in deadly]
            made = JobResult()
            try:
                self._ask(replace(job, letters=[job.letters[number] for number in left]), made)
            except _WorkerDiedError:
                self.close()
                if self._forkserver.closed:
                    raise LayoutError(_("laying out was stopped")) from None
                at = len(made.results)
                culprit = left[at] if at < len(left) else _WRITING
                deaths[culprit] += 1
                if deaths[culprit] == 1:
                    continue
                if culprit == _WRITING or len(deadly) + 1 == _DEADLY:
                    raise _too_heavy() from None
                deadly.add(culprit)
            else:
                done = dict(zip(left, made.results, strict=True))
                results = [done.get(number, _TOO_LONG) for number in range(len(job.letters))]
                return JobResult(results, made.pdf)
        return JobResult([_TOO_LONG] * len(job.letters))

    def close(self) -> None:
        """End the process."""
        if self._connection is not None:
            self._connection.close()
            self._forkserver.end(self._process)
        self._connection = None

    def _ask(self, job: Job, made: JobResult) -> None:
        try:
            connection = self._handed(job)
            patience = self._seconds + _SLACK
            while True:
                answer = _answer(connection, patience)
                if isinstance(answer, LetterDone):
                    made.results.append(answer.result)
                    if len(made.results) == len(job.letters):
                        patience = self._seconds * 2 + _SLACK
                elif isinstance(answer, JobDone):
                    made.pdf = answer.pdf
                    return
                elif isinstance(answer, JobFailed):
                    raise LayoutError(*answer.problems)
        except (EOFError, ConnectionError) as error:
            raise _WorkerDiedError from error
        except OSError as error:
            why = os.strerror(error.errno) if error.errno else type(error).__name__
            raise LayoutError(
                _("the worker that lays letters out cannot be asked: {why}", why=why)
            ) from error

    def _handed(self, job: Job) -> Connection:
        """The connection to a process that has the job; one that died idle is replaced."""
        if self._connection is not None:
            try:
                self._connection.send(job)
            except OSError:
                self.close()
            else:
                return self._connection
        connection = self._started()
        connection.send(job)
        return connection

    def _started(self) -> Connection:
        self._process, self._connection = self._forkserver.spawn()
        try:
            _answer(self._connection, START_SECONDS)
        except (EOFError, OSError, _WorkerDiedError):
            self.close()
            raise does_not_start() from None
        return self._connection


def _answer(connection: Connection, seconds: float) -> object:
    if not connection.poll(seconds):
        raise _WorkerDiedError
    answer: object = connection.recv()
    return answer


def _too_heavy() -> LayoutError:
    return LayoutError(
        _("letters of this template take too much time or memory to lay out"),
        hint=_("simplify the template; the account's letter_seconds and memory are the limits"),
    )


class Pool:
    """A number of workers that several threads share.

    Args:
        size: worker processes at most.
        megabytes: of address space for each.
        seconds: for one letter.
    """

    def __init__(self, size: int, megabytes: int, seconds: float) -> None:
        self.size = size
        self._forkserver = Forkserver(megabytes, seconds)
        self._workers = [Worker(self._forkserver, seconds) for _ in range(size)]
        self._free = deque(self._workers)
        self._changed = threading.Condition()

    def start(self) -> None:
        """Begin what the first job would have to wait for."""
        self._forkserver.start()

    def do(self, job: Job) -> JobResult:
        """Lay out a job in the next free worker.

        Raises:
            LayoutError: nothing of the job can be laid out.
        """
        with self._worker() as worker:
            return worker.do(job)

    def close(self) -> None:
        """End all processes; jobs under way fail."""
        self._forkserver.close()

    @property
    def closed(self) -> bool:
        """Whether it was closed, for good."""
        return self._forkserver.closed

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @contextlib.contextmanager
    def _worker(self) -> Iterator[Worker]:
        with self._changed:
            while not self._free:
                self._changed.wait()
            worker = self._free.popleft()
        try:
            yield worker
        finally:
            with self._changed:
                self._free.appendleft(worker)
                self._changed.notify()


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0))
