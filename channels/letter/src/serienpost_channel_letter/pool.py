"""Worker processes from the parent's side: start, ask, end them when they take too long."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections import deque
from dataclasses import replace
from multiprocessing.connection import Pipe
from typing import TYPE_CHECKING

from serienpost.errors import SerienpostError
from serienpost_channel_letter.engine import Fault
from serienpost_channel_letter.jobs import Job, JobDone, JobFailed, LetterDone, Sheets

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection
    from types import TracebackType
    from typing import Self

_START_SECONDS = 60.0
"""Importing the layout engine takes a second; a busy machine several."""

_SLACK = 2.0
"""Seconds more than the system's limit of processor time, so that it comes first."""

_DEADLY = 3
"""So many letters in one job that end their worker, and it is the template, not the letters."""

_TOO_LONG = Fault("layout_limit", "der Brief braucht zum Setzen zu viel Zeit oder Speicher")


class LayoutError(SerienpostError):
    """No letter of this style can be laid out."""


class _WorkerDiedError(Exception):
    """The worker process is gone, or was ended because it took too long."""


class Worker:
    """One worker process, started with the first job and again after a death.

    Args:
        megabytes: of address space.
        seconds: for one letter.
    """

    def __init__(self, megabytes: int, seconds: float) -> None:
        self._megabytes = megabytes
        self._seconds = seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None
        self._over = False

    def do(self, job: Job) -> Sheets:
        """Lay out a job. A letter that ends the worker is left out, and the others done again.

        Raises:
            LayoutError: the style is broken, or several letters ended their worker.
        """
        deadly: set[int] = set()
        while len(deadly) < len(job.letters):
            left = [number for number in range(len(job.letters)) if number not in deadly]
            sheets = Sheets()
            try:
                self._ask(replace(job, letters=[job.letters[number] for number in left]), sheets)
            except _WorkerDiedError:
                self.close()
                if self._over:
                    raise LayoutError("laying out was stopped") from None
                if len(sheets.results) == len(left) or len(deadly) + 1 == _DEADLY:
                    raise _too_heavy() from None
                deadly.add(left[len(sheets.results)])
            else:
                done = dict(zip(left, sheets.results, strict=True))
                results = [done.get(number, _TOO_LONG) for number in range(len(job.letters))]
                return Sheets(results, sheets.pdf)
        return Sheets([_TOO_LONG] * len(job.letters))

    def end(self) -> None:
        """End the process for good; a job under way fails."""
        self._over = True
        process = self._process
        if process is not None:
            process.kill()
            process.wait()

    def close(self) -> None:
        """End the process."""
        if self._connection is not None:
            self._connection.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._connection = self._process = None

    def _ask(self, job: Job, sheets: Sheets) -> None:
        try:
            connection = self._connection or self._started()
            connection.send(job)
            patience = self._seconds + _SLACK
            while True:
                answer = _answer(connection, patience)
                if isinstance(answer, LetterDone):
                    sheets.results.append(answer.result)
                    if len(sheets.results) == len(job.letters):
                        patience = self._seconds * 2 + _SLACK
                elif isinstance(answer, JobDone):
                    sheets.pdf = answer.pdf
                    return
                elif isinstance(answer, JobFailed):
                    raise LayoutError(
                        f"the letters cannot be laid out: {answer.fault.text}",
                        hint="correct the template or the files that the account names",
                    )
        except (EOFError, OSError) as error:
            raise _WorkerDiedError from error

    def _started(self) -> Connection:
        if self._over:
            raise _WorkerDiedError
        ours, theirs = Pipe()
        command = [sys.executable, "-m", "serienpost_channel_letter.worker"]
        limits = [str(theirs.fileno()), str(self._megabytes), str(self._seconds)]
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603
                [*command, *limits],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
        self._connection = ours
        if self._over:
            raise _WorkerDiedError
        try:
            _answer(ours, _START_SECONDS)
        except (EOFError, OSError, _WorkerDiedError):
            self.close()
            raise LayoutError(
                "the layout engine does not start", hint="serienpost doctor says what it lacks"
            ) from None
        return ours


def _answer(connection: Connection, seconds: float) -> object:
    if not connection.poll(seconds):
        raise _WorkerDiedError
    answer: object = connection.recv()
    return answer


def _too_heavy() -> LayoutError:
    return LayoutError(
        "letters of this template take too much time or memory to lay out",
        hint="simplify the template; the account's letter_seconds and memory are the limits",
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
        self._workers = [Worker(megabytes, seconds) for _ in range(size)]
        self._free = deque(self._workers)
        self._changed = threading.Condition()

    def do(self, job: Job) -> Sheets:
        """Lay out a job in the next free worker.

        Raises:
            LayoutError: nothing of the job can be laid out.
        """
        with self._worker() as worker:
            return worker.do(job)

    def close(self) -> None:
        """End all processes."""
        for worker in self._workers:
            worker.end()

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
