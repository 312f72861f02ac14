"""One's own password: everybody changes it, with the old one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost import SerienpostError, Texts
from serienpost.service import LoginRefused
from serienpost_web.pages.entrance import refusal
from serienpost_web.sessions import KNOWN, SESSION
from serienpost_web.table import Entry, Moved, Route, Shown

if TYPE_CHECKING:
    from serienpost.service import LoggedIn
    from serienpost_web.table import Answer, Asked

_ = Texts(__name__)


def own_password_page(_asked: Asked) -> Answer:
    """The old password, the new one, and the new one once more."""
    return Shown("own_password", {"problems": {}})


def change_own_password(asked: Asked) -> Answer:
    """Every other browser of the user is logged out; this one goes on."""
    problems: dict[str, str] = {}
    new = typed_twice(asked, problems)
    found = None if problems else _changed(asked, new, problems)
    if problems:
        return Shown("own_password", {"problems": problems}, 422)
    if found is None:
        return Moved("/login")
    cookies = {SESSION: found.token, KNOWN: found.known}
    return Moved("/verwaltung", said="own_password", cookies=cookies)


def _changed(asked: Asked, new: str, problems: dict[str, str]) -> LoggedIn | None:
    """The new session; None where a field is wrong, or the old session is over."""
    known = asked.origin, asked.known
    try:
        found = asked.practice.change_own_password(
            asked.user.token, asked.form.password(), new, *known
        )
    except SerienpostError as error:
        problems["new"] = said(error)
        return None
    if isinstance(found, LoginRefused):
        problems["password"] = refusal(found, _("The old password is not right."))
        return None
    return found


def typed_twice(asked: Asked, problems: dict[str, str]) -> str:
    """A new password; where it was typed otherwise the second time, a problem of that field."""
    new = asked.form.one("new", 4096)
    if new != asked.form.one("again", 4096):
        problems["again"] = _("The two are not the same. Type the new password twice.")
    return new


def said(error: SerienpostError) -> str:
    """What is wrong with a password or a name, and what to do, as a sentence at its field."""
    first = error.problems[0]
    return _("{what}: {hint}", what=first.message, hint=first.hint) if first.hint else first.message


_PAGE = Route("/verwaltung/kennwort", own_password_page, "read")
ENTRY = Entry(
    _PAGE,
    _("My password"),
    _("Give yourself another password."),
)
ROUTES = (
    _PAGE,
    Route("/verwaltung/kennwort", change_own_password, "read", "POST", back="/verwaltung/kennwort"),
)
