"""Who is logged in, as the core knows it, and in which language they read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from serienpost import SerienpostError

if TYPE_CHECKING:
    from starlette.requests import Request

    from serienpost import Practice
    from serienpost.service import Session

# Names of cookies, before what the entrance makes of them.
SESSION = "desk"
LANGUAGE = "language"
KNOWN = "known"

# What may be chosen, each by its own name.
LANGUAGES = {"de": "Deutsch", "en": "English"}
_FIRST = "de"


@dataclass(frozen=True, slots=True)
class Visitor:
    """A user who is logged in.

    Args:
        token: of the session; for the browser alone.
        session: as of this request.
    """

    token: str
    session: Session

    @property
    def name(self) -> str:
        """Who acts, as the ledger records it."""
        return self.session.user

    @property
    def is_locked(self) -> bool:
        """Whether the password must be given before anything is shown."""
        return self.session.is_locked

    @property
    def seconds_left(self) -> int:
        """Until the session is locked if nobody does anything."""
        left = self.session.locks_at - datetime.now(UTC)
        return max(0, int(left.total_seconds()))

    def may(self, right: str) -> bool:
        """Whether the user has a right."""
        return right in {str(one) for one in self.session.rights}


def only_cookie(request: Request, name: str) -> str | None:
    """The value of a cookie; None where there are several ones. Cookies of one host know neither
    ports nor, without TLS, who set them: so another program there has put its own beside ours."""
    parts = "; ".join(request.headers.getlist("cookie")).split(";")
    found = {
        value.strip()
        for key, _sign, value in (one.partition("=") for one in parts)
        if key.strip() == name
    }
    return found.pop() if len(found) == 1 else None


def visitor_of(practice: Practice, token: str | None) -> Visitor | None:
    """Whose session a token is; None for no session, or one that is over."""
    found = practice.session(token) if token else None
    return Visitor(token, found) if token and found else None


def kept_awake(practice: Practice, visitor: Visitor) -> Visitor | None:
    """The session is used, so the time until it is locked begins anew; None where it is over, or
    where that cannot be written now: whoever looks is not kept from it."""
    try:
        found = practice.touch(visitor.token)
    except SerienpostError:
        return None
    return Visitor(visitor.token, found) if found else None


def known_language(chosen: str | None, practice: Practice | None) -> str:
    """The language that the user chose, else that of the practice."""
    if chosen in LANGUAGES:
        return chosen
    own = practice.context.config.language if practice else _FIRST
    return own if own in LANGUAGES else _FIRST
