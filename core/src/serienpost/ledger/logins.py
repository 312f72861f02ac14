"""Who is logged in at the desk, and wrong passwords since the last right one."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import or_

from serienpost.ledger.schema import failed_login, session
from serienpost.ledger.store import AHEAD

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Column, ColumnElement, Table

    from serienpost.ledger.store import Tx

# A session ends so long after the log in, whatever is done in it.
ENDS_AFTER = timedelta(hours=12)

# It is locked where nobody did anything for so long.
LOCKS_AFTER = timedelta(minutes=15)

# A wrong password is forgotten where none followed for so long.
FORGOTTEN_AFTER = timedelta(days=1)

_NEVER = timedelta(0)


class SessionRow(NamedTuple):
    """A row of the table `session`, without the practice; `user` is the key of a user."""

    digest: str
    user: str
    began_at: datetime
    used_at: datetime

    def is_over(self, now: datetime) -> bool:
        """Whether its time is up. One that a clock began which was ahead is over, too: it would
        last for longer."""
        return not self.began_at - AHEAD <= now < self.began_at + ENDS_AFTER

    def is_locked(self, now: datetime) -> bool:
        """Whether nobody did anything for too long, or nobody knows since a clock was ahead."""
        return not self.used_at - AHEAD <= now < self.used_at + LOCKS_AFTER


class FailedLogins(NamedTuple):
    """How many wrong passwords there were, and when the last."""

    number: int
    at: datetime

    def wait(self, now: datetime, delay: timedelta) -> timedelta:
        """What is left of a delay after the last. What a clock wrote that was ahead keeps nobody
        waiting: it would for as long as the clock was ahead."""
        if self.at > now + AHEAD:
            return _NEVER
        return min(delay, max(_NEVER, self.at + delay - now))


def begin_session(tx: Tx, digest: str, user: str) -> None:
    """Enter a session that begins now."""
    tx.insert(session, [{"digest": digest, "user": user, "began_at": tx.now, "used_at": tx.now}])


def find_session(tx: Tx, digest: str) -> SessionRow | None:
    """The session of this token, unless it is over."""
    c = session.c
    columns = [c[name] for name in SessionRow._fields]
    found = tx.first(tx.select(session, *columns).where(c.digest == digest))
    row = SessionRow._make(found) if found else None
    return None if row is None or row.is_over(tx.now) else row


def use_session(tx: Tx, digest: str) -> bool:
    """Say that somebody does something in a session; False where it is gone."""
    mine = tx.update(session).where(session.c.digest == digest)
    return tx.execute(mine.values(used_at=tx.now)) > 0


def end_session(tx: Tx, digest: str) -> None:
    """End one session."""
    tx.execute(tx.delete(session).where(session.c.digest == digest))


def end_sessions(tx: Tx, user: str) -> None:
    """End all sessions of a user."""
    tx.execute(tx.delete(session).where(session.c.user == user))


def failed_logins(tx: Tx, keys: Collection[str]) -> dict[str, FailedLogins]:
    """Wrong passwords by key, where there are any; those that are forgotten count as none."""
    return _failed_logins(tx, keys, lock=False)


def lock_failed_logins(tx: Tx, keys: Collection[str]) -> dict[str, FailedLogins]:
    """Wrong passwords by key, which no other transaction counts before this one ends.

    Rows are made, and locked, in one order: two that count the same do not wait for each other.
    """
    new = [{"key": key, "failures": 0, "at": tx.now} for key in sorted(keys)]
    while True:
        tx.insert_new(failed_login, new)
        found = _failed_logins(tx, keys, lock=True)
        if len(found) == len(new):  # else somebody removed one before it was locked
            return found


def _failed_logins(tx: Tx, keys: Collection[str], *, lock: bool) -> dict[str, FailedLogins]:
    c = failed_login.c
    mine = tx.select(failed_login, c.key, c.failures, c.at).where(c.key.in_(keys)).order_by(c.key)
    found = tx.all(mine.with_for_update() if lock else mine)
    oldest = tx.now - FORGOTTEN_AFTER
    return {row.key: FailedLogins(row.failures if row.at >= oldest else 0, row.at) for row in found}


def write_failed_logins(tx: Tx, counts: dict[str, int]) -> None:
    """Write how many wrong passwords there are now, the last of them now; keys are locked."""
    c = failed_login.c
    for key, count in sorted(counts.items()):
        mine = tx.update(failed_login).where(c.key == key)
        tx.execute(mine.values(failures=count, at=tx.now))


def forgive_failed_logins(tx: Tx, counts: dict[str, int]) -> None:
    """Write how many wrong passwords are left; those without any are forgotten; keys are locked."""
    c = failed_login.c
    for key, count in sorted(counts.items()):
        if count > 0:
            tx.execute(tx.update(failed_login).where(c.key == key).values(failures=count))
        else:
            tx.execute(tx.delete(failed_login).where(c.key == key))


def forget_old_logins(tx: Tx) -> None:
    """Remove sessions that are over and wrong passwords that are forgotten, but for those that
    another transaction is at."""
    s, f = session.c, failed_login.c
    over = or_(s.began_at <= tx.now - ENDS_AFTER, s.began_at > tx.now + AHEAD)
    _remove(tx, session, s.digest, over)
    _remove(tx, failed_login, f.key, f.at < tx.now - FORGOTTEN_AFTER)


def _remove(tx: Tx, table: Table, key: Column[str], old: ColumnElement[bool]) -> None:
    """Remove rows that nobody holds: who waits for one could be waited for."""
    free = tx.select(table, key).where(old).with_for_update(skip_locked=True)
    tx.execute(tx.delete(table).where(key.in_(free)))
