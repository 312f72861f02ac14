"""`serienpost worker`: a process that serves one practice until it is asked to stop.

Threads: the keeper says that the worker lives and sees what changed, one asks the dispatcher what
to continue, one looks for tasks that somebody asks for, each minute one does the round (what
`resume --due` does, and the day's chores), and each run that can go on, and each task, has one.
Rounds, runs and tasks open the practice for themselves, as its files say then, and leave nothing
behind.
"""

from __future__ import annotations

import math
import threading
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from serienpost.config.loading import load_practice
from serienpost.errors import LedgerError, LedgerUnavailableError, SerienpostError, StillOpenError
from serienpost.ledger.serving import (
    begin_chore,
    end_chore,
    serving,
    serving_workers,
    still_serves,
)
from serienpost.ledger.store import open_ledger
from serienpost.run.report.answers import DueDate
from serienpost.run.report.retention import PURGE
from serienpost.run.send.stop import Stop
from serienpost.service.desk_worker import Need
from serienpost.service.due import resume_due
from serienpost.service.notices import log_notice
from serienpost.service.notifications import told_by_mail
from serienpost.service.opened import OpenedPractice
from serienpost.service.schedule import WaitingSchedule
from serienpost.service.serving import chores, continue_by_itself
from serienpost.service.task_work import LOOK_SECONDS as TASK_LOOK_SECONDS
from serienpost.service.task_work import TaskLook, do_task
from serienpost.service.telling import CONFIGURATION, LEDGER, Teller, Told
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator
    from pathlib import Path

    from serienpost.config.models import PracticeConfig
    from serienpost.context import PracticeContext
    from serienpost.ledger.tasks import TaskRow
    from serienpost.run.report.answers import DueRun, RunStatus
    from serienpost.service.desk_worker import WorkerPost
    from serienpost.service.notices import Notify

_ = Texts(__name__)

# Seconds between two rounds, and between two calls of a dispatcher that came back.
ROUND_SECONDS = 60.0
# Seconds between two signs of life in the ledger.
SIGN_SECONDS = 20.0
# Seconds between two looks at the files of the practice and at the threads.
LOOK_SECONDS = 0.5
# Seconds before another look at a practice or a ledger that did not open.
AGAIN_SECONDS = 5.0
# A round that takes so many seconds hangs: the worker gives no sign of life any more.
ROUND_HANGS_SECONDS = 3600.0
# A ledger that does not answer for so many seconds ends the worker.
AWAY_SECONDS = 15 * 60.0
# A worker that ends by itself gives calls under way so many seconds before it ends them, too.
GRACE_SECONDS = 120.0
# After the second request to stop, threads that do not come back are left behind.
LEAVE_SECONDS = 10.0

# Runs delivered at the same time; others wait for their turn.
AT_ONCE = 3
# Tasks done at the same time; others are left to other workers, or wait.
TASKS_AT_ONCE = 2


class LedgerAwayError(StillOpenError):
    """The ledger did not answer for too long; a service manager starts the worker again."""


