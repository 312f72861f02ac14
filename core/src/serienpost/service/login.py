"""Log in at the desk: sessions, and what a wrong password costs. Every face obeys the same."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import math
import re
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from serienpost.ledger.logins import (
    ENDS_AFTER,
    LOCKS_AFTER,
    FailedLogins,
    begin_session,
    end_session,
    failed_logins,
    find_session,
    forget_old_logins,
    forgive_failed_logins,
    lock_failed_logins,
    use_session,
    write_failed_logins,
)
from serienpost.ledger.schema import session as session_table
from serienpost.ledger.schema import user as user_table
from serienpost.ledger.users import LOG_IN, find_user, lock_user, replace_hash, user_key
from serienpost.service.passwords import hash_of, is_outdated, matches, place
from serienpost.service.users import change_user, is_name, refuse_password, rights_in

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, tzinfo

    from serienpost.ledger.logins import SessionRow
    from serienpost.ledger.store import Ledger, Tx
    from serienpost.ledger.users import UserRow
    from serienpost.rights import Right
    from serienpost.service.opened import OpenedPractice

# Octets of a token, from the system's source of randomness: too many to be guessed.
_TOKEN = 32

# Octets that tell one browser from another.
_NONCE = 12
_MARK = re.compile(r"[A-Za-z0-9_-]+\.[0-9a-f]+")

# Of what follows so soon nothing is written: a click is no reason to wait for the disk.
_SAME_MOMENT = timedelta(seconds=10)

# Users of one browser that it is known by.
_MOST_KNOWN = 8

# Where too many passwords wait to be looked at.
_BUSY = 1

# A provider gives a whole network of this size to one customer (RFC 6177).
_IPV6_NETWORK = 64


class Delays(NamedTuple):
    """How long who typed wrong passwords must wait: one second after `free`, then twice as long
    after each, at most `most`. Nobody is locked out."""

    free: int
    most: timedelta

    def after(self, count: int) -> timedelta:
        """The delay after so many wrong passwords."""
        if count < self.free:
            return timedelta(0)
        return min(self.most, timedelta(seconds=2 ** min(count - self.free, 30)))


# OWASP, Authentication Cheat Sheet, "Account Lockout": delays that grow instead of a lock.
OF_ACCOUNT = Delays(5, timedelta(minutes=5))

# Everybody at a terminal server comes from one address.
OF_ORIGIN = Delays(20, timedelta(minutes=1))


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """Somebody is logged in.

    Args:
        token: proves it; for the browser alone, the ledger keeps its digest.
        user: the user's name, which is the actor of what is done in the session.
        known: for the browser to keep, and to be given with the next log in.
    """

    token: str = field(repr=False)
    user: str
    known: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class LoginRefused:
    """Name and password do not fit together, or it is too early to try again; nobody is told which
    of them, or whether there is such a user.

    Args:
        wait_seconds: before these seconds are over the next try is refused unseen; 0 for none.
    """

    wait_seconds: int


@dataclass(frozen=True, slots=True)
class Session:
    """Who is logged in, as of now.

    Args:
        user: the user's name, which is the actor of what is done in the session.
        rights: what the user may do.
        is_locked: nobody did anything for too long; `unlock` goes on, all else waits for it.
        locks_at: when it locks unless somebody does something; where it is locked, when it did.
        ends_at: when it is over, whatever is done in it.
    """

    user: str
    rights: frozenset[Right]
    is_locked: bool
    locks_at: datetime
    ends_at: datetime


def log_in(
    practice: OpenedPractice, name: str, password: str, origin: str, known: str = ""
) -> LoggedIn | LoginRefused:
    """See `Practice.log_in`."""
    ledger, key = practice.ledger, user_key(name)

    def find(tx: Tx) -> _Meant:
        tx.require(user_table)
        row = find_user(tx, key) if is_name(name) else None
        return _Meant(key, row, _known_by(ledger, row, known) if row else "")

    found = _proved(ledger, find, password, origin)
    if not isinstance(found, _Proved):
        return found or LoginRefused(0)
    with ledger.begin("login", counted=False) as tx:
        if not found.holds(tx):
            return LoginRefused(0)  # changed since it was looked at
        entered = _entered(tx, ledger, found.row, known, found.known)
        forget_old_logins(tx)
        tx.note(found.row.name, LOG_IN)
    return entered


def session(practice: OpenedPractice, token: str) -> Session | None:
    """See `Practice.session`."""
    with practice.ledger.read() as tx:
        tx.require(session_table)
        row = find_session(tx, _digest(token))
        return _session(tx, row, practice.context.zone)


def touch(practice: OpenedPractice, token: str) -> Session | None:
    """See `Practice.touch`."""
    digest = _digest(token)
    with practice.ledger.read() as tx:
        tx.require(session_table)
        row = find_session(tx, digest)
        if row is None or row.is_locked(tx.now) or row.used_at > tx.now - _SAME_MOMENT:
            return _session(tx, row, practice.context.zone)
    with practice.ledger.begin("login", counted=False) as tx:
        is_there = use_session(tx, digest)
        row = find_session(tx, digest) if is_there else None
        return _session(tx, row, practice.context.zone)


def confirm(
    practice: OpenedPractice, token: str, password: str, origin: str
) -> Session | LoginRefused | None:
    """See `Practice.unlock` and `Practice.confirm_password`."""
    digest = _digest(token)

    def find(tx: Tx) -> _Meant | None:
        tx.require(session_table)
        mine = find_session(tx, digest)
        row = find_user(tx, mine.user) if mine else None
        return _Meant(row.key, row, digest) if row else None

    found = _proved(practice.ledger, find, password, origin)
    if not isinstance(found, _Proved):
        return found
    with practice.ledger.begin("login", counted=False) as tx:
        if not found.holds(tx) or not use_session(tx, digest):
            return None  # a change of the user ends every session
        return _session(tx, find_session(tx, digest), practice.context.zone)


def change_own_password(
    practice: OpenedPractice, token: str, old: str, new: str, origin: str, known: str = ""
) -> LoggedIn | LoginRefused | None:
    """See `Practice.change_own_password`."""
    with practice.ledger.read() as tx:
        tx.require(session_table)
        mine = find_session(tx, _digest(token))
        row = find_user(tx, mine.user) if mine else None
    if row is None:
        return None
    refuse_password(practice, row.name, new)
    found = confirm(practice, token, old, origin)
    if not isinstance(found, Session):
        return found
    change_user(practice, row.name, None, new)
    with practice.ledger.begin("login", counted=False) as tx:
        now = lock_user(tx, row.key)
        return _entered(tx, practice.ledger, now, known) if now else None


def log_out(practice: OpenedPractice, token: str) -> None:
    """See `Practice.log_out`."""
    with practice.ledger.begin("login", counted=False) as tx:
        tx.require(session_table)
        end_session(tx, _digest(token))


class _Meant(NamedTuple):
    """Whose password it may be: the key that tries are counted for, with its user, if there is one;
    `known` as for `Attempt`."""

    key: str
    row: UserRow | None
    known: str


@dataclass(frozen=True, slots=True)
class _Proved:
    """A password that was right when it was looked at, of this user; `fresh` is a hash to replace
    one that was made with other parameters."""

    row: UserRow
    known: str
    attempt: Attempt
    fresh: str | None

    def holds(self, tx: Tx) -> bool:
        """Whether the user is still the same; then what was wrong before is forgiven."""
        now = lock_user(tx, self.row.key)
        if now is None or now.changed_at != self.row.changed_at:
            return False
        if self.fresh:
            replace_hash(tx, now, self.fresh)
        self.attempt.succeed(tx)
        return True


def _proved(
    ledger: Ledger, find: Callable[[Tx], _Meant | None], password: str, origin: str
) -> _Proved | LoginRefused | None:
    """Look at a password before somebody is let in; None where nobody can be meant, and nothing is
    counted.

    Args:
        ledger: the practice's ledger.
        find: whose password it may be.
        password: as it was typed.
        origin: the address that it comes from.
    """
    with place() as has_place:
        if not has_place:
            return LoginRefused(_BUSY)
        with ledger.read() as tx:
            meant = find(tx)
        if meant is None:
            return None
        key, row, known = meant
        attempt = Attempt(ledger, key, origin, known)
        if wait := attempt.begin():
            return LoginRefused(_seconds(wait))
        # Of a name that nobody has it takes as long.
        if not matches(row.password if row else None, password) or row is None:
            return LoginRefused(_seconds(attempt.wait_after))
        fresh = hash_of(password) if is_outdated(row.password) else None
        return _Proved(row, known, attempt, fresh)


class Attempt:
    """One try of a password: counted as wrong before it is looked at, so that of many at once none
    is overlooked; a right one takes that back.

    Args:
        ledger: the practice's ledger.
        account: the key of a user's name, whether there is one or not.
        origin: where it comes from.
        known: a browser in which this user logged in before, or a session of the user. Its tries
            are counted for themselves: whoever else tries can keep nobody out there (OWASP,
            "Device Cookies").
    """

    def __init__(self, ledger: Ledger, account: str, origin: str, known: str = "") -> None:
        self._ledger = ledger
        place = origin_of(origin)
        self._origin = ledger.keyed_hash("login", "origin", place)
        self._both = ledger.keyed_hash("login", "both", account, place)
        if known:
            self._delays = {ledger.keyed_hash("login", "known", account, known): OF_ACCOUNT}
            self._keys = {*self._delays}
        else:
            of_account = ledger.keyed_hash("login", "account", account)
            self._delays = {of_account: OF_ACCOUNT, self._origin: OF_ORIGIN}
            self._keys = {*self._delays, self._both}
        # How long who tried must wait afterwards, if it was wrong.
        self.wait_after = timedelta(0)

    def begin(self) -> timedelta:
        """Count the try, unless it comes too early; returns how long one must wait then.

        One that comes too early costs neither memory nor time and makes nobody wait longer.
        """
        with self._ledger.read() as tx:
            if wait := self._wait(failed_logins(tx, self._keys), tx.now):
                return wait
        with self._ledger.begin("login", counted=False) as tx:
            found = lock_failed_logins(tx, self._keys)
            if wait := self._wait(found, tx.now):
                return wait
            counts = {key: one.number + 1 for key, one in found.items()}
            write_failed_logins(tx, counts)
        self.wait_after = max(delays.after(counts[key]) for key, delays in self._delays.items())
        return timedelta(0)

    def succeed(self, tx: Tx) -> None:
        """The password was right: what was wrong before it is forgotten, of this account; of its
        origin only what concerned this account, else an own account would buy tries of others."""
        found = lock_failed_logins(tx, self._keys)
        left = dict.fromkeys(self._keys, 0)
        if self._origin in left:
            left[self._origin] = found[self._origin].number - found[self._both].number
        forgive_failed_logins(tx, left)

    def _wait(self, found: dict[str, FailedLogins], now: datetime) -> timedelta:
        waits = [
            found[key].wait(now, delays.after(found[key].number))
            for key, delays in self._delays.items()
            if key in found
        ]
        return max(waits, default=timedelta(0))


def origin_of(address: str) -> str:
    """Whose tries are counted together: an address, of IPv6 the network of one customer."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is None:
            return str(ipaddress.ip_network((found, _IPV6_NETWORK), strict=False))
        found = found.ipv4_mapped
    return str(found)


