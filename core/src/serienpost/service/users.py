"""Users of the desk and what they may do."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from serienpost.config.problems import did_you_mean, listed
from serienpost.documents import Record
from serienpost.errors import ConfigError, LedgerError
from serienpost.ledger.schema import user
from serienpost.ledger.users import (
    ADD,
    CHANGE,
    REMOVE,
    all_users,
    delete_user,
    find_user,
    insert_user,
    last_log_ins,
    lock_users,
    update_user,
    user_key,
    user_lines,
)
from serienpost.rights import Right
from serienpost.service.opened import MOST_ROWS
from serienpost.service.passwords import checked_password, hash_of
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime, tzinfo

    from serienpost.ledger.store import Ledger
    from serienpost.ledger.users import JournalLine, UserRow
    from serienpost.service.opened import OpenedPractice

_ = Texts(__name__)

# Characters of a name.
LONGEST_NAME = 64
_ID_LENGTH = 16

# A password, or what asks for it once all else is right.
Password: TypeAlias = "str | Callable[[], str]"  # noqa: S105  # a type

# What the ledger names where no person acts.
_RESERVED = frozenset({"breaker", "lookup", "report", "rule", "serienpost"})


@dataclass(frozen=True, slots=True)
class User(Record):
    """A user of the desk.

    Args:
        name: as it was written; the actor that the ledger records for what the user does.
        rights: in the order of `Right`.
        added_at: when the user was added.
        changed_at: when password or rights were changed the last time.
        id: names the user in an address, without telling the name.
        logged_in_at: when the user logged in the last time, as far as the journal still has it.
    """

    name: str
    rights: tuple[Right, ...]
    added_at: datetime
    changed_at: datetime
    id: str
    logged_in_at: datetime | None


@dataclass(frozen=True, slots=True)
class UserLine(Record):
    """Somebody logged in, or changed what a user is.

    Args:
        at: when.
        user: who did it, as an actor.
        action: `log in`, `add user`, `change user` or `remove user`.
        name: of the user that it is about.
        rights: that the user has from then on, where they were given.
        password: whether another password was given.
    """

    at: datetime
    user: str
    action: str
    name: str
    rights: tuple[Right, ...]
    password: bool


def users(practice: OpenedPractice) -> list[User]:
    """See `Practice.users`."""
    with practice.ledger.read() as tx:
        tx.require(user)
        last = last_log_ins(tx)
        return [_user(practice, row, last.get(row.name)) for row in all_users(tx)]


def user_of(practice: OpenedPractice, user_id: str) -> User:
    """See `Practice.user`."""
    for one in users(practice):
        if one.id == user_id:
            return one
    raise LedgerError(_("there is no such user"), hint=_("somebody may have removed the user"))


def add_user(
    practice: OpenedPractice, name: str, password: Password, rights: Iterable[str]
) -> User:
    """See `Practice.add_user`."""
    ledger = practice.ledger
    with ledger.read() as tx:
        tx.require(user)
        name, given = _checked_name(name), rights_of(rights)
        if find_user(tx, user_key(name)):
            raise _is_there(name)
    kept = _kept(practice, name, password)
    with ledger.begin("users") as tx:
        if not insert_user(tx, name, kept, given):
            raise _is_there(name)
        tx.note(practice.actor, ADD, detail={"name": name, "rights": given})
        row = _found(find_user(tx, user_key(name)), name)
    return _user(practice, row)


def change_user(
    practice: OpenedPractice, name: str, rights: Iterable[str] | None, password: Password | None
) -> User:
    """See `Practice.change_user`."""
    ledger = practice.ledger
    given = None if rights is None else rights_of(rights)
    with ledger.read() as tx:
        tx.require(user)
        _found(find_user(tx, user_key(name)), name)
    kept = None if password is None else _kept(practice, name, password)
    with ledger.begin("users") as tx:
        everybody = lock_users(tx)
        before = _found(_named(everybody, name), name)
        after = before.rights if given is None else given
        if Right.ADMINISTER not in after:
            _leave_an_administrator(everybody, before)
        if kept is not None or after != before.rights:
            update_user(tx, before, kept or before.password, after)
            changed = {"password": kept is not None, "rights": after}
            tx.note(practice.actor, CHANGE, detail={"name": before.name, **changed})
        row = _found(find_user(tx, before.key), name)
        last = last_log_ins(tx).get(row.name)
    return _user(practice, row, last)


def remove_user(practice: OpenedPractice, name: str) -> User:
    """See `Practice.remove_user`."""
    with practice.ledger.begin("users") as tx:
        tx.require(user)
        everybody = lock_users(tx)
        row = _found(_named(everybody, name), name)
        _leave_an_administrator(everybody, row)
        delete_user(tx, row.key)
        tx.note(practice.actor, REMOVE, detail={"name": row.name})
        last = last_log_ins(tx).get(row.name)
    return _user(practice, row, last)


def user_id(ledger: Ledger, name: str) -> str:
    """What names a user, or whoever else acts, in an address without telling the name."""
    return ledger.keyed_hash("user", user_key(name))[:_ID_LENGTH]


def user_history(practice: OpenedPractice, limit: int) -> list[UserLine]:
    """See `Practice.user_history`."""
    if not 1 <= limit <= MOST_ROWS:
        raise ValueError(_("the limit is a number from 1 to {most}", most=MOST_ROWS))
    with practice.ledger.read() as tx:
        found = user_lines(tx, limit)
    return [_line(line, practice.context.zone) for line in found]


def rights_of(given: Iterable[str]) -> list[Right]:
    """Rights by their names, each once, with `read`, in the order of `Right`.

    Raises:
        ConfigError: there is no such right.
    """
    named = {Right.READ.value, *given}
    known = [right.value for right in Right]
    for name in sorted(named):
        if name not in known:
            hint = did_you_mean(name, known) or listed(known)
            raise ConfigError(_("there is no right {name}", name=name), hint=hint)
    return [right for right in Right if right in named]


def rights_in(row: UserRow) -> tuple[Right, ...]:
    """The rights of a user."""
    return tuple(right for right in Right if right in row.rights)


def is_name(name: str) -> bool:
    """Whether a user can have this name, which tells a person from whatever else acts."""
    composed = unicodedata.normalize("NFC", name)
    return (
        0 < len(composed) <= LONGEST_NAME
        and composed.isprintable()
        and composed == composed.strip()
        and ":" not in unicodedata.normalize("NFKC", composed)
        and user_key(composed) not in _RESERVED
    )


def _checked_name(name: str) -> str:
    if not is_name(name):
        raise ConfigError(
            _("this is no name of a user"),
            hint=_(
                "one line of at most {n} printable signs without a colon, blanks at its ends, or a"
                " name that serienpost uses itself",
                n=LONGEST_NAME,
            ),
        )
    return unicodedata.normalize("NFC", name)


def _kept(practice: OpenedPractice, name: str, password: Password) -> str:
    """The hash of a password, which is asked for now, unless it is here."""
    given = password if isinstance(password, str) else password()
    refuse_password(practice, name, given)
    return hash_of(given)


def refuse_password(practice: OpenedPractice, name: str, password: str) -> None:
    """Refuse a password that the user of this name cannot have.

    Raises:
        ConfigError: it is too short, too long, or one that others would try first.
    """
    known = practice.context.config.practice
    checked_password(password, {name, known.id, known.name})


def _is_there(name: str) -> LedgerError:
    return LedgerError(_("there is a user {name} already", name=name))


def _named(rows: Iterable[UserRow], name: str) -> UserRow | None:
    return next((row for row in rows if row.key == user_key(name)), None)


def _found(row: UserRow | None, name: str) -> UserRow:
    if row is None:
        raise LedgerError(
            _("there is no user {name}", name=name), hint=_("serienpost users list names them")
        )
    return row


def _leave_an_administrator(everybody: Iterable[UserRow], without: UserRow) -> None:
    """Refuse to take the last one who administers."""
    if Right.ADMINISTER not in without.rights:
        return
    if not any(Right.ADMINISTER in row.rights for row in everybody if row.key != without.key):
        raise LedgerError(
            _("{name} is the last one who administers", name=without.name),
            hint=_("let somebody else administer first"),
        )


def _line(line: JournalLine, zone: tzinfo) -> UserLine:
    detail = line.detail or {}
    return UserLine(
        at=line.at.astimezone(zone),
        user=line.user,
        action=line.action,
        name=detail.get("name", line.user),
        rights=tuple(right for right in Right if right in detail.get("rights", ())),
        password=bool(detail.get("password")),
    )


def _user(practice: OpenedPractice, row: UserRow, last: datetime | None = None) -> User:
    zone = practice.context.zone
    return User(
        name=row.name,
        rights=rights_in(row),
        added_at=row.added_at.astimezone(zone),
        changed_at=row.changed_at.astimezone(zone),
        id=user_id(practice.ledger, row.name),
        logged_in_at=last.astimezone(zone) if last else None,
    )
