"""The default dispatcher: who releases a run tells nobody, workers look into the ledger."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from threading import Thread
from typing import TYPE_CHECKING, NamedTuple

from serienpost.errors import SerienpostError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from threading import Event

    from serienpost.context import PracticeContext
    from serienpost.ledger.store import Ledger

_log = logging.getLogger(__name__)

# Seconds between two looks into the ledger.
LOOK_SECONDS = 0.5

# Seconds for which a run must stand as it stands: whoever released it mostly delivers it.
GRACE_SECONDS = 1.5


class LocalDispatcher:
    """Workers see by one small read of the ledger, twice a second, what was released."""

    name = "local"
    needs_shared_ledger = False

    def wake(self, context: PracticeContext, run: str, not_before: datetime | None) -> None:
        """Nothing to do: workers look into the ledger."""

    def work(
        self, context: PracticeContext, continue_run: Callable[[str], None], stop: Event
    ) -> None:
        """Continue what can go on and nobody delivers, each run in a thread of its own."""
        from serienpost.ledger.store import open_ledger

        look = _Look()
        while not stop.wait(LOOK_SECONDS):
            try:
                found = look.due(open_ledger(context))
            except SerienpostError as error:  # the worker tells it; here it is tried again
                _log.debug("%s", error.sentence)
                continue
            for run in found:
                Thread(target=continue_run, args=(run,), name=f"run {run}", daemon=True).start()


class _Standing(NamedTuple):
    """How a run stands; whoever delivers it, or fails to, changes it."""

    run: str
    state: str
    reason: str | None
    until: datetime | None
    progress_at: datetime | None


@dataclass
class _Look:
    """What was seen, since when (seconds of a steady clock), and what was continued as it stands:
    a run that cannot go on is left to the worker's round."""

    seen: dict[_Standing, float] = field(default_factory=dict)
    continued: set[_Standing] = field(default_factory=set)

    def due(self, ledger: Ledger) -> list[str]:
        """The runs that can go on and that nobody delivers; each once while it stands so.

        Raises:
            LedgerError: the ledger cannot be read.
        """
        from serienpost.ledger.connections import deliverers

        now = time.monotonic()
        standing = _standing(ledger)
        self.seen = {one: self.seen.get(one, now) for one in standing}
        self.continued &= self.seen.keys()
        found = []
        for one in standing:
            if one in self.continued or self.seen[one] > now - GRACE_SECONDS:
                continue
            with ledger.read() as tx:
                is_left = not deliverers(tx, one.run)
            if is_left:
                self.continued.add(one)
                found.append(one.run)
        return found


def _standing(ledger: Ledger) -> list[_Standing]:
    """The runs that were released and not begun, that somebody began to deliver, or whose pause is
    over; others wait for a person, or for the worker's round."""
    from sqlalchemy import and_, or_

    from serienpost.ledger.schema import run
    from serienpost.ledger.states import BY_PERSON

    c = run.c
    with ledger.read() as tx:
        over = and_(c.state == "paused", c.until <= tx.now, c.reason.not_in(BY_PERSON))
        can_go_on = or_(c.state.in_(("approved", "sending")), over)
        columns = c.id, c.state, c.reason, c.until, c.progress_at
        rows = tx.all(tx.select(run, *columns).where(can_go_on).order_by(c.created_at))
    return list(map(_Standing._make, rows))
