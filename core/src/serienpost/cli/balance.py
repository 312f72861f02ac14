"""What the provider's account holds, beside what a run costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from serienpost.errors import SerienpostError

if TYPE_CHECKING:
    from serienpost.context import PracticeContext
    from serienpost.ledger.store import Ledger


def known_balance(context: PracticeContext, ledger: Ledger, account: str) -> float | None:
    """The credits that are free; None, and a line on stderr, where the provider does not say."""
    from serienpost.run.report.estimate import free_balance

    try:
        return free_balance(context, ledger, account)
    except SerienpostError as error:
        click.echo(str(error), err=True)
        return None


def too_little(total: float, balance: float | None) -> str | None:
    """The sentence about a balance that does not cover a run's cost."""
    if balance is None or total <= balance:
        return None
    return f"the run costs {total:g} credits, only {balance:g} are free"


def refuse_if_too_little(context: PracticeContext, ledger: Ledger, run: str, hint: str) -> None:
    """Refuse a run that the balance does not cover; a balance that nobody tells refuses none.

    Raises:
        SerienpostError: it does not.
    """
    from serienpost.run.report.recipients import summary

    head = summary(ledger, run)
    if head["cost"]["unit"] != "credits" or not head["cost"]["total"]:
        return
    balance = known_balance(context, ledger, head["account"])
    problem = too_little(head["cost"]["total"], balance)
    if problem:
        raise SerienpostError(f"{problem}; nothing was sent", hint=hint)
