"""The demo's SMS run: lengths and credits, orders held by a made-up provider, reports."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from serienpost import Problem
from serienpost_demo.practice.records import SMS_PASSWORD, SMS_USER
from serienpost_demo.smscreator.gateway import ZONE, Account, Gateway

if TYPE_CHECKING:
    from serienpost_demo.command_line import CommandLine

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
    line.say(f"  run {run}: {cost['total']:g} of {cost['balance']:g} credits\n")
    line.show("review", run)
    tomorrow = datetime.now(ZONE) + timedelta(days=1)
    when = f"{tomorrow:%Y-%m-%d}T10:00"
    line.show("send", run, "--plan", prepared["plan_hash"], "--yes", "--at", when)
    queued, left = len(gateway.queued()), gateway.balance(SMS_USER)
    line.say(f"  The provider holds {queued} orders until {when}; {left:g} credits, none charged.")
    line.show("resume", "--due")
    gateway.forward(timedelta(days=2))
    left = gateway.balance(SMS_USER)
    line.say(f"  Two days later by the provider's clock: all are sent, {left:g} credits are left.")
    line.show("events", "sms")
    shown = line.ask("show", run)
    counts = {state: number for state, number in shown["counts"].items() if number}
    line.say(f"  {', '.join(f'{state} {number}' for state, number in counts.items())}\n")
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
        problems.append(
            Problem(f"{len(accepted)} SMS were accepted, {len(arrived)} arrived: not the same")
        )
    if round(_CREDITS - left, 6) != round(cost, 6):
        problems.append(Problem(f"{_CREDITS - left:g} credits were charged, not {cost:g}"))
    return tuple(problems)
