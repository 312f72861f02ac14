"""`send`, `run`, `resume` and `retry`: release and deliver."""

from __future__ import annotations

import math
import signal
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from serienpost import words
from serienpost.cli.group import json_option
from serienpost.cli.language import is_attended
from serienpost.cli.output import print_text
from serienpost.cli.practice import with_practice
from serienpost.cli.progress import Display
from serienpost.cli.questions import answered
from serienpost.cli.reply import Reply
from serienpost.errors import Exit, StillOpenError, worst
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from serienpost.service import Answers, Confirmation, Practice, Run, Stop
    from serienpost.service.answers import DueRun, RunStatus

_ = Texts(__name__)

# Seconds. A terminal, a service manager and a wrapper that passes signals on may each send one.
SAME_REQUEST = 0.5

archive_option = click.option(
    "--archive",
    type=click.Choice(["entry", "pdf"]),
    help=_("What goes into the records, where the mailing says `archive: ask`."),
)
no_wait_option = click.option(
    "--no-wait", is_flag=True, help=_("Do not wait for rate, time or retries; exit 75.")
)


@click.command(name="send")
@click.argument("run")
@click.option("--plan", metavar="HASH", help=_("Approve only this plan."))
@click.option("--yes", is_flag=True, help=_("Do not ask."))
@click.option(
    "--at",
    "when",
    metavar="WHEN",
    help=_("9:00, morgen 9 Uhr, 30.11. 9:00; cron or `resume --due` must run then."),
)
@no_wait_option
@click.option("--accept-disclaimer", is_flag=True, help=_("Accept the provider's disclaimer."))
@click.option("--ignore-balance", is_flag=True, help=_("Send although the balance is too low."))
@archive_option
@json_option
@with_practice
def send_command(
    practice: Practice,
    run: str,
    plan: str | None,
    yes: bool,
    when: str | None,
    no_wait: bool,
    accept_disclaimer: bool,
    ignore_balance: bool,
    archive: str | None,
) -> Reply:
    """Approve a prepared run and deliver it."""
    from serienpost.service import Answers

    found = practice.run(run)
    at = practice.time(when) if when else None
    answers = Answers(yes, ignore_balance, archive, accept_disclaimer)  # type: ignore[arg-type]
    hint = _("top up the account, or add --ignore-balance")
    approved(found, answers, hint=hint, plan=plan, at=at)
    return deliver(found, wait=not no_wait)


@click.command(name="run")
@click.argument("mailing")
@click.option("--yes", is_flag=True, help=_("Approve without asking; needed for cron."))
@click.option(
    "--for", "due", metavar="DATE", help=_("Due date: 30.11., morgen, 2026-11-30. Default: today.")
)
@no_wait_option
@archive_option
@json_option
@with_practice
def run_command(
    practice: Practice,
    mailing: str,
    yes: bool,
    due: str | None,
    no_wait: bool,
    archive: str | None,
) -> Reply:
    """Prepare and send a mailing in one go, for cron."""
    from serienpost.service import Answers

    day = practice.day(due) if due else None
    answers = Answers(release=yes, archive=archive)  # type: ignore[arg-type]  # click has checked
    with stopping() as stop:
        while True:
            with Display(practice.context.zone, reads=True) as display:
                found = _or_open(
                    practice.run,
                    lambda: practice.run_mailing(
                        mailing,
                        due=day,
                        answers=answers,  # noqa: B023  # called before it changes
                        wait=not no_wait,
                        workers=practice.context.config.workers,
                        counting=display.counted,
                        progress=display.delivered,
                        stop=stop,
                        unattended=not is_attended(),
                    ),
                )
            if isinstance(found, Reply):
                return found
            hint = _("top up the account, then serienpost send {run}", run=found.run or "RUN")
            answers = answered(found, answers, balance_hint=hint)
            if found.run:
                run = practice.run(found.run)
                approved(run, answers, hint=hint, plan=found.plan_hash, catch_up=True)
                return deliver(run, wait=not no_wait, by_itself=True)


@click.command(name="resume")
@click.argument("run", required=False)
@click.option(
    "--due",
    is_flag=True,
    help=_(
        "Continue every run whose time has come, and prepare again what could not be; for cron."
    ),
)
@click.option(
    "--confirm",
    is_flag=True,
    help=_(
        "Continue although it stood still for long, is made for another day, or the ledger is an "
        "older copy."
    ),
)
@click.option(
    "--leave-refused",
    is_flag=True,
    help=_("Do not try again who was refused in a row before the pause; they stay failed."),
)
@click.option(
    "--join", is_flag=True, help=_("Deliver it beside another process that does, on any machine.")
)
@no_wait_option
@json_option
@with_practice
def resume_command(
    practice: Practice,
    run: str | None,
    due: bool,
    confirm: bool,
    leave_refused: bool,
    join: bool,
    no_wait: bool,
) -> Reply:
    """Continue a run that was stopped or paused."""
    if due == (run is not None):
        raise click.UsageError(_("name a run, or use --due"))
    if run is None:
        return _resume_due(practice)
    found = practice.run(run)
    return deliver(found, wait=not no_wait, confirm=confirm, leave_refused=leave_refused, join=join)


