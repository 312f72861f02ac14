"""A worker that a desk starts on its own machine: it outlives the desk, and ends when nobody needs
it any more.

On each machine a practice folder has one post: a lock on a file in it, held by a worker from its
start to its end, and dropped by the system with the process. A desk that is there touches the file.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from serienpost.errors import LedgerError, SerienpostError
from serienpost.ledger.due import due_rows
from serienpost.ledger.runs import runs_to_continue
from serienpost.ledger.schedule import schedules
from serienpost.ledger.schema import task
from serienpost.ledger.states import BY_PERSON
from serienpost.ledger.store import open_ledger
from serienpost.ledger.tasks import open_tasks
from serienpost.service.schedule import has_schedules
from serienpost.translation import Texts, present_language

if TYPE_CHECKING:
    from serienpost.context import PracticeContext

_ = Texts(__name__)

# The file of the post, and what a worker that a desk started says, in the practice folder.
LOCK = "serienpost-worker.lock"
LOG = "serienpost-worker.log"

# What such a worker is; `-P`: it imports nothing that lies in the present folder.
_PROGRAM = ("-P", "-m", "serienpost.cli.desk_worker")

# A worker that nobody has needed for so many seconds ends.
UNNEEDED_SECONDS = 600.0
# Seconds between two looks whether anybody needs it.
NEED_LOOK_SECONDS = 30.0


def ensure_worker(folder: Path | str) -> int | None:
    """Make sure that a worker serves a practice on this machine, and say that a desk is there.

    For a desk, at its start and then each minute: the worker goes on without it as long as there is
    something to do, and ends ten minutes after nobody needs it. It is a process of its own, apart
    from this one and its terminal. Of two calls at once one starts it.

    Args:
        folder: of the practice.

    Returns:
        The process that was started; None where one is there, started by whomever. It may still be
        about to open the practice, which it tells in `serienpost-worker.log`.

    Raises:
        SerienpostError: it cannot be started.
    """
    folder = Path(folder).absolute()
    post = WorkerPost(folder)
    try:
        post.touch()
        return start_worker(folder, post) if post.take() else None
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise SerienpostError(_("the worker cannot be started: {why}", why=why)) from error
    finally:
        post.close()


def start_worker(folder: Path, post: WorkerPost) -> int:
    """Start a worker at a post that was taken for it; returns its process.

    Raises:
        OSError: it cannot be started.
        SerienpostError: it ended at once.
    """
    done = subprocess.run(  # noqa: S603  # our own program
        [sys.executable, *_PROGRAM, str(folder), present_language(), str(post.handle)],
        pass_fds=(post.handle,),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        start_new_session=True,
        check=False,
    )
    if done.returncode or not done.stdout.strip().isdigit():
        log = str(folder / LOG)
        raise SerienpostError(
            _("the worker ended at once, with exit code {code}", code=done.returncode),
            hint=_("{log} may say why", log=log),
        )
    return int(done.stdout)


class WorkerPost:
    """The post of a worker of one practice folder on this machine.

    Args:
        folder: of the practice.
        handle: of the open file, where whoever opened it has taken the post for this process.
    """

    def __init__(self, folder: Path, handle: int | None = None) -> None:
        self._path = folder / LOCK
        self._handle = handle
        self._is_taken = handle is not None

    @property
    def handle(self) -> int:
        """Of the file, which is opened when it is first used.

        Raises:
            OSError: it cannot be made.
        """
        if self._handle is None:
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            self._handle = os.open(self._path, flags, 0o600)
        return self._handle

    def take(self) -> bool:
        """Take the post, unless another worker has it; whether it is this one's.

        Raises:
            OSError: the file cannot be made.
        """
        import fcntl

        if not self._is_taken:
            try:
                fcntl.flock(self.handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            self._is_taken = True
        return True

    def leave(self) -> None:
        """Give the post up, so that a desk starts another worker."""
        import fcntl

        fcntl.flock(self.handle, fcntl.LOCK_UN)
        self._is_taken = False

    def touch(self) -> None:
        """Say that a desk is there.

        Raises:
            OSError: the file cannot be made.
        """
        os.utime(self.handle)

    def touched_at(self) -> int:
        """When a desk said last that it is there, by the clock of the file."""
        return os.fstat(self.handle).st_mtime_ns

    def close(self) -> None:
        """Close the file; the post stays with the process that was given it, if any."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle, self._is_taken = None, False


@dataclass
class Need:
    """Whether anybody needs a worker on this machine, and since when nobody does."""

    _needed_at: float = field(default_factory=time.monotonic)
    _looked_at: float = -math.inf
    _touched_at: int = 0

    def is_over(self, post: WorkerPost, context: PracticeContext | None) -> bool:
        """Whether nobody has needed the worker for long; its post is given up then.

        Args:
            post: of this worker.
            context: the practice; None where it cannot be opened, so that nothing says that it is
                needed.
        """
        now = time.monotonic()
        if now - self._looked_at < NEED_LOOK_SECONDS:
            return False
        self._looked_at = now
        if self._is_desk_there(post) or (context is not None and is_needed(context)):
            self._needed_at = now
            return False
        if now - self._needed_at < UNNEEDED_SECONDS:
            return False
        post.leave()
        # A desk that came before that took the post for held; one that comes now starts another.
        return not (self._is_desk_there(post) and post.take())

    def _is_desk_there(self, post: WorkerPost) -> bool:
        before, self._touched_at = self._touched_at, post.touched_at()
        return before != self._touched_at


def is_needed(context: PracticeContext) -> bool:
    """Whether a practice has something for a worker to do, now or later, without a person: tasks,
    runs that were released, due dates, schedules. True where the ledger does not answer."""
    try:
        with open_ledger(context).read() as tx:
            if (tx.has(task) and open_tasks(tx)) or due_rows(tx, "open"):
                return True
            if any(row.reason not in BY_PERSON for row in runs_to_continue(tx)):
                return True
            is_known = bool(schedules(tx))
    except LedgerError:
        return True
    return has_schedules(context, is_known=is_known)
