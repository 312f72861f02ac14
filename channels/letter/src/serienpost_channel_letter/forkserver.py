"""The process that worker processes are forked from, from the parent's side."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import threading
from multiprocessing.connection import Pipe
from typing import TYPE_CHECKING

from serienpost import Texts
from serienpost_channel_letter.engine import LayoutError
from serienpost_channel_letter.jobs import SPAWN, packed, unpacked

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

_ = Texts(__name__)

# Importing the layout engine takes half a second; a busy machine several.
START_SECONDS = 60.0

# How long it may take to end its workers before it is killed.
_END_SECONDS = 10.0


class Forkserver:
    """Imports the layout engine once, in a process of its own, and has workers forked from it.

    The process and all its workers end with this one, whatever ends it: the other side of the
    connection is then closed. Signals from a terminal or a service manager do not reach them; they
    are meant for this process, which still needs what its workers are about.

    Args:
        megabytes: of address space for each worker.
        seconds: of processor time for one letter.
    """

    def __init__(self, megabytes: int, seconds: float) -> None:
        self._limits = str(megabytes), str(seconds)
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._has_workers = False
        self._lock = threading.Lock()
        self.closed = False

    def start(self) -> None:
        """Begin to import, without waiting for it; nothing where that was begun before.

        What stands against it is told by `spawn`.
        """
        with self._lock:
            try:
                self._started()
            except OSError:
                self._close()

    def spawn(self) -> tuple[int, Connection]:
        """A new worker: its process id, and the connection that it serves.

        Raises:
            LayoutError: the layout engine does not start, or the forkserver was closed.
        """
        with self._lock:
            try:
                found = self._spawn() or self._spawn()
            except OSError as error:
                self._close()
                raise does_not_start(error) from error
        if found is None:
            raise does_not_start()
        return found

    def end(self, worker: int) -> None:
        """End a worker; nothing where the forkserver is gone, and the worker with it."""
        with self._lock:
            if self._control is not None:
                try:
                    self._control.sendall(packed(worker))
                except OSError:
                    self._close()

    def close(self) -> None:
        """End the process and all workers, for good."""
        self.closed = True
        with self._lock:
            self._close()

    def _spawn(self) -> tuple[int, Connection] | None:
        """None where the process does not answer; it is then gone, and another may be tried."""
        control = self._started()
        ours, theirs = Pipe()
        try:
            with theirs:
                socket.send_fds(control, [packed(SPAWN)], [theirs.fileno()])
            answer = control.recv(len(packed(SPAWN)))
        except OSError:
            answer = b""
        if not answer:
            self._has_workers = False
            self._close()
            ours.close()
            return None
        self._has_workers = True
        return unpacked(answer), ours

    def _started(self) -> socket.socket:
        if self._process is not None and self._process.poll() is not None:
            self._close()
        if self.closed:
            raise LayoutError(_("laying out was stopped"))
        if self._control is None:
            self._control, theirs = socket.socketpair()
            self._control.settimeout(START_SECONDS)
            command = [sys.executable, "-P", "-m", "serienpost_channel_letter.worker"]
            with theirs:
                self._process = subprocess.Popen(  # noqa: S603
                    [*command, str(theirs.fileno()), *self._limits],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                    start_new_session=True,
                )
        return self._control

    def _close(self) -> None:
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            if self._has_workers:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(_END_SECONDS)
            self._process.kill()
            self._process.wait()
        self._control = self._process = None
        self._has_workers = False


def does_not_start(error: OSError | None = None) -> LayoutError:
    """What is said when no worker comes into being."""
    what = _("the layout engine does not start")
    if error is not None:
        what = _("the layout engine does not start: {why}", why=error.strerror or "")
    return LayoutError(what, hint=_("serienpost doctor says what it lacks"))