class Worker:
    """Serves one practice. Two of them, also on two machines, do no harm.

    Args:
        folder: of the practice.
        actor: who acts, as the ledger records it.
        tell: is told what a person should hear, once for each thing; called in any thread.
        notify: is told the notices of what goes on.
        post: the place of a worker on this machine, which it takes where that is free.
        for_desk: whether it ends by itself when it is not needed for some time.
    """

    def __init__(
        self,
        folder: Path,
        actor: str,
        tell: Callable[[Told], None],
        notify: Notify = log_notice,
        *,
        post: WorkerPost | None = None,
        for_desk: bool = False,
    ) -> None:
        self._folder = folder
        self._post = post
        self._need = Need() if for_desk else None
        self._is_over = False
        self._actor = actor
        self._teller = Teller(tell, notify)
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._under_way: dict[str, Stop] = {}
        self._tasks: dict[str, Stop] = {}
        self._turns = threading.BoundedSemaphore(AT_ONCE)
        self._threads: set[threading.Thread] = set()
        self._round_stop = Stop()
        self._round: threading.Thread | None = None
        self._round_begun = -math.inf
        self._lookouts = [
            _Lookout("dispatcher", self._dispatch),
            _Lookout("tasks", self._watch_tasks),
        ]
        self._answered = 0.0
        self._failed: BaseException | None = None

    def serve(self, stop: Stop) -> None:
        """Serve until asked to stop: once after the calls under way, twice at once.

        Raises:
            LedgerAwayError: the ledger did not answer for a quarter of an hour.
            SerienpostError: the practice or its ledger cannot be used as it is.
        """
        self._refuse_unusable()
        self._answered = time.monotonic()
        self._start("keeper", self._keep)
        # The handler of a signal runs in this thread and must not meet a lock of its own.
        while not (stop.requests or self._failed or self._is_over):
            time.sleep(0.1)
            if time.monotonic() - self._answered > AWAY_SECONDS:
                self._failed = _away()
        self._wind_down(stop)
        if self._failed is not None:
            raise self._failed

    def continue_run(self, run_id: str) -> None:
        """Deliver a run until it cannot go on for now; for dispatchers.

        Any id, also again, in any order, in several threads at once; raises nothing.
        """
        with self._turn(run_id) as stop:
            if stop is not None:
                with self._guard(("run", run_id)), self._opened() as practice:
                    status = _continued(practice, run_id, stop)
                    if status is not None:
                        self._tell_status(status)

    def round(self) -> None:
        """What `resume --due` does, and the day's chores; raises nothing."""
        with self._guard("round"), self._opened() as practice:
            stop = self._round_stop
            found = resume_due(
                practice,
                workers=practice.context.config.workers,
                progress=lambda _: None,
                stop=stop,
                hand_over=self._hand_over,
            )
            for one in found:
                if isinstance(one, DueDate):
                    self._tell_date(one)
                elif isinstance(one, WaitingSchedule):
                    told = Told(one.exit, one.problems)
                    self._teller.tell(("schedule", one.mailing), str(one.reason), told)
                else:
                    self._tell_run(one)
            self._teller.all_right("round")
            self._do_chores(practice)

    def _do_chores(self, practice: OpenedPractice) -> None:
        for name, do in chores(practice):
            is_busy = name == PURGE and bool(self._under_way or self._tasks)
            if self._stopping.is_set() or is_busy:
                continue
            with self._guard(("chore", name)):
                if begin_chore(practice.ledger, name, practice.context.zone):
                    told = told_by_mail(practice, self._round_stop)
                    with told as failures, failures.of_refusals(name, "chore"):
                        do()
                    end_chore(practice.ledger, name)
                    self._teller.all_right(("chore", name))

    def _hand_over(self, run_id: str) -> None:
        if run_id not in self._under_way:
            self._start(f"run {run_id}", lambda: self.continue_run(run_id))

    @contextmanager
    def _turn(self, run_id: str) -> Iterator[Stop | None]:
        """How to stop the run, when it is its turn; None where it is under way here, or nobody
        begins anything any more."""
        with self._lock:
            is_free = run_id not in self._under_way and not self._stopping.is_set()
            if is_free:
                self._under_way[run_id] = Stop()
        if not is_free:
            yield None
            return
        try:
            with self._turns:
                yield None if self._stopping.is_set() else self._under_way[run_id]
        finally:
            with self._lock:
                del self._under_way[run_id]

    @contextmanager
    def _opened(self, actor: str = "") -> Iterator[OpenedPractice]:
        """The practice as its files say now, with a ledger of its own.

        Args:
            actor: in whose name; the worker's own unless given.

        Raises:
            _NotOpenedError: the configuration is wrong, or the ledger does not open.
        """
        try:
            context = load_practice(self._folder)
        except SerienpostError as error:
            raise _NotOpenedError(CONFIGURATION, error) from error
        with context:
            try:
                open_ledger(context)
            except SerienpostError as error:
                raise _NotOpenedError(LEDGER, error) from error
            yield OpenedPractice(context, actor or self._actor, self._teller.notice)

    def _refuse_unusable(self) -> None:
        """Refuse what no waiting mends, before anything begins."""
        try:
            with self._opened():
                pass
        except _NotOpenedError as error:
            if not isinstance(error.error, LedgerUnavailableError):
                raise error.error from error

    @contextmanager
    def _guard(self, subject: Hashable) -> Iterator[None]:
        """Tell what is raised within, once; nothing of it touches what else the worker does."""
        try:
            yield
        except _NotOpenedError as error:
            self._teller.refused(error.subject, error.error)
        except SerienpostError as error:
            self._teller.refused(subject, error)
        except Exception as error:  # noqa: BLE001  # of a plugin, or ours: told and logged
            self._teller.bug(subject, error)

    def _tell_status(self, status: RunStatus) -> None:
        key = status.state, status.reason, status.exit
        self._teller.tell(("run", status.run), key, Told(status.exit, status.problems))

    def _tell_run(self, one: DueRun) -> None:
        """Tell of a run that the round looked at; one that is delivered tells it at its end."""
        if one.withdraw:
            key = "withdraw", str(len(one.withdraw))
            self._teller.tell(("orders", one.run), key, Told(one.exit, one.problems))
        elif one.refused:
            refused = tuple(str(problem) for problem in one.refused)
            self._teller.tell(("run", one.run), refused, Told(one.exit, one.problems))
        elif one.state not in ("approved", "sending"):
            key = one.state, one.reason, one.exit  # type: ignore[assignment]
            self._teller.tell(("run", one.run), key, Told(one.exit, one.problems))

    def _tell_date(self, one: DueDate) -> None:
        subject = "due", one.mailing, one.due
        if one.state == "open":
            self._teller.tell(subject, str(one.reason), Told(one.exit, one.problems))
        else:  # a notice has said it
            self._teller.all_right(subject)

    def _keep(self) -> None:
        """Look again and again at what there is to do, until asked to stop."""
        try:
            with _Presence(self._folder) as presence:
                while not self._stopping.is_set():
                    self._look(presence)
                    self._stopping.wait(LOOK_SECONDS)
        except BaseException as error:  # noqa: BLE001  # raised by `serve`
            self._failed = error
        finally:
            for one in self._lookouts:
                one.stop.set()

    def _look(self, presence: _Presence) -> None:
        self._keep_post(presence)
        try:
            if presence.open():
                self._teller.all_right(CONFIGURATION)
                for one in self._lookouts:
                    one.renew()
            if presence.give_sign(is_at_work=not self._hangs()):
                self._answered = time.monotonic()
                self._teller.all_right(LEDGER)
        except _NotOpenedError as error:
            self._answered = time.monotonic()  # it is not the ledger that is away
            self._teller.refused(error.subject, error.error)
        except LedgerError as error:
            self._teller.refused(LEDGER, error)
            presence.leave()
        if presence.is_in_ledger:
            for one in self._lookouts:
                one.keep_looking(self._start)
            self._begin_round()

    def _keep_post(self, presence: _Presence) -> None:
        """Hold the place of this machine's worker; end where nobody needs it there."""
        if self._post is None:
            return
        try:
            is_taken = self._post.take()
        except OSError:  # a folder that cannot be written; what it lacks there is told elsewhere
            return
        if self._need and is_taken:
            self._is_over = self._need.is_over(self._post, presence.opened)

    def _dispatch(self, stop: threading.Event) -> None:
        """Let the dispatcher say what to continue."""
        with self._guard("dispatcher"), self._opened() as practice:
            context = practice.context
            dispatcher = context.registry.dispatchers[context.config.dispatcher]
            dispatcher.work(context, self.continue_run, stop)

    def _watch_tasks(self, stop: threading.Event) -> None:
        """Begin each task that somebody asks for, in a thread of its own."""
        look = TaskLook()
        with self._guard("tasks"), self._opened() as practice:
            while not stop.wait(TASK_LOOK_SECONDS):
                # A ledger that does not answer is told by the keeper; here it is asked again.
                with suppress(LedgerError):
                    for row in look.found(practice.ledger):
                        self._take_on(row)

    def _take_on(self, row: TaskRow) -> None:
        with self._lock:
            is_room = row.id not in self._tasks and len(self._tasks) < TASKS_AT_ONCE
            is_busy = row.what == PURGE and bool(self._under_way or self._tasks)
            if not is_room or is_busy or self._stopping.is_set():
                return
            self._tasks[row.id] = Stop()
        self._start(f"task {row.id}", lambda: self._do_task(row))

    def _do_task(self, row: TaskRow) -> None:
        """Do a task, unless another worker is quicker; raises nothing."""
        subject, may_be_found = ("task", row.id), True
        try:
            with self._guard(subject), self._opened(row.asked_by) as practice:
                bug = do_task(practice, row, self._tasks[row.id])
                may_be_found = False
                if bug is not None:
                    self._teller.bug(subject, bug, row.id)
            if may_be_found:
                self._stopping.wait(AGAIN_SECONDS)
        finally:
            with self._lock:
                del self._tasks[row.id]

    def _begin_round(self) -> None:
        """Start a round, where the last one is over and a minute has passed since it began."""
        now = time.monotonic()
        is_over = self._round is None or not self._round.is_alive()
        if is_over and now - self._round_begun >= ROUND_SECONDS:
            self._round_begun, self._round_stop = now, Stop()
            self._round = self._start("round", self.round)

    def _hangs(self) -> bool:
        lasts = time.monotonic() - self._round_begun
        return bool(self._round and self._round.is_alive() and lasts > ROUND_HANGS_SECONDS)

    def _start(self, name: str, do: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(target=do, name=name, daemon=True)
        with self._lock:
            self._threads = {one for one in self._threads if one.is_alive()}
            self._threads.add(thread)
            thread.start()
        return thread

    def _wind_down(self, stop: Stop) -> None:
        """Ask all to end, and wait for it; after a second request only for a moment. Where the
        ledger is away the second one is its own, after a while."""
        self._stopping.set()
        passed_on, leave_at = 0, math.inf
        grace_until = time.monotonic() + GRACE_SECONDS
        while True:
            is_late = self._failed is not None and time.monotonic() > grace_until
            asked = max(stop.requests, 2 if is_late else 1)
            with self._lock:
                alive = any(one.is_alive() for one in self._threads) or bool(self._under_way)
                stops = [self._round_stop, *self._under_way.values(), *self._tasks.values()]
            if asked > passed_on:
                for one in stops:
                    for _again in range(asked - passed_on):
                        one.request()
                passed_on = asked
                leave_at = time.monotonic() + LEAVE_SECONDS if asked > 1 else leave_at
            if not alive or time.monotonic() > leave_at:
                return
            time.sleep(0.05)


@dataclass
class _Lookout:
    """A thread that looks for what there is to do until it is asked to stop.

    Args:
        name: of the thread.
        look: looks; raises nothing.
        stop: ends it; what it has begun goes on.
    """

    name: str
    look: Callable[[threading.Event], None]
    stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _begun: float = -math.inf

    def keep_looking(self, start: Callable[[str, Callable[[], None]], threading.Thread]) -> None:
        """Let it look; again a minute after it began last, where it came back by itself."""
        now = time.monotonic()
        is_over = self._thread is None or not self._thread.is_alive()
        if is_over and now - self._begun >= ROUND_SECONDS:
            self._begun, self.stop = now, threading.Event()
            stop = self.stop
            self._thread = start(self.name, lambda: self.look(stop))

    def renew(self) -> None:
        """End it, and let another one begin that sees the practice as its files are now."""
        self.stop.set()
        self._thread, self._begun = None, -math.inf


class _Presence(ExitStack):
    """The worker's own look at the practice, and its sign of life in the ledger."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._config: PracticeConfig | None = None
        self._context: PracticeContext | None = None
        self._owner: str | None = None
        self._signed_at = self._not_before = -math.inf

    def open(self) -> bool:
        """Open the practice; whether its files say something else than before.

        Raises:
            _NotOpenedError: something is wrong with its files.
        """
        is_new = self._config is None or self._config.is_outdated(self._folder)
        if time.monotonic() < self._not_before or (self._context and not is_new):
            return False
        self.leave()
        self._not_before = time.monotonic() + AGAIN_SECONDS
        try:
            self._context = load_practice(self._folder)
        except SerienpostError as error:
            raise _NotOpenedError(CONFIGURATION, error) from error
        self._not_before, self._config = -math.inf, self._context.config
        self.push(self._context)
        return is_new

    def give_sign(self, *, is_at_work: bool) -> bool:
        """Say in the ledger that this worker is at work, if it is time to; whether it answered.

        Args:
            is_at_work: else the ledger is only asked whether it answers.

        Raises:
            LedgerError: the ledger does not answer.
        """
        if self._context is None or time.monotonic() - self._signed_at < SIGN_SECONDS:
            return False
        ledger = open_ledger(self._context)
        if not is_at_work:
            serving_workers(ledger)
        elif self._owner is None or not still_serves(ledger, self._owner):
            with ExitStack() as entered:
                self._owner = entered.enter_context(serving(ledger))
                if self._owner:
                    self.push(entered.pop_all())
        self._signed_at = time.monotonic()
        return True

    @property
    def opened(self) -> PracticeContext | None:
        """The practice, where the ledger answered last time."""
        return self._context if self.is_in_ledger else None

    @property
    def is_in_ledger(self) -> bool:
        """Whether the ledger answered last time."""
        return self._context is not None and self._signed_at > -math.inf

    def leave(self) -> None:
        """Close everything, and open it no sooner than after a moment; what is away is gone."""
        self._context, self._owner, self._signed_at = None, None, -math.inf
        self._not_before = time.monotonic() + AGAIN_SECONDS
        with suppress(LedgerError):
            self.close()


class _NotOpenedError(Exception):
    """The practice cannot be opened; `subject` is its configuration or its ledger."""

    def __init__(self, subject: str, error: SerienpostError) -> None:
        super().__init__(subject)
        self.subject = subject
        self.error = error


def _continued(practice: OpenedPractice, run_id: str, stop: Stop) -> RunStatus | None:
    """See `continue_by_itself`; the practice is told by mail what a person must look at."""
    with told_by_mail(practice, stop) as failures, failures.of_refusals(run_id):
        status = continue_by_itself(practice, run_id, stop)
        if status is not None:
            failures.runs.add(status.run)
    return status


def _away() -> LedgerAwayError:
    return LedgerAwayError(
        _("the ledger did not answer for {minutes} minutes", minutes=int(AWAY_SECONDS / 60)),
        hint=_("serienpost doctor says what is wrong; a service manager starts the worker again"),
    )
