"""Something is forbidden, or time passes, between the commit of an intent and the first octet."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest

from serienpost import Accepted, Deferred, Deny, NotStarted, PluginError
from serienpost.ledger.claims import take_over
from serienpost.ledger.schema import attempt, message
from serienpost.run.send import last_look, recheck
from serienpost.run.send.approve import cancel, pause

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from serienpost import Go, Message, Outcome

    Office = Any

pytestmark = pytest.mark.timeout(60)
LONG = 60.0


class Stopwatch:
    """The clock that nobody sets, put forward by the test."""

    CLOCK_MONOTONIC = time.CLOCK_MONOTONIC

    def __init__(self) -> None:
        self.ahead = 0.0

    def clock_gettime(self, clock: int) -> float:
        return time.clock_gettime(clock) + self.ahead


@pytest.fixture
def stopwatch(monkeypatch: pytest.MonkeyPatch) -> Stopwatch:
    made = Stopwatch()
    monkeypatch.setattr(recheck, "time", made)
    return made


@pytest.fixture
def run(office: Office) -> str:
    office.add("Ada", "Kim")
    office.loft.slots = 1
    return office.approved(once_per="recipient")  # type: ignore[no-any-return]


def once(office: Office, stopwatch: Stopwatch, deed: Callable[[], object]) -> None:
    """The first call is held up for a minute in which this is done."""

    async def dawdle() -> None:
        if not stopwatch.ahead:
            await asyncio.to_thread(deed)
            stopwatch.ahead = LONG

    office.loft.dawdle = dawdle


def nothing() -> None:
    """Time passes."""


def test_who_is_as_before_gets_it(office: Office, run: str, stopwatch: Stopwatch) -> None:
    once(office, stopwatch, nothing)
    asked = len(office.club.asked)
    assert office.send(run) == "finished"
    assert office.states(run) == ["accepted", "accepted"]
    assert office.loft.sent == ["ada", "kim"]
    assert len(office.club.asked) >= asked + 3, "the first was not checked again"
    assert [row.attempts for row in office.messages(run)] == [1, 1]


def test_who_withdraws_gets_nothing(office: Office, run: str, stopwatch: Stopwatch) -> None:
    def withdraw() -> None:
        office.club.verdicts["patient:1"] = Deny("left", "has left", "join")

    once(office, stopwatch, withdraw)
    assert office.send(run) == "finished"
    assert office.states(run) == ["suppressed", "accepted"]
    assert office.loft.sent == ["kim"]
    (made,) = office.rows(attempt)
    assert made.no == 2, "an attempt that was none is counted"
    assert office.message(run, "patient:1").attempts == 0


def test_who_dies_gets_nothing(office: Office, run: str, stopwatch: Stopwatch) -> None:
    once(office, stopwatch, lambda: office.source.gone.update({"patient:1": ("dead", "is dead")}))
    assert office.send(run) == "finished"
    assert office.states(run) == ["suppressed", "accepted"]
    assert office.loft.sent == ["kim"]


def test_a_pause_is_heeded_and_leaves_no_trace(
    office: Office, run: str, stopwatch: Stopwatch
) -> None:
    once(office, stopwatch, lambda: pause(office.ledger, run, "user"))
    assert office.send(run) == "paused person"
    assert (office.states(run), office.loft.sent) == (["pending", "pending"], [])
    assert office.rows(attempt) == []
    first = office.messages(run)[0]
    assert (first.attempts, first.first_attempt_at, first.owner) == (0, None, None)
    assert office.send(run) == "finished"
    assert office.loft.sent == ["ada", "kim"]
    assert [a.attempt for a in office.rows(attempt)] == [1, 1]


def test_a_cancelled_run_sends_nothing(office: Office, run: str, stopwatch: Stopwatch) -> None:
    once(office, stopwatch, lambda: cancel(office.ledger, run, "user"))
    assert office.send(run).startswith("cancelled")
    assert (office.states(run), office.loft.sent) == (["cancelled", "cancelled"], [])


def test_what_another_process_took_is_left_to_it(
    office: Office, run: str, stopwatch: Stopwatch
) -> None:
    def take() -> None:
        with office.ledger.begin("test") as tx:
            ended = {"lease_until": office.clock().replace(year=2000)}
            tx.execute(tx.update(message).where(message.c.state == "sending").values(**ended))
        assert take_over(office.ledger, run, repeatable=False) == 1

    once(office, stopwatch, take)
    assert office.send(run) == "finished"
    assert office.states(run) == ["in_doubt", "accepted"]
    assert office.loft.sent == ["kim"]


def test_a_lease_that_has_run_out_is_none(office: Office, run: str, stopwatch: Stopwatch) -> None:
    """Nobody has taken the message over yet; somebody may at any moment."""

    def end() -> None:
        with office.ledger.begin("test") as tx:
            ended = {"lease_until": office.clock().replace(year=2000)}
            tx.execute(tx.update(message).where(message.c.state == "sending").values(**ended))

    once(office, stopwatch, end)
    assert office.send(run) == "finished"
    assert sorted(office.loft.sent) == ["ada", "kim"]
    assert [row.attempts for row in office.messages(run)] == [1, 1]


def test_an_attempt_before_stays_counted(office: Office, run: str, stopwatch: Stopwatch) -> None:
    office.loft.answers["ada"] = [Deferred("451", "later")]
    assert office.send(run) == "paused deferral"
    first = office.message(run, "patient:1").first_attempt_at
    office.clock.forward(120)
    once(office, stopwatch, lambda: pause(office.ledger, run, "user"))
    office.send(run)
    row = office.message(run, "patient:1")
    assert (row.state, row.attempts, row.first_attempt_at) == ("pending", 1, first)


def test_what_the_rate_let_pass_leaves_although_the_run_pauses(
    office: Office, run: str, stopwatch: Stopwatch
) -> None:
    office.reconfigure(rate=["1/hour"])
    once(office, stopwatch, nothing)
    assert office.send(run) == "paused rate"
    assert office.loft.sent == ["ada"]


def test_a_channel_that_does_not_ask_is_asked_for(
    office: Office, run: str, stopwatch: Stopwatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time passes before the channel is called at all."""
    sent: list[str] = []

    async def send(call: Sequence[Message], slot: int, go: Go) -> list[Outcome]:
        sent.extend(each.content.address for each in call)
        return [Accepted() for _ in call]

    monkeypatch.setattr(office.loft, "send", send, raising=False)
    real = last_look.Departure.is_allowed

    async def late(departure: last_look.Departure) -> bool:
        if not stopwatch.ahead:
            stopwatch.ahead = LONG
            office.club.verdicts["patient:1"] = Deny("left", "has left", "join")
        return await real(departure)

    monkeypatch.setattr(last_look.Departure, "is_allowed", late)
    assert office.send(run) == "finished"
    assert sent == ["kim@example.org"]


