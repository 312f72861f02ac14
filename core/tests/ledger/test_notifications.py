"""What is told by mail: once an hour for each cause, by one of those that notice it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from serienpost.ledger.notifications import claim, end, forget_told, note, unnoted, waiting
from serienpost.ledger.schema import notification

if TYPE_CHECKING:
    from collections.abc import Sequence

    Desk = Any

MINUTE, HOUR = 60.0, 3600.0


def noticed(desk: Desk, *causes: str, once: Sequence[str] = ()) -> list[str]:
    """Note these as a round does; returns what waits then."""
    with desk.ledger.begin() as tx:
        note(tx, unnoted(tx, causes, once))
        return waiting(tx)


def told(desk: Desk, *causes: str, is_sent: bool = True) -> list[str]:
    """Claim these and tell them; returns what was claimed."""
    with desk.ledger.begin() as tx:
        claimed = claim(tx, causes)
        if is_sent:
            end(tx, claimed)
    return claimed


def test_a_cause_is_told_at_once_and_again_after_an_hour(desk: Desk) -> None:
    assert noticed(desk, "b", "a") == ["a", "b"]
    assert told(desk, "a") == ["a"]
    assert told(desk, "a") == []
    assert noticed(desk, "a") == ["b"]
    desk.clock.forward(HOUR - 1)
    assert noticed(desk, "a") == ["b"]
    desk.clock.forward(1)
    assert noticed(desk, "a") == ["a", "b"]


def test_what_arose_again_within_the_hour_is_not_told_when_it_is_over(desk: Desk) -> None:
    noticed(desk, "a")
    told(desk, "a")
    desk.clock.forward(MINUTE)
    noticed(desk, "a")
    desk.clock.forward(HOUR)
    assert noticed(desk) == []


def test_what_is_told_once_is_not_told_again(desk: Desk) -> None:
    noticed(desk, "a", once=["a"])
    told(desk, "a")
    desk.clock.forward(2 * HOUR)
    assert noticed(desk, "a", once=["a"]) == []


def test_a_mail_that_was_claimed_and_not_sent_is_owed_after_an_hour(desk: Desk) -> None:
    noticed(desk, "a")
    assert told(desk, "a", is_sent=False) == ["a"]
    assert noticed(desk, "a") == []
    desk.clock.forward(HOUR)
    assert noticed(desk) == ["a"]
    assert told(desk, "a") == ["a"]


def test_what_is_older_than_a_day_is_forgotten(desk: Desk) -> None:
    noticed(desk, "old")
    told(desk, "old")
    desk.clock.forward(12 * HOUR)
    noticed(desk, "new")
    desk.clock.forward(12 * HOUR + 1)
    with desk.ledger.begin() as tx:
        forget_told(tx)
        assert [row.cause for row in tx.all(tx.select(notification))] == ["new"]


def test_a_clock_that_was_ahead_keeps_nothing_untold(desk: Desk) -> None:
    desk.clock.forward(48 * HOUR)
    noticed(desk, "told", "waits")
    told(desk, "told")
    told(desk, "waits", is_sent=False)
    desk.clock.forward(-48 * HOUR)
    assert noticed(desk, "told") == ["told", "waits"]
    assert told(desk, "told", "waits") == ["told", "waits"]
    assert noticed(desk, "told", "waits") == []
