"""Helper processes: the same program on the same ledger, which deliver a run beside the process
that started them.

A helper's stdin is its lifeline. A line there asks it to stop, `STOP` after the calls under way,
`AT_ONCE` at once; its end, which the system brings about however the other process dies, asks for
the first. On stdout it tells how far it is, one JSON document a line; what is lost there costs
nothing, since the ledger alone says what was sent.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from serienpost.fault_injection import environment_of_helper
from serienpost.run.send.loop_state import LoopProgress
from serienpost.translation import Texts, pack, unpack

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType
    from typing import Self

    from serienpost.run.send.stop import Stop

_ = Texts(__name__)

STOP, AT_ONCE = b"stop\n", b"at once\n"

# POSIX: a line up to this length is written to a pipe as a whole or not at all (PIPE_BUF, 512 at
# least, 4096 on Linux).
_LONGEST_LINE = 4096
# Seconds between two lines that tell no other wait.
_TELL_SECONDS = 0.5
# Seconds between two looks at helpers that are waited for.
_LOOK_SECONDS = 0.25
# Where nothing is left that a helper may do, one that does not end is ended after so long, one that
# has a message on the wire after the longest call beside.
_GRACE_SECONDS = 30.0


class Lost(NamedTuple):
    """A helper that ended as it should not."""

    process: int
    why: str


@dataclass
class _Work:
    """What one process has done of the run."""

    progress: LoopProgress | None = None
    ended: bool = False

    def tell(self, progress: LoopProgress) -> None:
        self.progress = progress


class Tally:
    """The work of several processes as one progress.

    Args:
        report: is called with it.
    """

    def __init__(self, report: Callable[[LoopProgress], None]) -> None:
        self._report = report
        self._team: list[_Work] = []

    def join(self) -> _Work:
        """One further process."""
        self._team.append(_Work())
        return self._team[-1]

    def together(self) -> LoopProgress:
        """All of them as one: it waits only where each that is at work waits."""
        team = list(self._team)
        settled = sum(one.progress.settled for one in team if one.progress)
        at_work = [one.progress for one in team if one.progress and not one.ended]
        if not at_work or any(one.waiting is None for one in at_work):
            return LoopProgress(settled)
        return replace(at_work[0], settled=settled)

    def tell(self) -> None:
        """Report it."""
        self._report(self.together())


@dataclass(eq=False)
class _Helper:
    process: subprocess.Popen[bytes]
    work: _Work
    stands_in: bool
    said: str = ""
    listening: threading.Thread = field(init=False)

    def ask(self, requests: int) -> None:
        """Ask it to stop as often as this process was asked; asked again it is the same."""
        assert self.process.stdin is not None  # noqa: S101  # a pipe
        if requests:
            with suppress(OSError, ValueError):  # it has ended
                os.write(self.process.stdin.fileno(), STOP if requests == 1 else AT_ONCE)

    def close(self) -> None:
        """Close both pipes."""
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None  # noqa: S101  # a pipe
            pipe.close()

    def listen(self) -> None:
        """Take what it tells until it ends."""
        assert self.process.stdout is not None  # noqa: S101  # a pipe
        for line in self.process.stdout:
            told = read(line)
            if isinstance(told, LoopProgress):
                self.work.tell(told)
            elif told:
                self.said = told


class Helpers:
    """The helper processes of one command.

    What it calls is called in the thread that delivers: from `report` and `wait`.

    Args:
        command: starts a helper; it stands for itself in a list of processes.
        report: is told what all processes have done together.
        stop: when it is asked, helpers are asked too.
        lost: is told of each helper that ended as it should not. Its messages are taken over as
            those of any dead process.
        may_last: seconds that calls of a helper may last, by its process.
    """

    def __init__(
        self,
        command: Sequence[str],
        report: Callable[[LoopProgress], None],
        stop: Stop,
        lost: Callable[[Lost], None],
        may_last: Callable[[int], float] = lambda _: 0.0,
    ) -> None:
        self._command = command
        self._tally = Tally(report)
        self._own = self._tally.join()
        self._stop = stop
        self._lost = lost
        self._may_last = may_last
        self._untold: list[Lost] = []
        self._helpers: list[_Helper] = []
        self._started = 0
        self._asked = False

    @property
    def were_started(self) -> bool:
        """Whether there were any."""
        return self._started > 0

    def __enter__(self) -> Self:
        self._stop.others.append(self._ask)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """None of them outlives the command: where it fails, they are asked to stop."""
        try:
            if error is not None:
                self._asked = True
                self._ask()
            self._wait(lambda: None, lambda: False)
        finally:
            self._stop.others.remove(self._ask)
            for helper in self._helpers:
                helper.close()
            self._tell_lost()

    def start(self, number: int) -> None:
        """Start so many."""
        for _helper in range(number):
            self._start(stands_in=False)

    def report(self, progress: LoopProgress) -> None:
        """How far this process is; reports how far all are."""
        self._own.tell(progress)
        self._tell()

    def wait(self, is_over: Callable[[], bool]) -> None:
        """Wait until all have ended, when this process has nothing more to deliver.

        Args:
            is_over: whether the run is sent no more, so that who does not end is frozen.
        """
        self._own.ended = True
        self._wait(self._tell, is_over)
        self._tell()

    def again(self) -> None:
        """This process delivers once more; what it did before stays counted."""
        self._own = self._tally.join()

    def _tell(self) -> None:
        self._tell_lost()
        self._tally.tell()

    def _tell_lost(self) -> None:
        while self._untold:
            self._lost(self._untold.pop(0))

    def _requests(self) -> int:
        return max(self._stop.requests, int(self._asked))

    def _ask(self) -> None:
        for helper in list(self._helpers):
            helper.ask(self._requests())

    def _start(self, *, stands_in: bool) -> None:
        self._started += 1
        try:
            process = subprocess.Popen(  # noqa: S603  # this program itself
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment_of_helper(self._started, os.environ),
                # Ctrl-C reaches it by its lifeline alone.
                start_new_session=True,
            )
        except OSError as error:
            why = _("it cannot be started: {why}", why=error.strerror or type(error).__name__)
            self._untold.append(Lost(0, why))
            return
        helper = _Helper(process, self._tally.join(), stands_in)
        name = f"helper {process.pid}"
        helper.listening = threading.Thread(target=self._attend, args=(helper,), name=name)
        helper.listening.daemon = True
        self._helpers.append(helper)
        helper.ask(self._requests())
        helper.listening.start()

    def _attend(self, helper: _Helper) -> None:
        """Listen to a helper until it ends; one that was killed is replaced, once."""
        helper.listen()
        code = helper.process.wait()
        helper.work.ended = True
        if code == 0 or (self._requests() and -code in (signal.SIGINT, signal.SIGTERM)):
            return  # a service manager may signal one that has only just begun
        self._untold.append(Lost(helper.process.pid, helper.said or _ended(code)))
        if code < 0 and not helper.stands_in and not self._requests() and not self._own.ended:
            self._start(stands_in=True)

    def _wait(self, tell: Callable[[], None], is_over: Callable[[], bool]) -> None:
        over_since = looked = time.monotonic()
        while living := [one for one in list(self._helpers) if one.listening.is_alive()]:
            living[0].listening.join(_LOOK_SECONDS)
            tell()
            now = time.monotonic()
            if now - looked <= 1:
                continue
            looked = now
            if not (self._requests() or is_over()):
                over_since = now
            elif now - over_since > _GRACE_SECONDS:
                self._end_frozen(living, now - over_since - _GRACE_SECONDS)

    def _end_frozen(self, living: Sequence[_Helper], late: float) -> None:
        """End those whose calls are over, too; asked twice, calls are no reason to wait."""
        for helper in living:
            if self._requests() > 1 or late > self._may_last(helper.process.pid):
                helper.process.kill()


def _ended(code: int) -> str:
    if code < 0:
        return _("it was ended from outside (signal {number})", number=-code)
    return _("it could not begin (exit code {code})", code=code)


def written(progress: LoopProgress) -> bytes:
    """A line that tells a progress."""
    until = progress.until.isoformat() if progress.until else None
    told = {"settled": progress.settled, "waiting": progress.waiting, "until": until}
    line = _line({**told, "why": pack(progress.why)})
    return line if len(line) <= _LONGEST_LINE else _line({**told, "why": ""})


def written_failure(why: str) -> bytes:
    """A line that tells why a helper ends."""
    line = _line({"failed": pack(why)})
    return line if len(line) <= _LONGEST_LINE else _line({"failed": pack(why)[:500]})


def _line(document: dict[str, object]) -> bytes:
    return json.dumps(document).encode() + b"\n"


def read(line: bytes) -> LoopProgress | str | None:
    """What a helper told: how far it is, or why it ends; None where it cannot be understood."""
    try:
        told = json.loads(line)
        if "failed" in told:
            return unpack(told["failed"])
        until = datetime.fromisoformat(told["until"]) if told["until"] else None
        return LoopProgress(int(told["settled"]), told["waiting"], until, unpack(told["why"]))
    except (ValueError, LookupError, TypeError, AttributeError):
        return None


class ProgressWriter:
    """Tells a helper's progress to who started it.

    Args:
        answers: its end of the pipe, which does not block: who does not read misses it.
    """

    def __init__(self, answers: int) -> None:
        self._answers = answers
        self._told_at = -_TELL_SECONDS
        self._last = LoopProgress(0)

    def progress(self, progress: LoopProgress) -> None:
        """Tell it now, if it is about another wait or some time has passed; else later."""
        waits = self._last.waiting, self._last.why
        self._last = progress
        is_news = waits != (progress.waiting, progress.why)
        if is_news or time.monotonic() - self._told_at >= _TELL_SECONDS:
            self.end()

    def end(self) -> None:
        """Tell the last progress."""
        self._told_at = time.monotonic()
        self._write(written(self._last))

    def failure(self, why: str) -> None:
        """Tell why it ends."""
        self._write(written_failure(why))

    def _write(self, line: bytes) -> None:
        with suppress(OSError):  # nobody reads; the lifeline says whether somebody is there
            os.write(self._answers, line)


def heed(orders: int, stop: Stop) -> None:
    """Ask a helper to stop as its lifeline says; returns when that ends.

    Args:
        orders: the helper's end of the lifeline.
        stop: asks it.
    """
    with os.fdopen(orders, "rb") as lines:
        for line in lines:
            ask(stop, 2 if line == AT_ONCE else 1)
    ask(stop, 1)


def ask(stop: Stop, requests: int) -> None:
    """Ask to stop unless that was asked before, by whatever way."""
    while stop.requests < requests:
        stop.request()
