"""`pause`, `cancel` and `resolve`: a person decides about a run or a message."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import click

from serienpost.cli.group import json_option
from serienpost.cli.practice import user_name, with_practice
from serienpost.errors import Exit, SerienpostError

if TYPE_CHECKING:
    from serienpost.cli.reply import Reply
    from serienpost.context import PracticeContext
    from serienpost.ledger.store import Ledger
    from serienpost.run.send.doubts import Resolution


@click.command(name="pause")
@click.argument("run")
@json_option
@with_practice
def pause_command(context: PracticeContext, run: str) -> Reply:
    """Stop a run for now."""
    from serienpost.cli.runs import run_reply
    from serienpost.ledger.store import open_ledger
    from serienpost.run.send.approve import pause

    ledger = open_ledger(context)
    pause(ledger, run, user_name())
    return run_reply(context, ledger, run, messages=False, code=Exit.DONE)


@click.command(name="cancel")
@click.argument("run")
@json_option
@with_practice
def cancel_command(context: PracticeContext, run: str) -> Reply:
    """Stop a run for good."""
    from serienpost.cli.runs import run_reply
    from serienpost.ledger.store import open_ledger
    from serienpost.run.send.approve import cancel
    from serienpost.run.send.schedule import refuse_cancel
    from serienpost.run.send.session import free_dead

    ledger = open_ledger(context)
    free_dead(context, ledger, run)
    refuse_cancel(context, ledger, run)
    cancel(ledger, run, user_name())
    settle_cancelled(context, ledger, run)
    return run_reply(context, ledger, run, messages=False, code=Exit.DONE)


def settle_cancelled(context: PracticeContext, ledger: Ledger, run: str) -> None:
    """Complete what a cancelled run delivered before; say so where that cannot be done now."""
    from serienpost.run.send.session import complete_cancelled

    try:
        complete_cancelled(context, ledger, run)
    except SerienpostError as error:
        text = f"run {run} is cancelled, but what was delivered before is not complete: {error}"
        click.echo(text, err=True)


@click.command(name="resolve")
@click.argument("run")
@click.option("--recipient", metavar="ROW", multiple=True, required=True, help="Row or person.")
@click.option(
    "--as",
    "decision",
    type=click.Choice(["accepted", "resend", "failed"]),
    required=True,
    help="It arrived; send it again; it did not arrive and stays so.",
)
@json_option
@with_practice
def resolve_command(
    context: PracticeContext, run: str, recipient: tuple[str, ...], decision: str
) -> Reply:
    """Decide about a message in doubt."""
    from serienpost.cli.runs import run_reply
    from serienpost.ledger.store import open_ledger
    from serienpost.run.send.doubts import resolve

    ledger = open_ledger(context)
    resolve(ledger, run, recipient, cast("Resolution", decision), user_name())
    reply = run_reply(context, ledger, run, messages=False, code=Exit.DONE)
    if decision == "resend":
        click.echo(f"serienpost resume {run} sends it", err=True)
    return reply
