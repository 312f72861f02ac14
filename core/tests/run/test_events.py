"""Reports of a provider: stored first, then they change what they can change."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from serienpost import Event, Unknown
from serienpost.errors import SourceError
from serienpost.ledger.schema import event, journal
from serienpost.run.events import poll_events, take_events

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
