"""Users of the desk, as the ledger keeps them."""

from __future__ import annotations

import unicodedata
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import func

from serienpost.ledger.logins import end_sessions
from serienpost.ledger.schema import journal, user

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import ColumnElement, Row

    from serienpost.ledger.store import Tx

_TICK = timedelta(microseconds=1)

# The journal's words for what is about users; none of them belongs to a run.
ADD, CHANGE, REMOVE, LOG_IN = "add user", "change user", "remove user", "log in"


class JournalLine(NamedTuple):
    """A line of the journal about a user."""

    at: datetime
    user: str
    action: str
    detail: Mapping[str, Any] | None


class UserRow(NamedTuple):
    """A row of the table `user`, without the practice."""

    key: str
    name: str
    password: str
    rights: list[str]
    added_at: datetime
    changed_at: datetime

    def __repr__(self) -> str:
        return f"UserRow({self.key!r})"  # a hash can be guessed at


_COLUMNS = [user.c[name] for name in UserRow._fields]


def user_key(name: str) -> str:
    """A name as names are compared: composed (Unicode Standard Annex 15, NFC), without case."""
    folded = unicodedata.normalize("NFC", name).casefold()
    return unicodedata.normalize("NFC", folded)


def _rows(found: Sequence[Row[tuple[object, ...]]]) -> list[UserRow]:
    return [UserRow._make(row) for row in found]


def all_users(tx: Tx) -> list[UserRow]:
    """All users, by their names."""
    return _rows(tx.all(tx.select(user, *_COLUMNS).order_by(user.c.key)))


def lock_users(tx: Tx) -> list[UserRow]:
    """All users, whom no other transaction changes before this one ends; always in one order, so
    that two that lock them do not wait for each other."""
    return _rows(tx.all(tx.select(user, *_COLUMNS).order_by(user.c.key).with_for_update()))


def find_user(tx: Tx, key: str) -> UserRow | None:
    """The user of this key."""
    found = tx.first(tx.select(user, *_COLUMNS).where(user.c.key == key))
    return UserRow._make(found) if found else None


def lock_user(tx: Tx, key: str) -> UserRow | None:
    """The user of this key, whom no other transaction changes before this one ends."""
    mine = tx.select(user, *_COLUMNS).where(user.c.key == key)
    found = tx.first(mine.with_for_update())
    return UserRow._make(found) if found else None


def insert_user(tx: Tx, name: str, password: str, rights: Sequence[str]) -> bool:
    """Add a user; False where there is one of this name already, perhaps since this moment."""
    row = {"key": user_key(name), "name": name, "password": password, "rights": list(rights)}
    tx.insert_new(user, [{**row, "added_at": tx.now, "changed_at": tx.now}])
    found = find_user(tx, user_key(name))
    return found is not None and found.password == password  # each hash has a salt of its own


def update_user(tx: Tx, row: UserRow, password: str, rights: Sequence[str]) -> None:
    """Give a user another password or other rights, which ends the user's sessions."""
    # Grows even under a clock that was set back: it tells a login what was changed meanwhile.
    changed_at = max(tx.now, row.changed_at + _TICK)
    values = {"password": password, "rights": list(rights), "changed_at": changed_at}
    tx.execute(tx.update(user).where(user.c.key == row.key).values(values))
    end_sessions(tx, row.key)


def replace_hash(tx: Tx, row: UserRow, password: str) -> None:
    """Put another hash of the same password in the place of an older one."""
    tx.execute(tx.update(user).where(user.c.key == row.key).values(password=password))


def delete_user(tx: Tx, key: str) -> None:
    """Remove a user with all sessions."""
    tx.execute(tx.delete(user).where(user.c.key == key))
    end_sessions(tx, key)


def user_lines(tx: Tx, limit: int) -> list[JournalLine]:
    """What the journal says about users, the newest line first."""
    c = journal.c
    mine = c.run.is_(None), c.action.in_((ADD, CHANGE, REMOVE, LOG_IN))
    found = tx.select(journal, c.at, c.user, c.action, c.detail).where(*mine)
    lines = tx.all(found.order_by(c.at.desc(), c.id).limit(limit))
    return [JournalLine._make(line) for line in lines]


def last_log_ins(tx: Tx) -> dict[str, datetime]:
    """When each user logged in the last time, as far as the journal still has it; by the name."""
    c = journal.c
    mine = c.run.is_(None), c.action == LOG_IN
    found = tx.select(journal, c.user, func.max(c.at).label("last")).where(*mine).group_by(c.user)
    return {row.user: row.last for row in tx.all(found)}


def log_ins_before(tx: Tx, before: datetime) -> tuple[int, datetime | None]:
    """How often somebody logged in before this moment, and when the first time."""
    counted = tx.select(journal, func.count().label("n"), func.min(journal.c.at).label("first"))
    row = tx.all(counted.where(*_log_ins(before)))[0]
    return row.n, row.first


def forget_log_ins(tx: Tx, before: datetime) -> None:
    """Remove from the journal who logged in before this moment."""
    tx.execute(tx.delete(journal).where(*_log_ins(before)))


def _log_ins(before: datetime) -> tuple[ColumnElement[bool], ...]:
    c = journal.c
    return c.run.is_(None), c.action == LOG_IN, c.at < before
