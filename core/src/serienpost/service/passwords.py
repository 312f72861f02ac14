"""Passwords: which are taken, how they are kept, and how many are looked at at once."""

from __future__ import annotations

import secrets
import threading
import unicodedata
from base64 import b64encode
from contextlib import contextmanager
from typing import TYPE_CHECKING

from serienpost.errors import ConfigError, UnavailableError
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from argon2 import PasswordHasher

_ = Texts(__name__)

# Characters of a password. NIST SP 800-63B (2017), 5.1.1.2: length counts, of which 8 is the least
# and 64 must be possible; there are no rules of composition.
SHORTEST_PASSWORD = 12
LONGEST = 1024

# Each takes 64 MiB, so that a flood of log ins takes no more than twice that.
_AT_ONCE = 2
_MOST_WAITING = 16

_hashing = threading.BoundedSemaphore(_AT_ONCE)
_places = threading.BoundedSemaphore(_AT_ONCE + _MOST_WAITING)


def checked_password(password: str, forbidden: Collection[str]) -> None:
    """Refuse a password that is guessed too easily.

    Args:
        password: as it was typed.
        forbidden: what everybody knows, such as the name and the practice's id.

    Raises:
        ConfigError: it is too short, too long, or one of these.
    """
    composed = _composed(password)
    if len(composed) < SHORTEST_PASSWORD:
        raise ConfigError(
            _("the password is too short"),
            hint=_("take at least {n} characters, such as four words", n=SHORTEST_PASSWORD),
        )
    if len(composed) > LONGEST:
        raise ConfigError(_("the password is longer than {n} characters", n=LONGEST))
    plain = composed.casefold().strip()
    if plain in {_composed(one).casefold() for one in forbidden} or len(set(plain)) == 1:
        raise ConfigError(
            _("the password is one that others would try first"),
            hint=_("take at least {n} characters, such as four words", n=SHORTEST_PASSWORD),
        )


def hash_of(password: str) -> str:
    """The argon2id hash of a password, with its salt and parameters (RFC 9106, 3.1)."""
    from argon2.exceptions import HashingError

    with _hashing:
        try:
            return _hasher().hash(_octets(password))
        except HashingError:
            raise _too_little_memory() from None


def matches(kept: str | None, password: str) -> bool:
    """Whether a hash is that of a password; as much work where there is no hash."""
    from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

    too_long = len(_composed(password)) > LONGEST
    with _hashing:
        try:
            given = b"" if too_long else _octets(password)
            _hasher().verify(_nobodys() if kept is None or too_long else kept, given)
        except (VerifyMismatchError, InvalidHashError):
            return False
        except VerificationError:
            raise _too_little_memory() from None
    return True


def is_outdated(kept: str) -> bool:
    """Whether a hash was made with other parameters than those of today."""
    return _hasher().check_needs_rehash(kept)


@contextmanager
def place() -> Iterator[bool]:
    """A place among those who wait for a look at their password; False where there is none."""
    has_place = _places.acquire(blocking=False)
    try:
        yield has_place
    finally:
        if has_place:
            _places.release()


def _hasher() -> PasswordHasher:
    """RFC 9106, 4: the second recommended option, where memory is short."""
    from argon2 import PasswordHasher, profiles

    return PasswordHasher.from_parameters(profiles.RFC_9106_LOW_MEMORY)


def _nobodys() -> str:
    """A hash that no password has, as a hash of today looks."""
    hasher = _hasher()
    salt, end = (
        b64encode(secrets.token_bytes(length)).decode().rstrip("=")
        for length in (hasher.salt_len, hasher.hash_len)
    )
    cost = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    return f"$argon2id$v=19${cost}${salt}${end}"


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _octets(password: str) -> bytes:
    """The same however a keyboard composes letters (RFC 8265, 4.2: NFC, case kept)."""
    return _composed(password).encode("utf-8", "surrogatepass")


def _too_little_memory() -> UnavailableError:
    return UnavailableError(
        _("there is too little memory to look at a password"), hint=_("try again in a minute")
    )
