"""The ledger's clock, set forward: what a command takes for now."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from serienpost.ledger import store

BERLIN = ZoneInfo("Europe/Berlin")


class Clock:
    """Stands for `serienpost.ledger.store.utc_now`."""

    def __init__(self) -> None:
        self.ahead = timedelta()
        self._true = store.utc_now

    def __call__(self) -> datetime:
        return self._true() + self.ahead

    @property
    def today(self) -> date:
        return self().astimezone(BERLIN).date()

    def set(self, day: date, hour: int = 10) -> None:
        """Go on from this hour of that day, practice time."""
        moment = datetime(day.year, day.month, day.day, hour, tzinfo=BERLIN)
        self.ahead = moment.astimezone(UTC) - self._true()
