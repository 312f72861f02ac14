"""Orders that the provider holds until their time, and the balance that they will take."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from serienpost import Capabilities, Cost, Deny, Occasion, Unknown
from serienpost.errors import LedgerError, SerienpostError
from serienpost.ledger.schema import message
from serienpost.run.prepare.renderer import load_renderer
from serienpost.run.report import estimate as forecast
from serienpost.run.report.estimate import free_balance
from serienpost.run.send.approve import approve, cancel, pause
from serienpost.run.send.schedule import held_runs, owed, refuse_cancel, to_withdraw

if TYPE_CHECKING:
    from collections.abc import Callable

    Office = Any

HOUR = timedelta(hours=1)


@pytest.fixture
def portal(office: Office) -> Office:
    """A provider that holds orders, charges two credits each and has a balance."""
    office.pigeon.capabilities = Capabilities(subject=True, attachments=True, scheduling=True)
    office.pigeon.cost = lambda account, content: Cost("credits", 2)
    office.pigeon.credits = 10.0

    async def balance(context: object, account: object) -> float:
        await asyncio.sleep(0)
        return float(office.pigeon.credits)

    office.pigeon.balance = balance
    office.add("Ada", "Kim", "Uwe")
    return office


def approved(office: Office, hours: float = 48, **changes: object) -> str:
    run: str = office.prepare(**changes)
    approve(office.ledger, run, "user", send_at=office.clock() + hours * HOUR)
    return run


def withdrawals(office: Office, run: str) -> dict[str, str]:
    renderer = load_renderer(office.context, office.ledger, run)
    return {one.row: one.code for one in to_withdraw(renderer, office.ledger, run)}


def held(office: Office) -> list[str]:
    with office.ledger.read() as tx:
        return [row.id for row in held_runs(tx)]


def test_orders_go_at_once_with_their_time(portal: Office) -> None:
    run = approved(portal)
    assert portal.send(run) == "finished"
    assert portal.states(run) == ["accepted"] * 3
    assert {m.send_at for m in portal.loft.messages} == {portal.clock() + 48 * HOUR}
    assert held(portal) == [run]


def test_due_keeps_them_here(portal: Office) -> None:
    run = approved(portal, hand_over="due")
    assert portal.send(run) == "paused schedule"
    portal.clock.forward(48 * 3600 + 1)
    assert portal.send(run) == "finished"
    assert [m.send_at for m in portal.loft.messages] == [None] * 3
    assert held(portal) == []


def test_a_provider_that_cannot_hold_gets_them_when_due(office: Office) -> None:
    office.add("Ada")
    assert office.send(approved(office)) == "paused schedule"


def test_a_time_that_has_come_is_not_given_to_the_provider(portal: Office) -> None:
    run = approved(portal, hours=1)
    portal.clock.forward(3601)
    assert portal.send(run) == "finished"
    assert [m.send_at for m in portal.loft.messages] == [None] * 3


def test_expiry_is_judged_for_the_time(portal: Office) -> None:
    starts = portal.clock() + 47 * HOUR
    portal.source.add("patient:4", "Eva", occasion=Occasion("t1", starts, expires_at=starts))
    run = approved(portal)
    assert portal.send(run) == "finished"
    late = portal.message(run, "patient:4/t1")
    assert (late.state, late.code) == ("suppressed", "expired")


def test_quiet_hours_are_judged_for_the_time(portal: Office) -> None:
    portal.context.config.quiet["email"] = "08:00-20:00"
    assert portal.send(approved(portal, hours=13)) == "finished"
    run = approved(portal, hours=24)
    assert portal.send(run) == "paused quiet"
    assert portal.run(run).until == portal.clock() + timedelta(hours=34)


def test_standstill_counts_from_the_time(portal: Office) -> None:
    run = approved(portal)
    pause(portal.ledger, run, "user")
    portal.clock.forward(50 * 3600)
    assert portal.send(run) == "finished"


CHANGES: dict[str, tuple[Callable[[Any], object], str]] = {
    "denied": (
        lambda o: o.club.verdicts.update({"patient:2": Deny("withdrawn", "nein", "-")}),
        "club.withdrawn",
    ),
    "gone": (lambda o: o.source.gone.update({"patient:2": ("cancelled", "abgesagt")}), "cancelled"),
    "moved": (
        lambda o: o.source.people["patient:2"][0].fields.update(email="neu@example.org"),
        "address_changed",
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_changed_meanwhile_must_be_withdrawn(portal: Office, what: str) -> None:
    run = approved(portal)
    portal.send(run)
    assert withdrawals(portal, run) == {}
    change, code = CHANGES[what]
    change(portal)
    assert withdrawals(portal, run) == {"patient:2": code}
    assert portal.states(run) == ["accepted"] * 3


def test_doubtful_orders_may_lie_there_too(portal: Office) -> None:
    portal.loft.answers["kim"] = [Unknown("reply")]
    run = approved(portal)
    assert portal.send(run) == "finished"
    portal.source.gone["patient:2"] = ("cancelled", "abgesagt")
    assert withdrawals(portal, run) == {"patient:2": "cancelled"}


def test_an_erased_person_must_be_withdrawn(portal: Office) -> None:
    run = approved(portal)
    portal.send(run)
    with portal.ledger.begin("test") as tx:
        tx.execute(tx.update(message).where(message.c.no == 2).values(address=None))
    assert withdrawals(portal, run) == {"patient:2": "erased"}


def test_who_cannot_be_asked_decides_nothing(portal: Office) -> None:
    run = approved(portal)
    portal.send(run)
    portal.club.failure = RuntimeError("away")
    with pytest.raises(SerienpostError, match="club"):
        withdrawals(portal, run)


def test_what_lies_there_cannot_be_cancelled_here(portal: Office) -> None:
    run = approved(portal)
    refuse_cancel(portal.context, portal.ledger, run)
    portal.send(run)
    with pytest.raises(LedgerError, match=f"the orders of run {run} lie in the provider's portal"):
        refuse_cancel(portal.context, portal.ledger, run)
    portal.clock.forward(49 * 3600)
    refuse_cancel(portal.context, portal.ledger, run)
    with pytest.raises(LedgerError, match="is finished"):
        cancel(portal.ledger, run, "user")


def test_held_orders_are_owed_until_their_time(portal: Office) -> None:
    run = approved(portal)
    assert free_balance(portal.context, portal.ledger, "post") == 10
    portal.loft.answers["kim"] = [Unknown("reply")]
    portal.send(run)
    assert owed(portal.ledger, "post") == 6
    assert owed(portal.ledger, "other") == 0
    assert free_balance(portal.context, portal.ledger, "post") == 4
    portal.clock.forward(49 * 3600)
    assert free_balance(portal.context, portal.ledger, "post") == 10


def test_an_account_without_balance_has_none(office: Office) -> None:
    assert free_balance(office.context, office.ledger, "post") is None
    assert free_balance(office.context, office.ledger, "nowhere") is None


@pytest.mark.parametrize(
    ("failure", "reason"),
    [(SerienpostError("login refused"), "login refused"), (KeyError("geheim"), "KeyError")],
)
def test_a_balance_that_nobody_tells_names_no_secret(
    portal: Office, failure: Exception, reason: str
) -> None:
    async def fail(context: object, account: object) -> float:
        raise failure

    portal.pigeon.balance = fail
    with pytest.raises(SerienpostError, match=f"account post is not known: {reason}$"):
        free_balance(portal.context, portal.ledger, "post")


def test_a_provider_that_does_not_answer_is_not_waited_for(
    portal: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def wait(context: object, account: object) -> float:
        await asyncio.sleep(60)
        return 0.0

    portal.pigeon.balance = wait
    monkeypatch.setattr(forecast, "BALANCE_SECONDS", 0.01)
    with pytest.raises(SerienpostError, match="TimeoutError"):
        free_balance(portal.context, portal.ledger, "post")
