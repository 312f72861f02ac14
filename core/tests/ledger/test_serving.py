"""What one of the workers does once a day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from serienpost.ledger.serving import begin_chore, end_chore

if TYPE_CHECKING:
    Desk = Any

HOUR = 3600.0


def test_a_chore_is_done_once_a_day(desk: Desk) -> None:
    zone = desk.ledger.clock().tzinfo
    assert begin_chore(desk.ledger, "purge", zone)
    assert not begin_chore(desk.ledger, "purge", zone)
    end_chore(desk.ledger, "purge")
    assert not begin_chore(desk.ledger, "purge", zone)
    desk.clock.forward(24 * HOUR)
    assert begin_chore(desk.ledger, "purge", zone)


def test_a_clock_that_was_ahead_keeps_no_chore(desk: Desk) -> None:
    zone = desk.ledger.clock().tzinfo
    for is_done in (True, False):
        desk.clock.forward(120 * HOUR)
        assert begin_chore(desk.ledger, "purge", zone)
        if is_done:
            end_chore(desk.ledger, "purge")
        desk.clock.forward(-120 * HOUR)
        assert begin_chore(desk.ledger, "purge", zone)
        assert not begin_chore(desk.ledger, "purge", zone)  # it is being done
        end_chore(desk.ledger, "purge")
        desk.clock.forward(24 * HOUR)