@click.command(name="retry")
@click.argument("run")
@click.option(
    "--failed", is_flag=True, required=True, expose_value=False, help=_("The messages that failed.")
)
@no_wait_option
@json_option
@with_practice
def retry_command(practice: Practice, run: str, no_wait: bool) -> Reply:
    """Try the failed messages of a run again."""
    found = practice.run(run)
    found.retry()
    return deliver(found, wait=not no_wait)


def approved(run: Run, answers: Answers, *, hint: str, **terms: Any) -> None:  # noqa: ANN401
    """Release a run; ask what is not answered.

    Args:
        run: the run.
        answers: of the command line.
        hint: what to do where the provider's account holds too little.
        terms: `plan`, `at` and `catch_up` of `Run.approve`.

    Raises:
        SerienpostError: it may not be released, or is not.
    """
    from serienpost.service import Confirmation

    while isinstance(asked := run.approve(answers, **terms), Confirmation):
        answers = answered(asked, answers, balance_hint=hint)
        terms["plan"] = asked.plan_hash


def deliver(run: Run, **options: bool) -> Reply:
    """Deliver what is open of a run; the reply describes how it stands then."""
    context = run.practice.context
    with stopping() as stop, Display(context.zone) as display:
        reply = _or_open(
            lambda _: run,
            lambda: run.deliver(
                display.delivered, stop=stop, workers=context.config.workers, **options
            ),
        )
    assert isinstance(reply, Reply)  # noqa: S101  # delivering asks nothing
    return reply


def _or_open(
    find: Callable[[str], Run], use: Callable[[], RunStatus | Confirmation]
) -> Reply | Confirmation:
    """The reply about a run, also where something of it stays open; a question as it is."""
    from serienpost.cli.runs import run_reply
    from serienpost.service import Confirmation

    try:
        found = use()
    except StillOpenError as error:
        if error.run is None:
            raise
        found_open = find(error.run)
        return run_reply(found_open, messages=False, code=Exit.OPEN, problems=error.problems)
    if isinstance(found, Confirmation):
        return found
    return run_reply(find(found.run), messages=False)


@contextmanager
def stopping() -> Iterator[Stop]:
    """Ctrl-C and SIGTERM ask delivery to stop: once cleanly, again after a moment at once."""
    from serienpost.service import Stop

    stop, asked = Stop(), -math.inf

    def ask_to_stop(*_signalled: object) -> None:
        nonlocal asked
        now = time.monotonic()
        if now - asked >= SAME_REQUEST:
            asked = now
            stop.request()

    before = {
        number: signal.signal(number, ask_to_stop) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _resume_due(practice: Practice) -> Reply:
    from serienpost.service.answers import DueDate, DueRun, WaitingSchedule

    zone = practice.context.zone
    with stopping() as stop, Display(zone) as display:
        found = practice.resume_due(
            workers=practice.context.config.workers, progress=display.delivered, stop=stop
        )
    runs = [one for one in found if isinstance(one, DueRun)]
    dates = [one for one in found if isinstance(one, DueDate)]
    waiting = [one for one in found if isinstance(one, WaitingSchedule)]

    def text() -> None:
        for one in runs:
            print_text(words.reason_and_text(one.run, _standing(one)))
        for one in runs:
            for order in one.withdraw:
                print_text(
                    _(
                        "the orders of run {run} lie in the provider's portal until {moment}; "
                        "withdraw them there: {order} ({row}: {reason})",
                        run=one.run,
                        moment=one.held_until or "-",
                        order=order.ref,
                        row=order.row,
                        reason=order.reason,
                    ),
                    "  ",
                )

    code = worst(one.exit for one in found)
    given_up = [one for one in dates if one.state == "given_up"]
    told = tuple(problem for one in given_up for problem in one.problems)
    problems = tuple(p for one in found if one not in given_up for p in one.problems)
    data = {
        "runs": [one.document() for one in runs],
        "due": [one.document() for one in dates],
        "schedules": [one.document() for one in waiting],
    }
    is_scheduled = not dates and not waiting and all(one.is_scheduled for one in runs if one.exit)
    return Reply(data, text, code, problems, told=told, is_scheduled=is_scheduled and bool(code))


def _standing(one: DueRun) -> str:
    """How a run stands, why, and until when."""
    state = words.run_state(one.standing)
    if one.reason and not one.is_scheduled:
        state = _("{state} ({reason})", state=state, reason=words.reason(one.reason))
    if one.until and not one.scheduled_for:
        return _("{state} until {moment}", state=state, moment=one.until)
    return state
