"""Terms of a provider: accepted once per run, by an option, by typing a word, or in the account."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from serienpost.cli.practice import user_name
from serienpost.errors import SerienpostError

if TYPE_CHECKING:
    from serienpost.context import PracticeContext

WORDS = ("angenommen", "accepted")


def accepted_by(context: PracticeContext, account: str, *, here: bool = False) -> str | None:
    """Who accepted the disclaimer of the account's channel; None where there is none.

    Args:
        context: the practice.
        account: the account that sends.
        here: accepted on the command line.

    Raises:
        SerienpostError: nobody accepted it.
    """
    from serienpost.contracts.providers import HasDisclaimer

    settings = context.config.accounts[account]
    channel = context.registry.channels[settings.channel]
    found = channel.disclaimer(settings) if isinstance(channel, HasDisclaimer) else None
    if found is None:
        return None
    if here:
        return user_name()
    if found.accepted_by:
        return f"{found.accepted_by} ({found.accepted_on}, account {account})"
    if not sys.stdin.isatty():
        raise SerienpostError(
            f"the disclaimer of {channel.title} is not accepted; nothing was sent",
            hint="add --accept-disclaimer to send; for cron the account gets disclaimer: with "
            "accepted_by and accepted_on",
        )
    click.echo(f"{found.german}\n\n{found.english}\n", err=True)
    question = f"Zum Annehmen / to accept: {WORDS[0]} / {WORDS[1]}"
    typed = click.prompt(question, default="", show_default=False, err=True)
    if typed.strip().casefold() not in WORDS:
        raise SerienpostError("the disclaimer was not accepted; nothing was sent")
    return user_name()
