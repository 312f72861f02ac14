"""What goes on by itself: runs whose time has come, and a mailing that cron sends.

Whether a run may go on now is decided in `run/send/session.py`, by the reasons in
`ledger/states.py`.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import PurePath
from typing import TYPE_CHECKING, NamedTuple

from serienpost.config.loading import load_mailing
from serienpost.errors import Exit, LedgerUnavailableError, SerienpostError, StillOpenError
from serienpost.ledger.due import (
    due_rows,
    ended_meanwhile,
    find_due,
    give_up,
    remove_due,
    still_open,
    was_told,
)
from serienpost.ledger.runs import (
    count_states,
    find_run,
    open_run,
    released_runs,
    runs_to_continue,
)
from serienpost.ledger.schedule import SCHEDULE, end_sent
from serienpost.ledger.states import BY_PERSON, RELEASED
from serienpost.run.prepare.freeze import discard_dead
from serienpost.run.prepare.renderer import load_renderer
from serienpost.run.report.answers import DueRun
from serienpost.run.report.history import due_date, local
from serienpost.run.report.pauses import pause_end
from serienpost.run.send.archive import waiting_runs
from serienpost.run.send.finish import cancelled_runs_to_settle
from serienpost.run.send.schedule import held_runs, scheduled_for, to_withdraw
from serienpost.run.send.stop import Stop
from serienpost.service.decided import Answers
from serienpost.service.notices import Notice
from serienpost.service.notifications import told_by_mail
from serienpost.service.opened import OpenedPractice
from serienpost.service.release import Confirmation, open_disclaimer
from serienpost.service.run import Run
from serienpost.service.schedule import WaitingSchedule, enter_due
from serienpost.service.unattended import PutOffError, ledger_is_needed, release_unattended
from serienpost.translation import Text, Texts, joined

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from serienpost.config.mailing import Mailing
    from serienpost.config.models import Workers
    from serienpost.errors import Problem
    from serienpost.ledger.due import DueRow
    from serienpost.ledger.rows import RunRow
    from serienpost.ledger.store import Ledger
    from serienpost.run.report.answers import DueDate, RunStatus
    from serienpost.run.send.schedule import Withdrawal
    from serienpost.service.failures import Failures
    from serienpost.service.run import Progress

    Watch = Callable[[Progress], None]
    HandOver = Callable[[str], None]

_ = Texts(__name__)

# So long a due date that was given up is told by mail, unless somebody takes it off.
_TOLD_FOR = timedelta(days=1)

# So long a run is left to whoever released it.
_FRESH = timedelta(seconds=5)


def resume_due(
    practice: OpenedPractice,
    *,
    workers: Workers,
    progress: Watch,
    stop: Stop | None,
    hand_over: HandOver | None = None,
) -> list[DueRun | DueDate | WaitingSchedule]:
    """See `Practice.resume_due`.

    Args:
        practice: the practice and who acts.
        workers: processes that deliver a run.
        progress: is called while a run is delivered.
        stop: asks to stop.
        hand_over: is given the ids of runs to deliver, instead of their being delivered here; it
            returns at once, and tells itself how they end.
    """
    stop = stop or Stop()
    with told_by_mail(practice, stop) as failures, ledger_is_needed():
        course = _Course(False, workers, lambda _: None, progress, stop, failures, hand_over)
        return _resume_due(practice, course)


def _resume_due(
    practice: OpenedPractice, course: _Course
) -> list[DueRun | DueDate | WaitingSchedule]:
    ledger, zone = practice.ledger, practice.context.zone
    discard_dead(ledger)
    waiting, bugs = _entered(practice, course)
    dates, codes = _prepare_again(practice, course)
    refused = _continue_runs(practice, codes, course, bugs)
    withdrawals = _withdrawals(practice, course.failures)
    codes |= dict.fromkeys(withdrawals, Exit.OPEN)
    with ledger.read() as tx:
        after = [(find_run(tx, run_id), count_states(tx, run_id)) for run_id in codes]
        now = tx.now
    runs = [
        DueRun(
            run=row.id,
            exit=codes[row.id],
            state=row.state,
            reason=row.reason,
            until=local(row.until, zone),
            withdraw=tuple(withdrawals.get(row.id, ())),
            held_until=local(row.send_at, zone),
            ends=None if row.id in refused else pause_end(row),
            scheduled_for=local(scheduled_for(row, now), zone),
            counts=counts,
            reason_text=row.reason_text,
            refused=refused.get(row.id, ()),
        )
        for row, counts in after
    ]
    return [*runs, *dates, *waiting]


def _continue_runs(
    practice: OpenedPractice, codes: dict[str, Exit], course: _Course, bugs: list[Exception]
) -> dict[str, tuple[Problem, ...]]:
    """Continue every run whose time has come, but those with a code; each gets its code. The first
    of the bugs is raised when all had their turn.

    Returns:
        By run, why it could not be continued.
    """
    ledger, failures = practice.ledger, course.failures
    refused: dict[str, tuple[Problem, ...]] = {}
    for row in _to_continue(ledger):
        run = Run(practice, row.id)
        if row.id in codes:
            continue
        if row.state == "cancelled":
            run.settle_cancelled()
        elif _is_later(row, ledger, course.stop):
            codes[row.id] = Exit.OPEN
        elif course.hand_over and row.state in RELEASED and row.reason not in BY_PERSON:
            if not _is_fresh(row, ledger.clock()):
                course.hand_over(row.id)
        else:
            try:
                codes[row.id] = _continue(run, course)
            except SerienpostError as error:
                codes[row.id], refused[row.id] = Exit.OPEN, error.problems
                failures.add_refused(row.id, error)
            except Exception as error:  # noqa: BLE001  # raised after the others had their turn
                bugs.append(error)
                failures.add_bug(error)
    failures.runs |= codes.keys()
    if bugs:
        raise bugs[0]
    return refused


def _entered(
    practice: OpenedPractice, course: _Course
) -> tuple[list[WaitingSchedule], list[Exception]]:
    """Enter what schedules bring due; returns schedules that cannot be kept, and bugs."""
    waiting, bugs = enter_due(practice)
    for one in waiting:
        course.failures.add("schedule", one.mailing)
    for bug in bugs:
        course.failures.add_bug(bug)
    return waiting, bugs


def _is_later(row: RunRow, ledger: Ledger, stop: Stop) -> bool:
    """Whether a run is left to a later call."""
    return bool(stop.requests or (row.until and row.until > ledger.clock() + timedelta(seconds=1)))


def _is_fresh(row: RunRow, now: datetime) -> bool:
    """Whether a run was released just now, so that whoever did it may be about to deliver it."""
    return bool(row.state == "approved" and row.approved_at and row.approved_at > now - _FRESH)


def _to_continue(ledger: Ledger) -> list[RunRow]:
    """Runs that are open, and cancelled or finished ones that something follows on."""
    with ledger.read() as tx:
        others = {*waiting_runs(tx), *(row.id for row in tx.all(cancelled_runs_to_settle(tx)))}
        return runs_to_continue(tx, sorted(others))


def run_mailing(
    practice: OpenedPractice,
    name: str,
    due: date,
    answers: Answers | None,
    *,
    wait: bool,
    workers: Workers,
    counting: Callable[[int], None],
    progress: Watch,
    stop: Stop | None,
    unattended: bool,
) -> RunStatus | Confirmation:
    """See `Practice.run_mailing`."""
    stop, day = stop or Stop(), due.isoformat()
    with told_by_mail(practice, stop, is_wanted=unattended) as failures:
        course = _Course(wait, workers, counting, progress, stop, failures)
        try:
            mailing = load_mailing(practice.context, name)
            with ledger_is_needed():
                _continue_earlier(practice, mailing.id, day, course)
                answers = answers or Answers()
                done = _run_due_date(practice, name, mailing, due, answers, course)
        except SerienpostError as error:
            failures.add_error(error, _file_name(name), day)
            raise
        if isinstance(done, Confirmation):
            failures.add("unanswered", _file_name(name), day)
        else:
            failures.runs.add(done.run)
        return done


class _Course(NamedTuple):
    """How a run is delivered, and who hears of it."""

    wait: bool
    workers: Workers
    counting: Callable[[int], None]
    progress: Watch
    stop: Stop
    failures: Failures
    hand_over: HandOver | None = None

    def deliver(self, run: Run) -> RunStatus:
        """Deliver a run, or let others do it; how it stands then."""
        if self.hand_over is None:
            how = {"wait": self.wait, "by_itself": True}
            return run.deliver(self.progress, **how, workers=self.workers, stop=self.stop)
        self.hand_over(run.id)
        return run.status()


def _run_due_date(
    practice: OpenedPractice,
    name: str,
    mailing: Mailing,
    due: date,
    answers: Answers,
    course: _Course,
    row: DueRow | None = None,
) -> RunStatus | Confirmation:
    """Continue the due date's open run, or prepare and release one, and deliver it.

    Args:
        practice: the practice and who acts.
        name: how the mailing is named.
        mailing: as its file is now.
        due: the due date.
        answers: what is decided.
        course: how it is delivered.
        row: the due date as it waits to be prepared; nothing is prepared if it was ended meanwhile.
    """

    with practice.ledger.read() as tx:
        begun = open_run(tx, mailing.id, due.isoformat())
        released = released_runs(tx, mailing.id, due.isoformat())
        waits = find_due(tx, row.mailing, row.due) if row else None
    if row and (waits is None or waits.state != "open"):
        raise ended_meanwhile(row.mailing, row.due)
    if row and released and not begun and row.put_off_by.startswith(SCHEDULE):
        end_sent(practice.ledger, row.mailing, row.due)
        raise ended_meanwhile(row.mailing, row.due)
    if begun:
        return course.deliver(Run(practice, begun))
    disclaimer, channel = open_disclaimer(practice.context, mailing.account, answers)
    if not answers.release or disclaimer:
        asked = (
            *(() if answers.release else ("release",)),
            *(("disclaimer",) if disclaimer else ()),
        )
        return Confirmation(
            None,
            mailing.id,
            asked,
            account=mailing.account,
            disclaimer=disclaimer,
            channel=channel,
        )
    run = release_unattended(
        practice,
        name,
        mailing,
        due,
        answers,
        released_before=released,
        counting=course.counting,
        stop=course.stop,
    )
    return run if isinstance(run, Confirmation) else course.deliver(run)


def cancel_due(practice: OpenedPractice, mailing: str, day: date) -> DueDate:
    """See `Practice.cancel_due`."""
    row = remove_due(practice.ledger, _file_name(mailing), day.isoformat(), practice.actor)
    return due_date(row, practice.context.zone)


def _file_name(mailing: str) -> str:
    """How a mailing is called that was named by a path."""
    return PurePath(mailing).name.removesuffix(".yaml")


def _prepare_again(
    practice: OpenedPractice, course: _Course
) -> tuple[list[DueDate], dict[str, Exit]]:
    """Prepare what was put off, or give it up.

    Returns:
        The due dates that are still open or were given up, and the exit codes of runs that the
        others became.
    """
    ledger, zone = practice.ledger, practice.context.zone
    with ledger.read() as tx:
        rows = due_rows(tx, "open", "given_up")
    codes: dict[str, Exit] = {}
    dates = []
    for row in rows:
        if row.state == "open" and not course.stop.requests:
            after, code = _try_again(practice, row, course)
            if after.run and after.state == "done" and code is not None:
                codes[after.run] = code
        else:
            after = row
        now = ledger.clock()  # a later end was seen by a clock that was ahead
        if after.state == "given_up" and now - _TOLD_FOR < after.until <= now:
            course.failures.add("given_up", after.mailing, after.due)
        untold = after.state == "given_up" and not after.told
        if untold:
            told = {"mailing": after.mailing, "due": after.due, "text": after.reason}
            practice.notify(Notice("given_up", told))
            was_told(ledger, after)
        if untold or after.state == "open":
            dates.append(due_date(after, zone))
    return dates, codes


def _try_again(
    practice: OpenedPractice, row: DueRow, course: _Course
) -> tuple[DueRow, Exit | None]:
    """Give one due date up if its time ran out, else prepare and send it; how it stands then, and
    the exit code of the run that this process made of it."""
    ledger, busy = practice.ledger, Text("", "")
    code: Exit | None = None
    if row.until <= ledger.clock():
        give_up(ledger, row)
    else:
        try:
            code = _send_put_off(practice, row, course)
        except LedgerUnavailableError:
            raise
        except SerienpostError as error:
            course.failures.add_error(error, _file_name(row.name), row.due)
            if not isinstance(error, StillOpenError):
                still_open(ledger, row, joined("; ", [one.sentence for one in error.problems]))
            elif not isinstance(error, PutOffError):  # of which the row says why
                busy = error.sentence
    with ledger.read() as tx:
        after = find_due(tx, row.mailing, row.due) or row
    if busy and after.state == "open":  # the row says it, in one line
        after = after._replace(reason=busy)
    elif busy:
        practice.notify(Notice("not_continued", {"run": row.mailing, "text": busy}))
    return after, code


def _send_put_off(practice: OpenedPractice, row: DueRow, course: _Course) -> Exit | None:
    """Prepare and send a due date that waits; returns how its run stands, None where it has none.

    Raises:
        SerienpostError: it is not released.
    """
    acting = OpenedPractice(practice.context, f"{SCHEDULE}{row.mailing}", practice.notify)
    answers = Answers(release=True, archive=row.archive)  # type: ignore[arg-type]  # as answered
    mailing = load_mailing(practice.context, row.name)
    day = date.fromisoformat(row.due)
    quiet = course._replace(wait=False, counting=lambda _: None)
    done = _run_due_date(acting, row.name, mailing, day, answers, quiet, row)
    if not isinstance(done, Confirmation):
        return done.exit
    asked = list(done.open)
    still_open(practice.ledger, row, _("somebody must answer: {questions}", questions=asked))
    course.failures.add("unanswered", _file_name(row.name), row.due)
    if done.run:
        Run(acting, done.run).cancel()
    return None


def _continue_earlier(practice: OpenedPractice, mailing: str, day: str, course: _Course) -> None:
    """Continue earlier due dates of the same mailing as `resume_due` would; what is to be given up
    is left to it, so that its exit code says so."""
    with practice.ledger.read() as tx:
        earlier = [r.id for r in runs_to_continue(tx) if r.mailing == mailing and r.due < day]
        put_off = [r for r in due_rows(tx, "open") if r.mailing == mailing and r.due < day]
        now = tx.now
    for run_id in earlier:
        if not course.stop.requests:
            try:
                _continue(Run(practice, run_id), course)
            except SerienpostError as error:
                practice.notify(Notice("not_continued", {"run": run_id, "text": error.sentence}))
                course.failures.add_refused(run_id, error)
    course.failures.runs.update(earlier)
    for row in put_off:
        if row.until > now and not course.stop.requests:
            after = _try_again(practice, row, course)[0]
            if after.state == "open":
                told = {"mailing": after.mailing, "due": after.due, "text": after.reason}
                practice.notify(Notice("not_prepared", told))


def _continue(run: Run, course: _Course) -> Exit:
    """Continue one run if time alone releases it.

    Raises:
        SerienpostError: it cannot be continued; this concerns this run only.
    """
    return course._replace(wait=False).deliver(run).exit


def _withdrawals(practice: OpenedPractice, failures: Failures) -> dict[str, Sequence[Withdrawal]]:
    """By run: orders that a provider holds for later and that must not go out any more.

    A run that cannot be judged is told and has no orders here.
    """
    context, ledger = practice.context, practice.ledger
    with ledger.read() as tx:
        held = [row.id for row in held_runs(tx) if row.purged_at is None]
    found: dict[str, Sequence[Withdrawal]] = {}
    for run_id in held:
        try:
            orders = to_withdraw(load_renderer(context, ledger, run_id), ledger, run_id)
        except SerienpostError as error:
            practice.notify(Notice("orders_unknown", {"run": run_id, "text": error.sentence}))
            failures.add_refused(run_id, error)
            found[run_id] = ()
            continue
        if orders:
            found[run_id] = orders
            failures.add("withdraw", run_id)
    return found
