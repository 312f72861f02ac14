"""`pause`, `cancel` and `resolve`: a person decides about a run or a message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import click

from serienpost.cli.group import json_option
from serienpost.cli.output import say
from serienpost.cli.practice import with_practice
from serienpost.cli.reply import Reply
from serienpost.cli.runs import run_reply
from serienpost.errors import Exit
from serienpost.translation import Texts

if TYPE_CHECKING:
    from serienpost.service import Practice

_ = Texts(__name__)


@click.command(name="pause")
@click.argument("run")
@json_option
@with_practice
def pause_command(practice: Practice, run: str) -> Reply:
    """Stop a run for now."""
    found = practice.run(run)
    found.pause()
    return run_reply(found, messages=False, code=Exit.DONE)


@click.command(name="cancel")
@click.argument("run")
@click.option(
    "--due",
    metavar="DATE",
    help=_("RUN is a mailing: its due date is not prepared again."),
)
@json_option
@with_practice
def cancel_command(practice: Practice, run: str, due: str | None) -> Reply:
    """Stop a run for good, or take off a due date that could not be prepared."""
    if due:
        return _cancel_due(practice, run, due)
    found = practice.run(run)
    found.cancel()
    return run_reply(found, messages=False, code=Exit.DONE)


def _cancel_due(practice: Practice, mailing: str, due: str) -> Reply:
    done = practice.cancel_due(mailing, practice.day(due))
    text = _(
        "{mailing} for {due} is not prepared again",
        mailing=done.mailing,
        due=done.due,
    )
    return Reply({"due": done.document()}, lambda: say(text))


@click.command(name="resolve")
@click.argument("run")
@click.option("--recipient", metavar="ROW", multiple=True, required=True, help=_("Row or person."))
@click.option(
    "--as",
    "decision",
    type=click.Choice(["accepted", "resend", "failed"]),
    required=True,
    help=_("It arrived; send it again; it did not arrive and stays so."),
)
@json_option
@with_practice
def resolve_command(
    practice: Practice,
    run: str,
    recipient: tuple[str, ...],
    decision: Literal["accepted", "resend", "failed"],
) -> Reply:
    """Decide about a message in doubt."""
    found = practice.run(run)
    found.resolve(recipient, decision)
    if decision == "resend":
        say(_("serienpost resume {run} sends it", run=run), err=True)
    return run_reply(found, messages=False, code=Exit.DONE)
