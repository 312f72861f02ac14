"""What is made for a day leaves on that day; age is judged for the day of leaving."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from serienpost import Accepted, Deferred, Occasion

if TYPE_CHECKING:
    from conftest import Office

BERLIN = ZoneInfo("Europe/Berlin")
NAMES = ("Ada", "Kim", "Uwe", "Eva", "Ole", "Ida")


@pytest.fixture
def dated(office: Office) -> Office:
    """The text names the due date."""
    office.add(*NAMES)
    office.macro.is_dated = True
    return office


def at(day: int, hour: int = 10, minute: int = 0, second: float = 0) -> datetime:
    local = datetime(2026, 3, day, hour, minute, tzinfo=BERLIN)
    return local.astimezone(UTC) + timedelta(seconds=second)


def test_a_dated_run_leaves_on_its_day(dated: Office) -> None:
    dated.clock.now = at(2, 19)
    run = dated.approved()
    dated.clock.now = at(2, 23, 59, 50)
    assert dated.send(run) == "finished"


def test_after_midnight_a_dated_run_waits_for_a_person(dated: Office) -> None:
    dated.clock.now = at(2, 23)
    run = dated.approved()
    dated.clock.now = at(3, 0, 0, 1)
    assert dated.send(run) == "paused another_day"
    text = "the run is made for 2 Mar 2026 and the text uses Vorname; look at it, then --confirm"
    assert dated.run(run).reason_text == text
    assert dated.send(run, by_itself=True) == "paused another_day"
    assert dated.send(run) == "paused another_day"
    assert dated.loft.sent == []
    assert dated.send(run, confirm=True) == "finished"
    assert len(dated.loft.sent) == len(NAMES)


def test_the_day_is_that_of_the_practice(dated: Office) -> None:
    """At 23:30 UTC it is tomorrow in Berlin; in summer already at 22:30."""
    dated.clock.now = datetime(2026, 3, 2, 22, 30, tzinfo=UTC)
    assert dated.send(dated.approved()) == "finished"
    dated.clock.now = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
    assert dated.send(dated.approved()) == "paused another_day"
    dated.clock.now = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
    assert dated.send(dated.approved(due="2026-07-02")) == "finished"
    assert dated.send(dated.approved(due="2026-07-01")) == "paused another_day"


def test_a_practice_that_moves_to_another_zone_counts_by_that_one(dated: Office) -> None:
    run = dated.approved()
    dated.clock.now = datetime(2026, 3, 2, 20, tzinfo=UTC)
    dated.context.zone = ZoneInfo("Asia/Tokyo")
    assert dated.send(run) == "paused another_day"


@pytest.mark.parametrize(
    ("day", "night"), [("2026-03-29", "spring forward"), ("2026-10-25", "fall back")]
)
def test_days_of_23_and_25_hours_end_at_midnight(dated: Office, day: str, night: str) -> None:
    begin = datetime.fromisoformat(day).replace(tzinfo=BERLIN)
    end = (begin + timedelta(days=1)).astimezone(UTC)
    for moment, state in (
        (begin.astimezone(UTC), "finished"),
        (end - timedelta(seconds=60), "finished"),
        (end, "paused another_day"),
    ):
        dated.clock.now = moment
        assert dated.send(dated.approved(due=day)) == state, (night, moment)


def test_a_run_under_way_at_midnight_stops(dated: Office) -> None:
    """What was looked at before midnight is too old after it, however fresh it is."""
    dated.loft.slots = 1
    dated.clock.now = at(2, 23, 59, 59.5)
    run = dated.approved()

    async def past_midnight() -> Accepted:
        dated.clock.now = at(3, 0, 0, 0.2)
        await asyncio.sleep(0.7)
        return Accepted("q")

    dated.loft.answers["kim"] = [past_midnight]
    assert dated.send(run, wait=True) == "paused another_day"
    assert dated.loft.sent == ["ada", "kim"]
    assert dated.states(run) == ["accepted"] * 2 + ["pending"] * 4


def test_age_is_judged_anew_after_midnight(office: Office) -> None:
    office.add(*NAMES)
    office.loft.slots = 1
    office.clock.now = at(2, 23, 59, 59.5)
    run = office.approved()
    source = office.source

    async def past_midnight() -> Accepted:
        office.clock.now = at(3, 0, 0, 0.2)
        source.asked_for.clear()
        await asyncio.sleep(0.7)
        return Accepted("q")

    office.loft.answers["kim"] = [past_midnight]
    assert office.send(run, wait=True) == "finished"
    assert set(source.asked_for) == {date(2026, 3, 3)}
    assert len(office.loft.sent) == len(NAMES)


def test_a_confirmation_holds_for_its_day_and_is_recorded(dated: Office) -> None:
    dated.loft.answers["ada"] = [Deferred("busy", "later", 3600)] * 2
    run = dated.approved()
    dated.clock.now = at(4)
    assert dated.send(run, confirm=True) == "paused deferral"
    dated.clock.now = at(4, 12)
    assert dated.send(run, by_itself=True) == "paused deferral"
    dated.clock.now = at(5)
    assert dated.send(run, by_itself=True) == "paused another_day"
    assert dated.send(run, confirm=True) == "finished"


def test_letters_keep_the_date_that_they_were_prepared_with(dated: Office) -> None:
    dated.pigeon.repeatable = True  # type: ignore[misc]
    run = dated.approved(stale_after=timedelta(days=9))
    dated.clock.now = at(4)
    assert dated.send(run) == "finished"


def test_a_text_without_a_date_may_leave_on_any_day(office: Office) -> None:
    office.add(*NAMES)
    run = office.approved(stale_after=timedelta(days=9))
    office.clock.now = at(4)
    assert office.send(run, by_itself=True) == "finished"


def test_a_relative_day_is_kept_while_what_it_is_about_lies_ahead(office: Office) -> None:
    office.source.relative = True
    tomorrow = at(3, 15)
    office.source.add("patient:1", "Ada", occasion=Occasion("termin:1", tomorrow, tomorrow))
    office.source.add("patient:2", "Kim", occasion=Occasion("termin:2", tomorrow))
    missed = at(3, 8)
    office.source.add("patient:3", "Uwe", occasion=Occasion("termin:3", missed, missed))
    run = office.approved(stale_after=timedelta(days=9))
    office.clock.now = at(3, 12)
    assert office.send(run, by_itself=True) == "finished"
    assert [(m.state, m.code) for m in office.messages(run)] == [
        ("accepted", None),
        ("accepted", None),
        ("suppressed", "expired"),
    ]


@pytest.mark.parametrize("occasion", [None, Occasion("termin:1", at(1))])
def test_a_relative_day_is_not_kept_where_nothing_lies_ahead(
    office: Office, occasion: Occasion | None
) -> None:
    office.source.relative = True
    office.source.add("patient:1", "Ada", occasion=occasion)
    run = office.approved(stale_after=timedelta(days=9))
    office.clock.now = at(3)
    assert office.send(run, by_itself=True) == "paused another_day"
    assert "the selection counts from that day" in str(office.run(run).reason_text)


@pytest.mark.parametrize(
    ("due", "now", "judged"),
    [("2026-03-02", at(2), 2), ("2026-03-01", at(2), 2), ("2026-03-05", at(2), 5)],
)
def test_the_review_judges_age_for_the_first_day_of_leaving(
    office: Office, due: str, now: datetime, judged: int
) -> None:
    office.add("Ada")
    office.clock.now = now
    run = office.approved(due=due)
    assert office.source.asked_for == [date(2026, 3, judged)]
    office.send(run)
    assert office.source.asked_for[1:] == [date(2026, 3, 2)]


def test_what_a_provider_holds_is_judged_for_the_day_that_it_goes_out(office: Office) -> None:
    office.add("Ada")
    office.pigeon.capabilities = replace(office.pigeon.capabilities, scheduling=True)  # type: ignore[misc]
    run = office.prepare(hand_over="now")
    from serienpost.run.send.approve import approve

    approve(office.ledger, run, "user", send_at=at(6))
    office.source.asked_for.clear()
    assert office.send(run) == "finished"
    assert office.source.asked_for == [date(2026, 3, 6)]
