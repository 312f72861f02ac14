"""Who may work at the desk, and what each of them may do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost import SerienpostError, Texts
from serienpost.service import Right
from serienpost_web.pages.entrance import proved
from serienpost_web.pages.own_password import said, typed_twice
from serienpost_web.table import Entry, Moved, Route, Shown

if TYPE_CHECKING:
    from serienpost.service import User
    from serienpost_web.table import Answer, Asked

_ = Texts(__name__)

# What can be given or taken, in words; everybody may look.
_GIVEN = {
    Right.PREPARE: _("choose recipients, write and prepare"),
    Right.APPROVE: _("release, pause, continue and cancel what is sent"),
    Right.ADMINISTER: _(
        "keep users, templates and the suppression list, answer and erase persons, write database"
        " queries"
    ),
}


def users_page(asked: Asked) -> Answer:
    """The users with their rights, and the form for one more."""
    return _list(asked, {})


def _list(asked: Asked, problems: dict[str, str]) -> Shown:
    values = {
        "users": asked.practice.users(),
        "rights": _GIVEN,
        "name": asked.form.one("name", 200),
        "chosen": asked.form.all("right"),
        "problems": problems,
    }
    return Shown("users", values, 422 if problems else 200)


def add_user(asked: Asked) -> Answer:
    """One user more."""
    problems: dict[str, str] = {}
    name = asked.form.one("name", 200).strip()
    if not name:
        problems["name"] = _("Say what the user is called.")
    new = typed_twice(asked, problems)
    if not problems and (elsewhere := proved(asked, problems)) is not None:
        return elsewhere
    if problems:
        return _list(asked, problems)
    is_asked = False

    def password() -> str:
        nonlocal is_asked
        is_asked = True
        return new

    try:
        asked.practice.add_user(name, password, asked.form.all("right"))
    except SerienpostError as error:  # the password is asked for when all else is right
        return _list(asked, {"new" if is_asked else "name": said(error)})
    return Moved("/verwaltung/benutzer", said="user_added")


def user_page(asked: Asked) -> Answer:
    """One user: the rights, and the ways to another password and to remove."""
    user = _found(asked)
    return _page(asked, "user", user, {}, chosen=user.rights)


def _page(asked: Asked, name: str, user: User, problems: dict[str, str], **values: object) -> Shown:
    told = {"user": user, "rights": _GIVEN, "is_own": user.name == asked.user.name}
    return Shown(name, {**told, **values, "problems": problems}, 422 if problems else 200)


def change_rights(asked: Asked) -> Answer:
    """Exactly the rights that are marked."""
    user = _found(asked)
    problems: dict[str, str] = {}
    chosen = asked.form.all("right")
    if (elsewhere := proved(asked, problems)) is not None:
        return elsewhere
    if not problems:
        try:
            asked.practice.change_user(user.name, rights=chosen)
        except SerienpostError as error:
            problems["administer"] = said(error)
    if problems:
        return _page(asked, "user", user, problems, chosen=chosen)
    return Moved("/verwaltung/benutzer", said="user_changed")


def password_page(asked: Asked) -> Answer:
    """The form for another password."""
    return _page(asked, "user_password", _found(asked), {})


def change_password(asked: Asked) -> Answer:
    """Another password for somebody who forgot the old one."""
    user = _found(asked)
    problems: dict[str, str] = {}
    new = typed_twice(asked, problems)
    if not problems and (elsewhere := proved(asked, problems)) is not None:
        return elsewhere
    if not problems:
        try:
            asked.practice.change_user(user.name, password=new)
        except SerienpostError as error:
            problems["new"] = said(error)
    if problems:
        return _page(asked, "user_password", user, problems)
    return Moved("/verwaltung/benutzer", said="user_password")


def remove_page(asked: Asked) -> Answer:
    """The step before somebody is removed."""
    return _page(asked, "user_remove", _found(asked), {})


def remove(asked: Asked) -> Answer:
    """The user is gone, with all sessions."""
    user = _found(asked)
    problems: dict[str, str] = {}
    if (elsewhere := proved(asked, problems)) is not None:
        return elsewhere
    if not problems:
        try:
            asked.practice.remove_user(user.name)
        except SerienpostError as error:
            problems["administer"] = said(error)
    if problems:
        return _page(asked, "user_remove", user, problems)
    return Moved("/verwaltung/benutzer", said="user_removed")


def _found(asked: Asked) -> User:
    return asked.found(asked.practice.user, "user")


_LIST, _ONE = "/verwaltung/benutzer", "/verwaltung/benutzer/{user}"
_PAGE = Route(_LIST, users_page, "administer")
ENTRY = Entry(
    _PAGE,
    _("Users"),
    _("Who may work here, and what each of them may do; add somebody, or help with a password."),
)
ROUTES = (
    _PAGE,
    Route(_LIST, add_user, "administer", "POST", back=_LIST),
    Route(_ONE, user_page, "administer"),
    Route(f"{_ONE}/rechte", change_rights, "administer", "POST", back=_ONE),
    Route(f"{_ONE}/kennwort", password_page, "administer"),
    Route(f"{_ONE}/kennwort", change_password, "administer", "POST", back=f"{_ONE}/kennwort"),
    Route(f"{_ONE}/entfernen", remove_page, "administer"),
    Route(f"{_ONE}/entfernen", remove, "administer", "POST", back=f"{_ONE}/entfernen"),
)
