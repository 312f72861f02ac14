"""`resume` and `retry`: go on with what was stopped, paused or failed."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from serienpost.cli.group import json_option
from serienpost.cli.practice import user_name, with_practice
from serienpost.cli.reply import Reply
from serienpost.cli.send import deliver
from serienpost.errors import Exit, SerienpostError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from serienpost.context import PracticeContext
    from serienpost.ledger.store import Ledger
    from serienpost.run.send.schedule import Withdrawal


@click.command(name="resume")
@click.argument("run", required=False)
@click.option("--due", is_flag=True, help="Continue every run whose time has come; for cron.")
@click.option("--confirm", is_flag=True, help="Continue although it stood still for long.")
@click.option("--no-wait", is_flag=True, help="Do not wait for rate, time or retries; exit 75.")
@json_option
@with_practice
def resume_command(
    context: PracticeContext, run: str | None, due: bool, confirm: bool, no_wait: bool
) -> Reply:
    """Continue a run that was stopped or paused."""
    from serienpost.ledger.runs import allow_command, find_run
    from serienpost.ledger.store import open_ledger
    from serienpost.run.send.session import Options

    ledger = open_ledger(context)
    if due == (run is not None):
        raise click.UsageError("name a run, or use --due")
    if run is None:
        return _resume_due(context, ledger)
    with ledger.read() as tx:
        allow_command(find_run(tx, run), "resume")
    return deliver(context, ledger, run, Options(wait=not no_wait, confirm=confirm))


@click.command(name="retry")
@click.argument("run")
@click.option(
    "--failed", is_flag=True, required=True, expose_value=False, help="The messages that failed."
)
@click.option("--no-wait", is_flag=True, help="Do not wait for rate, time or retries; exit 75.")
@json_option
@with_practice
def retry_command(context: PracticeContext, run: str, no_wait: bool) -> Reply:
    """Try the failed messages of a run again."""
    from serienpost.ledger.store import open_ledger
    from serienpost.run.send.doubts import retry_failed
    from serienpost.run.send.session import Options

    ledger = open_ledger(context)
    retry_failed(ledger, run, user_name())
    return deliver(context, ledger, run, Options(wait=not no_wait))


def _resume_due(context: PracticeContext, ledger: Ledger) -> Reply:
    from serienpost.cli.control import settle_cancelled
    from serienpost.cli.runs import when
    from serienpost.ledger.runs import find_run
    from serienpost.ledger.schema import run
    from serienpost.run.prepare.freeze import discard_dead
    from serienpost.run.send.archive import waiting_runs
    from serienpost.run.send.finish import cancelled_runs_to_settle
    from serienpost.run.send.schedule import sentence
    from serienpost.run.send.session import free_dead

    discard_dead(ledger)
    with ledger.read() as tx:
        rows = tx.all(
            tx.select(run, run.c.id, run.c.state, run.c.until)
            .where(
                run.c.state.in_(("approved", "sending", "paused"))
                | run.c.id.in_(sorted(waiting_runs(tx)))
                | run.c.id.in_(cancelled_runs_to_settle(tx))
            )
            .order_by(run.c.created_at)
        )
        now = tx.now
    found = [row for row in rows if row.state != "cancelled"]
    for row in rows:
        if row.state == "cancelled":
            free_dead(context, ledger, row.id)
            settle_cancelled(context, ledger, row.id)
    waiting = [row.id for row in found if row.until and row.until > now + timedelta(seconds=1)]
    codes: dict[str, int] = {}
    for row in found:
        if row.id not in waiting:
            codes[row.id] = continue_by_itself(context, ledger, row.id)
        else:
            codes[row.id] = Exit.OPEN
    withdrawals = _withdrawals(context, ledger)
    codes |= dict.fromkeys(withdrawals, Exit.OPEN)

    with ledger.read() as tx:
        after = [find_run(tx, run_id) for run_id in codes]
    runs = [
        {
            "run": row.id,
            "exit": int(codes[row.id]),
            "state": row.state,
            "reason": row.reason,
            "until": when(row.until, context.zone) if row.until else None,
            "withdraw": [asdict(one) for one in withdrawals.get(row.id, ())],
        }
        for row in after
    ]

    def text() -> None:
        for one in runs:
            why = f" ({one['reason']})" if one["reason"] else ""
            until = f" until {one['until']}" if one["until"] else ""
            click.echo(f"{one['run']}: {one['state']}{why}{until}")
        for row in after:
            for order in withdrawals.get(row.id, ()):
                what = f"{order.ref} ({order.row}: {order.reason})"
                click.echo(f"  {sentence(context, row)}: {what}")

    order = (Exit.OPEN, Exit.SOME_IN_DOUBT, Exit.SOME_FAILED)
    worst = next((code for code in order if code in codes.values()), Exit.DONE)
    return Reply({"runs": runs}, text, worst)


def _withdrawals(context: PracticeContext, ledger: Ledger) -> dict[str, Sequence[Withdrawal]]:
    """By run: orders that a provider holds for later and that must not go out any more.

    A run that cannot be judged is named on stderr and has no orders here.
    """
    from serienpost.run.prepare.renderer import load_renderer
    from serienpost.run.send.schedule import held_runs, to_withdraw

    with ledger.read() as tx:
        held = [row.id for row in held_runs(tx) if row.purged_at is None]
    found: dict[str, Sequence[Withdrawal]] = {}
    for run_id in held:
        try:
            orders = to_withdraw(load_renderer(context, ledger, run_id), ledger, run_id)
        except SerienpostError as error:
            click.echo(f"{run_id}: what the provider holds was not looked at: {error}", err=True)
            found[run_id] = ()
            continue
        if orders:
            found[run_id] = orders
    return found


def continue_by_itself(context: PracticeContext, ledger: Ledger, run_id: str) -> int:
    """Continue one run if time alone releases it; an error concerns this run only."""
    from serienpost.run.send.session import Options

    try:
        return deliver(context, ledger, run_id, Options(wait=False, by_itself=True)).exit
    except SerienpostError as error:
        click.echo(f"{run_id}: {error}", err=True)
        return Exit.OPEN
