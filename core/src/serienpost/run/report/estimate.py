"""What the review foretells: how long a run will take, and who had this mailing before."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import func, select

from serienpost.errors import SerienpostError
from serienpost.ledger.runs import find_run
from serienpost.ledger.schema import message, once, run
from serienpost.ledger.states import LEFT
from serienpost.run.report.answers import EarlierRun
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from serienpost.context import PracticeContext
    from serienpost.contracts.accounts import AccountSettings, Rate
    from serienpost.contracts.channels import HasBalance
    from serienpost.ledger.store import Ledger

_ = Texts(__name__)

EARLIER_RUNS = 5
# So long a provider may take to tell its balance.
BALANCE_SECONDS = 20.0


def duration(rates: Sequence[Rate], messages: int) -> float:
    """Seconds that the account's rates alone make so many messages take, from a rested account.

    The first `count` messages of a rate leave at once, each further window takes as many.
    """
    windows = (((messages - 1) // rate.count) * rate.seconds for rate in rates)
    return float(max(windows, default=0)) if messages else 0.0


def accounts_with_balance(context: PracticeContext) -> list[str]:
    """The accounts whose provider keeps a balance, and can be asked for it."""
    from serienpost.contracts.channels import HasBalance

    channels = context.registry.channels
    return [
        name
        for name, settings in context.config.accounts.items()
        if isinstance(channels[settings.channel], HasBalance)
    ]


def free_balance(context: PracticeContext, ledger: Ledger, account: str) -> float | None:
    """The provider's balance less own orders that it holds for later and has not charged yet.

    None where there is no such account, or its provider keeps none.

    Raises:
        SerienpostError: the provider does not answer.
    """
    from serienpost.run.send.schedule import owed

    if account not in accounts_with_balance(context):
        return None
    settings = context.config.accounts[account]
    channel = cast("HasBalance[Any]", context.registry.channels[settings.channel])
    return asyncio.run(_balance(context, account, settings, channel)) - owed(ledger, account)


async def _balance(
    context: PracticeContext, account: str, settings: AccountSettings, channel: HasBalance[Any]
) -> float:
    try:
        async with asyncio.timeout(BALANCE_SECONDS):
            answer = await channel.balance(context, settings)
        answered = context.registry.answered
        return answered("channels", settings.channel, "balance", answer, (int, float))
    except SerienpostError as error:
        reason: str = error.sentence
    except Exception as error:  # noqa: BLE001  # whatever a channel raises, the run is not lost by it
        reason = type(error).__name__
    raise SerienpostError(
        _("the balance of account {account} is not known: {why}", account=account, why=reason)
    )


def earlier_runs(context: PracticeContext, ledger: Ledger, run_id: str) -> tuple[EarlierRun, ...]:
    """Earlier runs of the same mailing that reached people who are marked now, newest first."""
    mine, theirs = message.alias(), message.alias()
    with ledger.read() as tx:
        row = find_run(tx, run_id)
        before = tx.all(
            tx.select(run, run.c.id, run.c.approved_at)
            .where(
                run.c.mailing == row.mailing,
                run.c.approved_at.is_not(None),
                run.c.created_at < row.created_at,
            )
            .order_by(run.c.created_at.desc())
            .limit(EARLIER_RUNS)
        )
        found = []
        for one in before:
            people = select(func.count(mine.c.person.distinct())).where(
                mine.c.practice == tx.practice,
                mine.c.run == run_id,
                mine.c.marked,
                theirs.c.practice == tx.practice,
                theirs.c.run == one.id,
                theirs.c.person == mine.c.person,
                theirs.c.state.in_(LEFT),
            )
            count = tx.scalar(people)
            if count:
                day = one.approved_at.astimezone(context.zone).date()
                found.append(EarlierRun(one.id, day, count))
    return tuple(found)


def left_out_for(context: PracticeContext, ledger: Ledger, run_id: str) -> tuple[EarlierRun, ...]:
    """Runs of the same mailing for whose sake people of this released run are left out, newest
    first: they hold these people's places in "once"."""
    c, holder = message.c, run.alias()
    with ledger.read() as tx:
        people = (
            tx.select(message, once.c.run, func.count(c.person.distinct()).label("people"))
            .join(once, (once.c.practice == c.practice) & (once.c.key == c.once_key))
            .where(c.run == run_id, c.state == "suppressed", c.code == "already_sent", c.marked)
            .group_by(once.c.run)
            .subquery()
        )
        found = tx.all(
            select(people.c.run, holder.c.approved_at, people.c.people)
            .join(holder, (holder.c.practice == tx.practice) & (holder.c.id == people.c.run))
            .order_by(holder.c.created_at.desc())
            .limit(EARLIER_RUNS)
        )
    zone = context.zone
    return tuple(
        EarlierRun(one.run, one.approved_at.astimezone(zone).date(), one.people) for one in found
    )
