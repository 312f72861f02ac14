"""Workers that serve a practice, and what one of them does once a day."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import and_, or_

from serienpost.errors import LedgerError
from serienpost.ledger.connections import leave
from serienpost.ledger.owners import is_dead, is_held, ownership
from serienpost.ledger.schema import chore, worker
from serienpost.ledger.store import AHEAD

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime, tzinfo

    from serienpost.ledger.store import Ledger

# The role of a worker that serves the practice, in the table `worker`.
SERVE = "serve"

# A chore that was begun and not done is begun again after this time.
AGAIN_AFTER = timedelta(hours=1)


class ServingWorker(NamedTuple):
    """A worker that serves a practice.

    Args:
        owner: the id of its lock.
        since: when it began.
        seen_at: when it last said that it is at work.
        is_living: whether its process holds the lock.
    """

    owner: str
    since: datetime
    seen_at: datetime
    is_living: bool

    @property
    def process(self) -> int:
        """The number of the process, on its own machine."""
        return int(self.owner.partition("-")[0])


@contextmanager
def serving(ledger: Ledger) -> Iterator[str | None]:
    """Stand in the table `worker` as one that serves, under a new owner, for as long as the block
    runs; rows of dead ones are removed.

    Gives the owner's id; None where the ledger is older than the table. Such a ledger is migrated
    as soon as nobody works with it, so nobody is entered in it.

    Raises:
        LedgerError: see `ownership`.
    """
    with ledger.read() as tx:
        has_table = tx.has(worker)
    if not has_table:
        yield None
        return
    dead = [one.owner for one in serving_workers(ledger) if not one.is_living]
    with ownership(ledger) as owner:
        with ledger.begin("serve", counted=False) as tx:
            tx.execute(tx.delete(worker).where(worker.c.owner.in_(dead)))
            mine = {"owner": owner, "role": SERVE, "connections": 0}
            tx.insert(worker, [{**mine, "since": tx.now, "seen_at": tx.now}])
        try:
            yield owner
        finally:
            # The end of the lock says the same.
            with suppress(LedgerError), ledger.begin("serve", counted=False) as tx:
                leave(tx, owner)


def still_serves(ledger: Ledger, owner: str) -> bool:
    """Say that this worker is at work; False where its lock or its row is gone.

    Raises:
        LedgerError: the ledger cannot be written.
    """
    with ledger.begin("serve", counted=False) as tx:
        seen = tx.update(worker).where(worker.c.owner == owner).values(seen_at=tx.now)
        return is_held(tx, owner) and bool(tx.execute(seen))


def serving_workers(ledger: Ledger) -> list[ServingWorker]:
    """All workers that the ledger names as serving this practice, the latest seen first."""
    c = worker.c
    with ledger.read() as tx:
        if not tx.has(worker):
            return []
        named = tx.select(worker, c.owner, c.since, c.seen_at).where(c.role == SERVE)
        rows = tx.all(named.order_by(c.seen_at.desc()))
    return [
        ServingWorker(row.owner, row.since, row.seen_at, not is_dead(ledger, row.owner))
        for row in rows
    ]


def begin_chore(ledger: Ledger, name: str, zone: tzinfo) -> bool:
    """Whether this process is to do a chore now: it was not done today, and nobody has begun it
    within the last hour. Of two that ask at once one is. What a clock that was ahead wrote down
    counts as never done.

    Args:
        ledger: the practice's ledger.
        name: of the chore.
        zone: in which a day begins.

    Raises:
        LedgerError: the ledger cannot be written.
    """
    c = chore.c
    now = ledger.clock()
    day = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    is_open = (
        c.name == name,
        or_(c.done_at.is_(None), c.done_at < day),
        or_(c.begun_at <= now - AGAIN_AFTER, c.begun_at <= c.done_at),
    )
    is_ahead = c.name == name, or_(c.done_at > now + AHEAD, c.begun_at > now + AHEAD)
    never = {"begun_at": day - AGAIN_AFTER, "done_at": None}
    with ledger.read() as tx:
        if not tx.has(chore):
            return False
        is_new = tx.first(tx.select(chore, c.name).where(c.name == name)) is None
        mine = or_(and_(*is_open), and_(*is_ahead))
        if not is_new and tx.first(tx.select(chore, c.name).where(mine)) is None:
            return False
    with ledger.begin("chore", counted=False) as tx:
        tx.insert_new(chore, [{"name": name, **never}])
        tx.execute(tx.update(chore).where(*is_ahead).values(**never))
        return bool(tx.execute(tx.update(chore).where(*is_open).values(begun_at=now)))


def end_chore(ledger: Ledger, name: str) -> None:
    """Write down that a chore is done for today."""
    with ledger.begin("chore", counted=False) as tx:
        tx.execute(tx.update(chore).where(chore.c.name == name).values(done_at=tx.now))
