"""What goes on by itself: runs whose time has come, and a mailing that cron sends.

Whether a run may go on now is decided in `run/send/session.py`, by the reasons in
`ledger/states.py`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from serienpost.config.loading import load_mailing
from serienpost.errors import Exit, SerienpostError
from serienpost.ledger.runs import count_states, find_run, open_run, runs_to_continue
from serienpost.run.prepare.freeze import discard_dead
from serienpost.run.prepare.renderer import load_renderer
from serienpost.run.report.answers import DueRun
from serienpost.run.report.estimate import earlier_runs
from serienpost.run.report.history import local
from serienpost.run.report.pauses import pause_end
from serienpost.run.send.archive import waiting_runs
from serienpost.run.send.finish import cancelled_runs_to_settle
from serienpost.run.send.loop import Stop
from serienpost.run.send.schedule import held_runs, scheduled_for, to_withdraw
from serienpost.service import mailing as mailings
from serienpost.service.notices import Notice
from serienpost.service.release import Answers, Confirmation, open_disclaimer
from serienpost.service.run import Run

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from serienpost.run.report.answers import RunStatus
    from serienpost.run.send.schedule import Withdrawal
    from serienpost.service.opened import OpenedPractice
    from serienpost.service.run import Progress

    Watch = Callable[[Progress], None]


def resume_due(practice: OpenedPractice, *, progress: Watch, stop: Stop | None) -> list[DueRun]:
    """See `Practice.resume_due`."""
    ledger, zone = practice.ledger, practice.context.zone
    stop = stop or Stop()
    discard_dead(ledger)
    with ledger.read() as tx:
        others = {*waiting_runs(tx), *(row.id for row in tx.all(cancelled_runs_to_settle(tx)))}
        rows = runs_to_continue(tx, sorted(others))
        soon = tx.now + timedelta(seconds=1)
    codes: dict[str, Exit] = {}
    bugs: list[Exception] = []
    for row in rows:
        run = Run(practice, row.id)
        if row.state == "cancelled":
            run.settle_cancelled()
        elif stop.requests or (row.until and row.until > soon):
            codes[row.id] = Exit.OPEN
        else:
            try:
                codes[row.id] = _continue(run, progress, stop)
            except Exception as error:  # noqa: BLE001  # raised again after the others had their turn
                bugs.append(error)
    if bugs:
        raise bugs[0]
    withdrawals = _withdrawals(practice)
    codes |= dict.fromkeys(withdrawals, Exit.OPEN)
    with ledger.read() as tx:
        after = [(find_run(tx, run_id), count_states(tx, run_id)) for run_id in codes]
        now = tx.now
    return [
        DueRun(
            run=row.id,
            exit=codes[row.id],
            state=row.state,
            reason=row.reason,
            until=local(row.until, zone),
            withdraw=tuple(withdrawals.get(row.id, ())),
            held_until=local(row.send_at, zone),
            ends=pause_end(row),
            scheduled_for=local(scheduled_for(row, now), zone),
            counts=counts,
        )
        for row, counts in after
    ]


def run_mailing(
    practice: OpenedPractice,
    name: str,
    due: date,
    answers: Answers | None,
    *,
    wait: bool,
    counting: Callable[[int], None],
    progress: Watch,
    stop: Stop | None,
) -> RunStatus | Confirmation:
    """See `Practice.run_mailing`."""
    ledger, stop = practice.ledger, stop or Stop()
    answers = answers or Answers()
    mailing = load_mailing(practice.context, name)
    day = due.isoformat()
    _continue_earlier(practice, mailing.id, day, progress, stop)
    with ledger.read() as tx:
        begun = open_run(tx, mailing.id, day)
    if begun:
        return Run(practice, begun).deliver(progress, wait=wait, by_itself=True, stop=stop)
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
    run = _prepared(practice, name, due, counting, stop)
    for one in earlier_runs(practice.context, ledger, run.id):
        told = {"mailing": mailing.id, "people": one.people, "on": one.on, "run": one.run}
        practice.notify(Notice("already_sent", told))
    if stop.requests:
        run.cancel()
        raise _stopped()
    released = run.approve(answers, catch_up=True)
    if isinstance(released, Confirmation):
        return released
    return run.deliver(progress, wait=wait, by_itself=True, stop=stop)


def _prepared(
    practice: OpenedPractice, name: str, due: date, counting: Callable[[int], None], stop: Stop
) -> Run:
    """Prepare unattended: signs that make an SMS longer stay, and that is told.

    Raises:
        SerienpostError: it was asked to stop; nothing is kept of the run.
    """

    def count(number: int) -> None:
        if stop.requests:
            raise _stopped()
        counting(number)

    found = mailings.prepare(practice, name, due=due, progress=count)
    if isinstance(found, Run):
        return found
    told = {"mailing": found.mailing, "changes": found.changes}
    practice.notify(Notice("signs_stay", told))
    run = mailings.prepare(practice, name, due=due, rewrite_signs=False, progress=count)
    assert isinstance(run, Run)  # noqa: S101  # the question is answered
    return run


def _stopped() -> SerienpostError:
    return SerienpostError("stopped; nothing was approved")


def _continue_earlier(
    practice: OpenedPractice, mailing: str, day: str, progress: Watch, stop: Stop
) -> None:
    """Continue earlier due dates of the same mailing as `resume_due` would."""
    with practice.ledger.read() as tx:
        earlier = [r.id for r in runs_to_continue(tx) if r.mailing == mailing and r.due < day]
    for run_id in earlier:
        if not stop.requests:
            _continue(Run(practice, run_id), progress, stop)


def _continue(run: Run, progress: Watch, stop: Stop) -> Exit:
    """Continue one run if time alone releases it; an error concerns this run only."""
    try:
        return run.deliver(progress, wait=False, by_itself=True, stop=stop).exit
    except SerienpostError as error:
        run.practice.notify(Notice("not_continued", {"run": run.id, "text": str(error)}))
        return Exit.OPEN


def _withdrawals(practice: OpenedPractice) -> dict[str, Sequence[Withdrawal]]:
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
            practice.notify(Notice("orders_unknown", {"run": run_id, "text": str(error)}))
            found[run_id] = ()
            continue
        if orders:
            found[run_id] = orders
    return found