@pytest.mark.parametrize("answer", [NotStarted(), [NotStarted(), NotStarted()]], ids=str)
def test_not_started_without_a_no_is_not_believed(office: Office, run: str, answer: object) -> None:
    office.loft.answers["ada"] = [answer]
    assert office.send(run) == "finished"
    assert office.states(run) == ["in_doubt", "accepted"]


def test_a_channel_without_a_last_look_is_refused(
    office: Office, run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def send(call: Sequence[Message], slot: int) -> list[Outcome]:
        raise AssertionError

    monkeypatch.setattr(office.loft, "send", send, raising=False)
    with pytest.raises(PluginError, match="the channel pigeon was written for another serienpost"):
        office.send(run)
    assert office.states(run) == ["pending", "pending"]


def test_a_server_that_is_always_slow_gets_everything(office: Office) -> None:
    """Each call takes longer to begin than a look lasts; all are looked at again, and leave."""
    office.add("Ada", "Kim", "Uwe", "Eva")
    run = office.approved()

    async def dawdle() -> None:
        await asyncio.sleep(last_look.LOOK_SECONDS + 0.2)

    office.loft.dawdle = dawdle
    assert office.send(run) == "finished"
    assert office.states(run) == ["accepted"] * 4
    assert sorted(office.loft.sent) == ["ada", "eva", "kim", "uwe"]


def test_slots_are_connected_before_the_intent(office: Office) -> None:
    """Nothing is under way in the ledger while a slot connects; only those needed are."""
    office.add("Ada", "Kim")
    office.loft.slots = 5
    run = office.approved()
    seen: list[list[str]] = []
    real = office.loft.ready

    async def ready(slot: int) -> None:
        await real(slot)
        if len(office.loft.readied) <= 2:
            await asyncio.sleep(0.05)
            seen.append(office.states(run))

    office.loft.ready = ready
    assert office.send(run) == "finished"
    assert seen == [["claimed", "claimed"]] * 2
    assert len(set(office.loft.readied)) == 2
    assert office.states(run) == ["accepted", "accepted"]