def _entered(tx: Tx, ledger: Ledger, row: UserRow, known: str, mine: str = "") -> LoggedIn:
    """Begin a session of a user, in this transaction; `mine` is the mark by which the browser is
    known to the user already."""
    token = secrets.token_urlsafe(_TOKEN)
    begin_session(tx, _digest(token), row.key)
    return LoggedIn(token, row.name, _known(ledger, row, known, mine))


def _known_by(ledger: Ledger, row: UserRow, known: str) -> str:
    """The mark by which a browser is known to this user; empty where it is not, or not since the
    user's password changed."""
    for one in _marks(known):
        if hmac.compare_digest(_marked(ledger, row, one.partition(".")[0]), one):
            return one
    return ""


def _marks(known: str) -> list[str]:
    return [one for one in known.split("~")[:_MOST_KNOWN] if _MARK.fullmatch(one)]


def _known(ledger: Ledger, row: UserRow, known: str, mine: str) -> str:
    """What a browser keeps after a log in: its mark for this user before those for others."""
    others = [one for one in _marks(known) if one != mine]
    mark = mine or _marked(ledger, row, secrets.token_urlsafe(_NONCE))
    return "~".join([mark, *others[: _MOST_KNOWN - 1]])


def _marked(ledger: Ledger, row: UserRow, nonce: str) -> str:
    """A mark that only this practice's ledger makes."""
    return f"{nonce}.{ledger.keyed_hash('login', 'browser', row.key, str(row.changed_at), nonce)}"


def _digest(token: str) -> str:
    """What the ledger knows of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _seconds(wait: timedelta) -> int:
    return math.ceil(wait.total_seconds())


def _session(tx: Tx, row: SessionRow | None, zone: tzinfo) -> Session | None:
    found: UserRow | None = find_user(tx, row.user) if row else None
    if row is None or found is None:
        return None
    return Session(
        user=found.name,
        rights=frozenset(rights_in(found)),
        is_locked=row.is_locked(tx.now),
        locks_at=min(row.used_at + LOCKS_AFTER, row.began_at + ENDS_AFTER).astimezone(zone),
        ends_at=(row.began_at + ENDS_AFTER).astimezone(zone),
    )
