"""`send` and `run`: release and deliver."""

from __future__ import annotations

import math
import signal
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from serienpost.cli.group import json_option
from serienpost.cli.practice import ask, user_name, with_practice
from serienpost.errors import ConfigError, Exit, LedgerError, SerienpostError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy import Row

    from serienpost.cli.reply import Reply
    from serienpost.context import PracticeContext
    from serienpost.ledger.store import Ledger
    from serienpost.run.send.loop import Stop
    from serienpost.run.send.session import Options

SAME_REQUEST = 0.5
"""Seconds. A terminal, a service manager and a wrapper that passes signals on may each send one."""

archive_option = click.option(
    "--archive",
    type=click.Choice(["entry", "pdf"]),
    help="What goes into the records, where the mailing says `archive: ask`.",
)


@click.command(name="send")
@click.argument("run")
@click.option("--plan", metavar="HASH", help="Release only this plan.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--at", "when", metavar="WHEN", help="HH:MM or YYYY-MM-DDTHH:MM, practice time.")
@click.option("--no-wait", is_flag=True, help="Do not wait for rate, time or retries; exit 75.")
@click.option("--accept-disclaimer", is_flag=True, help="Accept the provider's disclaimer.")
@click.option("--ignore-balance", is_flag=True, help="Send although the balance is too low.")
@archive_option
@json_option
@with_practice
def send_command(
    context: PracticeContext,
    run: str,
    plan: str | None,
    yes: bool,
    when: str | None,
    no_wait: bool,
    accept_disclaimer: bool,
    ignore_balance: bool,
    archive: str | None,
) -> Reply:
    """Release a prepared run and deliver it."""
    from serienpost.cli.balance import refuse_if_too_little
    from serienpost.cli.disclaimer import accepted_by
    from serienpost.ledger.runs import allow_command, find_run
    from serienpost.ledger.store import open_ledger
    from serienpost.run.send.approve import approve
    from serienpost.run.send.session import Options

    ledger = open_ledger(context)
    with ledger.read() as tx:
        row = find_run(tx, run)
    allow_command(row, "send")
    if plan is not None and plan != row.plan_hash:
        raise LedgerError(
            f"the plan of run {run} is not the one you name", hint=f"serienpost review {run}"
        )
    if row.state == "prepared":
        send_at = _send_at(context, ledger, row, when) if when else None
        if not yes and not _confirmed(ledger, row):
            raise SerienpostError("not released; nothing was sent")
        if not ignore_balance:
            hint = "top up the account, or add --ignore-balance"
            refuse_if_too_little(context, ledger, run, hint)
        archive = archive or _asked_archive(context, row)
        approve(
            ledger,
            run,
            user_name(),
            plan=row.plan_hash,
            send_at=send_at,
            disclaimer=accepted_by(context, row.account, here=accept_disclaimer),
            archive=archive,
        )
    elif archive:
        raise LedgerError(f"run {run} is {row.state}; --archive belongs to its release")
    elif when:
        raise LedgerError(f"run {run} is {row.state}; --at belongs to its release")
    return deliver(context, ledger, run, Options(wait=not no_wait))


@click.command(name="run")
@click.argument("mailing")
@click.option("--yes", is_flag=True, help="Release without asking; needed for cron.")
@click.option("--for", "due", metavar="DATE", help="Due date, YYYY-MM-DD. Default: today.")
@click.option("--no-wait", is_flag=True, help="Do not wait for rate, time or retries; exit 75.")
@archive_option
@json_option
@with_practice
def run_command(
    context: PracticeContext,
    mailing: str,
    yes: bool,
    due: str | None,
    no_wait: bool,
    archive: str | None,
) -> Reply:
    """Prepare and send a mailing in one go, for cron."""
    from serienpost.cli.balance import refuse_if_too_little
    from serienpost.cli.disclaimer import accepted_by
    from serienpost.cli.prepare import parse_day, prepare_run, today
    from serienpost.config.loading import load_mailing
    from serienpost.ledger.runs import find_run
    from serienpost.ledger.store import open_ledger
    from serienpost.run.report.estimate import earlier_runs
    from serienpost.run.send.approve import approve
    from serienpost.run.send.session import Options

    ledger = open_ledger(context)
    day = parse_day(due) if due else today(context)
    name = load_mailing(context, mailing).id
    options = Options(wait=not no_wait, by_itself=True)
    _continue_earlier(context, ledger, name, day.isoformat())
    open_run = _open_run(ledger, name, day.isoformat())
    if open_run:
        return deliver(context, ledger, open_run, options)
    if not yes and not ask(f"Prepare and send {name} now?", "--yes"):
        raise SerienpostError("not released; nothing was sent")
    disclaimer = accepted_by(context, load_mailing(context, mailing).account)
    run_id = prepare_run(context, mailing, due=day, instead={}, unattended=yes)
    for earlier in earlier_runs(context, ledger, run_id):
        click.echo(
            f"{name}: {earlier['people']} of these people had this mailing on {earlier['on']}; "
            "once_per: recipient leaves them out",
            err=True,
        )
    hint = f"top up the account, then serienpost send {run_id}"
    refuse_if_too_little(context, ledger, run_id, hint)
    with ledger.read() as tx:
        row = find_run(tx, run_id)
    archive = archive or _asked_archive(context, row)
    approve(ledger, run_id, user_name(), disclaimer=disclaimer, archive=archive)
    return deliver(context, ledger, run_id, options)


