"""The other processes that deliver the same run, or with the same account, as one of them sees
them."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from serienpost.ledger.connections import Share
    from serienpost.run.send.slots import Slots

# Without anything to write, the run's state is looked at this often.
HEARTBEAT_SECONDS = 5.0

# So often the connections of the account are shared out, and others of the same run looked after.
SHARE_SECONDS = 1.0

# For so long connections are left to processes that are just coming.
EXPECTED_SECONDS = 10.0

# A process without a connection that may not wait leaves the run for so long.
STARVED = timedelta(seconds=30)


class Company:
    """What is known of the others.

    Args:
        expected: processes, with this one, that are just coming to deliver the run.
    """

    def __init__(self, expected: int) -> None:
        self.share: Share
        self.expected = expected
        # Whether there ever were others, so that this process did not see all answers.
        self.was_there = expected > 1
        self._shared = self._fed = time.monotonic()
        self._expects_until = self._shared + EXPECTED_SECONDS

    def heed(self, share: Share, slots: Slots) -> None:
        """Connect no more than was given to this process."""
        self.share, self._shared = share, time.monotonic()
        slots.limit = share.open
        if share.open:
            self._fed = self._shared
        self.was_there |= share.workers > 1
        if share.workers >= self.expected or self._shared > self._expects_until:
            self.expected = 1

    def to_share(self, slots: Slots) -> int | None:
        """If it is time to share connections out anew, how many this process may have open until
        that is done; it connects no further meanwhile."""
        if time.monotonic() - self._shared <= SHARE_SECONDS:
            return None
        slots.limit = min(slots.limit, slots.connected)
        return slots.connected

    @property
    def is_alone(self) -> bool:
        """Whether no other process delivers this run, or is just coming to."""
        return max(self.share.workers, self.expected) <= 1

    @property
    def heartbeat(self) -> float:
        """Seconds between two looks at the ledger."""
        return HEARTBEAT_SECONDS if self.is_alone else SHARE_SECONDS

    @property
    def is_starving(self) -> bool:
        """Whether others have all connections, and will for now."""
        lasts = time.monotonic() - self._fed
        return not self.share.open and (not self.share.fair or lasts > STARVED.total_seconds())
