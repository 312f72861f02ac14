"""Reports of a provider: stored first, then they change what they can change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

import pytest

from serienpost import Event, Unknown
from serienpost.errors import SourceError
from serienpost.ledger.schema import event, journal
from serienpost.run.send.events import Taken, poll_events, take_events

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    Office = Any

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def run(office: Office) -> str:
    office.add("Ada", "Kim", "Uwe")
    office.loft.answers["kim"] = [Unknown("reply")]
    run: str = office.approved()
    office.send(run)
    assert office.states(run) == ["accepted", "in_doubt", "accepted"]
    return run


def take(office: Office, run: str, *kinds: str) -> list[str]:
    """One event of each kind, for the messages in order."""
    rows = office.messages(run)
    events: Any = [
        Event(f"{r.ref}-{k}", k, AT, ref=r.ref) for r, k in zip(rows, kinds, strict=True)
    ]  # type: ignore[arg-type]
    take_events(office.ledger, "post", "email", events)
    return office.states(run)  # type: ignore[no-any-return]


def test_a_report_ends_a_doubt(office: Office, run: str) -> None:
    assert take(office, run, "delivered", "delivered", "bounced") == [
        "delivered",
        "delivered",
        "bounced",
    ]
    kim = office.message(run, "patient:2")
    assert (kim.basis, kim.sent_at) == ("late answer", office.clock())
    assert [(n.user, n.action, n.no) for n in office.rows(journal) if n.no] == [
        ("report", "resolve accepted", 2)
    ]


def test_what_is_not_understood_is_kept_and_changes_nothing(office: Office, run: str) -> None:
    before = office.states(run)
    assert take(office, run, "other", "other", "other") == before
    assert [one.kind for one in office.rows(event)] == ["other"] * 3


def test_what_came_before_a_failure_is_kept(office: Office, run: str) -> None:
    ref = office.message(run, "patient:1").ref

    async def events(*_: object) -> AsyncIterator[Event]:
        yield Event("1", "delivered", AT, ref=ref)
        raise SourceError("the provider went away")

    office.pigeon.events = events
    with pytest.raises(SourceError, match="went away"):
        poll_events(office.context, office.ledger, "post")
    assert office.states(run) == ["delivered", "in_doubt", "accepted"]


@pytest.fixture
def written(office: Office) -> tuple[str, str]:
    """Two runs to Ada and Uwe, an hour apart; the second reaches Ada twice."""
    office.add("Ada", "Uwe")
    first = office.approved()
    office.send(first)
    office.clock.now += timedelta(hours=1)
    office.add("Ada")
    second: str = office.approved()
    office.send(second)
    assert office.states(second) == ["accepted"] * 3
    return first, second


@pytest.mark.parametrize(
    ("kind", "permanent", "after", "first", "second"),
    [
        ("bounced", False, 600, ["accepted"] * 2, ["bounced", "accepted", "bounced"]),
        ("complained", True, 600, ["accepted"] * 2, ["complained", "accepted", "complained"]),
        ("bounced", False, -600, ["bounced", "accepted"], ["accepted"] * 3),
        ("bounced", True, -600, ["bounced", "accepted"], ["bounced", "accepted", "bounced"]),
        ("bounced", True, -7200, ["bounced", "accepted"], ["bounced", "accepted", "bounced"]),
        ("bounced", False, -7200, ["accepted"] * 2, ["accepted"] * 3),
        ("bounced", True, 8 * 86400, ["accepted"] * 2, ["accepted"] * 3),
        ("unsubscribed", True, 600, ["accepted"] * 2, ["accepted"] * 3),
    ],
)
def test_an_address_alone_stands_for_what_was_sent_to_it_last(
    office: Office,
    written: tuple[str, str],
    kind: Literal["bounced", "complained", "unsubscribed"],
    permanent: bool,
    after: int,
    first: list[str],
    second: list[str],
) -> None:
    """Seconds after the second run; what a provider drops from then on is no better off."""
    at = office.clock() + timedelta(seconds=after)
    address = office.message(written[1], "patient:1").address
    one = Event("1", kind, at, address=address, permanent=permanent)
    taken = take_events(office.ledger, "post", "email", [one])
    assert [office.states(run) for run in written] == [first, second]
    assert taken.suppressed == int(permanent)
    assert take_events(office.ledger, "post", "email", [one]) == Taken()


def test_nobody_else_is_hit_by_an_address_or_an_unknown_reference(
    office: Office, written: tuple[str, str]
) -> None:
    address = office.message(written[1], "patient:1").address
    events = [
        Event("1", "bounced", office.clock(), address="jemand@example.org"),
        Event("2", "bounced", office.clock(), ref="0" * 12, address=address),
        Event("3", "bounced", office.clock(), provider_ref="fremd", address=address),
    ]
    take_events(office.ledger, "post", "email", events)
    take_events(office.ledger, "other", "email", [Event("4", "bounced", AT, address=address)])
    assert {state for run in written for state in office.states(run)} == {"accepted"}
