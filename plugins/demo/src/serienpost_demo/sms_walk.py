"""The demo's SMS run: lengths and credits, orders held by a made-up provider, reports."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from serienpost import Problem, Texts
from serienpost_demo.command_line import counts_in_words
from serienpost_demo.practice.records import SMS_PASSWORD, SMS_USER
from serienpost_demo.smscreator.gateway import ZONE, Account, Gateway

if TYPE_CHECKING:
    from serienpost_demo.command_line import CommandLine

_ = Texts(__name__)

MAILING = "kurznachricht"
_CREDITS = 500.0


def new_gateway(credit: float = _CREDITS) -> Gateway:
    """A provider with one customer, who reaches some telephones and some not."""
    account = Account(SMS_USER, SMS_PASSWORD, credit)
    return Gateway({SMS_USER: account}, report_states={"*7": "UNDELIV"})


def walk_sms(line: CommandLine, gateway: Gateway) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    """Schedule an SMS run, let its time come, fetch reports.

    Returns:
        What `demo --json` says of it, and what did not come out as recorded.

    Raises:
        StepFailedError: a command failed.
    """
    prepared = line.ask("prepare", MAILING)
    run, cost = prepared["run"], prepared["cost"]
    total, balance = cost["total"], cost["balance"]
    needed = _("run {run}: {total} of {balance} credits", run=run, total=total, balance=balance)
    line.say(f"  {needed}\n")
    line.show("review", run)
    tomorrow = (datetime.now(ZONE) + timedelta(days=1)).date()
    when = datetime.combine(tomorrow, time(10))
    at = f"{when:%Y-%m-%dT%H:%M}"
    line.show("send", run, "--plan", prepared["plan_hash"], "--yes", "--at", at)
    queued, left = len(gateway.queued()), gateway.balance(SMS_USER)
    held = _(
        "The provider holds {orders} orders until {when}; {credits} credits, none charged.",
        orders=queued,
        when=when,
        credits=left,
    )
    line.say(f"  {held}")
    line.show("resume", "--due")
    gateway.forward(timedelta(days=2))
    left = gateway.balance(SMS_USER)
    sent_all = _(
        "Two days later by the provider's clock: all are sent, {credits} credits are left.",
        credits=left,
    )
    line.say(f"  {sent_all}")
    line.show("events", "sms")
    shown = line.ask("show", run)
    counts = {state: number for state, number in shown["counts"].items() if number}
    line.say(f"  {counts_in_words(counts)}\n")
    sent = [one for one in shown["messages"] if one["attempts"]]
    accepted = [one["ref"] for one in sent]
    # Who is of another age tomorrow is reviewed, but left out.
    costs = {one["row"]: one["cost"] for one in prepared["recipients"]}
    expected = sum(costs[one["row"]]["credits"] for one in sent)
    arrived = [job.caption for job in gateway.sent()]
    data = {"run": run, "accepted": len(accepted), "arrived": len(arrived), "counts": counts}
    return {**data, "credits": _CREDITS - left}, _differences(accepted, arrived, expected, left)


def _differences(
    accepted: list[str], arrived: list[str], cost: float, left: float
) -> tuple[Problem, ...]:
    problems = []
    if not accepted or Counter(accepted) != Counter(arrived):
        said = _(
            "{accepted} SMS were accepted, {arrived} arrived: not the same",
            accepted=len(accepted),
            arrived=len(arrived),
        )
        problems.append(Problem(said))
    if round(_CREDITS - left, 6) != round(cost, 6):
        charged = round(_CREDITS - left, 6)
        said = _("{charged} credits were charged, not {cost}", charged=charged, cost=cost)
        problems.append(Problem(said))
    return tuple(problems)