def deliver(context: PracticeContext, ledger: Ledger, run: str, options: Options) -> Reply:
    """Deliver what is open of a run in this process; the reply describes how it stands then."""
    from serienpost.cli.progress import delivering
    from serienpost.cli.runs import run_reply
    from serienpost.run.send.finish import BusyError, IncompleteError, open_count
    from serienpost.run.send.session import continue_run

    try:
        with (
            stopping() as stop,
            delivering(open_count(ledger, run), context.zone) as report,
        ):
            continue_run(context, ledger, run, options, report=report, stop=stop)
    except (BusyError, IncompleteError) as error:
        click.echo(str(error), err=True)
        return run_reply(context, ledger, run, messages=False, code=Exit.OPEN)
    return run_reply(context, ledger, run, messages=False)


@contextmanager
def stopping() -> Iterator[Stop]:
    """Ctrl-C and SIGTERM ask the send loop to stop: once cleanly, again after a moment at once."""
    from serienpost.run.send.loop import Stop

    stop, asked = Stop(), -math.inf

    def ask_to_stop(*_: object) -> None:
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


def _send_at(context: PracticeContext, ledger: Ledger, row: Row[Any], when: str) -> datetime:
    from serienpost.run.prepare.renderer import load_renderer
    from serienpost.run.send.schedule import parse_when

    at = parse_when(when, ledger.clock(), context.zone)
    _refuse_quiet(context, row, at)
    if at.astimezone(context.zone).date().isoformat() == row.due:
        return at
    renderer = load_renderer(context, ledger, row.id)
    dated = [name for name, macro in renderer.macros.items() if macro.is_dated]
    relative = any(b.source.is_relative(b.selection) for b in renderer.blocks)
    if dated or relative:
        what = f"the text uses {dated[0]}" if dated else "the selection counts from that day"
        raise ConfigError(
            f"the run is made for {row.due} and {what}; it cannot be sent on another day",
            hint=f"serienpost prepare {row.mailing} --for {at.astimezone(context.zone).date()}",
        )
    return at


def _asked_archive(context: PracticeContext, row: Row[Any]) -> str | None:
    """What goes into the records, as a person answers; None where nobody need be asked."""
    archives = (one for one in context.registry.archives.values() if row.kind in one.kinds)
    if row.header.get("archive") != "ask" or not any(archives):
        return None
    question = "Store each message as PDF in the person's record? Without it only the entry"
    return "pdf" if ask(question, "--archive") else "entry"


def _refuse_quiet(context: PracticeContext, row: Row[Any], at: datetime) -> None:
    """What the provider holds until `at` goes out then, whatever the hour; better say so now."""
    from serienpost.run.send.schedule import quiet_hours

    quiet = quiet_hours(context, row.kind, at)
    if row.header.get("hand_over") == "now" and quiet and quiet.until:
        until = quiet.until.astimezone(context.zone)
        raise ConfigError(
            f"{at.astimezone(context.zone):%H:%M} lies in the {quiet.text} of {row.kind}",
            hint=f"--at {until:%Y-%m-%dT%H:%M}, or hand_over: due in the mailing",
        )


def _confirmed(ledger: Ledger, row: Row[Any]) -> bool:
    from serienpost.run.report.recipients import summary

    head = summary(ledger, row.id)
    counts, cost = head["counts"], head["cost"]
    question = (
        f"{row.mailing}: {counts['selected']} selected, {counts['reachable']} reachable, "
        f"{counts['allowed']} allowed. Send {counts['marked']} {row.kind} from account "
        f"{row.account} ({cost['total']:g} {cost['unit']})?"
    )
    return ask(question, "--yes")


def _open_run(ledger: Ledger, mailing: str, due: str) -> str | None:
    """The approved, sending or paused run of this mailing and due date, if any."""
    from serienpost.ledger.schema import run

    states = ("approved", "sending", "paused")
    with ledger.read() as tx:
        return tx.scalar(  # type: ignore[no-any-return]
            tx.select(run, run.c.id)
            .where(run.c.mailing == mailing, run.c.due == due, run.c.state.in_(states))
            .order_by(run.c.created_at.desc())
        )


def _continue_earlier(context: PracticeContext, ledger: Ledger, mailing: str, due: str) -> None:
    """Continue earlier due dates of the same mailing as `resume --due` would."""
    from serienpost.cli.resume import continue_by_itself
    from serienpost.ledger.schema import run

    with ledger.read() as tx:
        earlier = [
            row.id
            for row in tx.all(
                tx.select(run, run.c.id)
                .where(
                    run.c.mailing == mailing,
                    run.c.due < due,
                    run.c.state.in_(("approved", "sending", "paused")),
                )
                .order_by(run.c.created_at)
            )
        ]
    for run_id in earlier:
        continue_by_itself(context, ledger, run_id)
