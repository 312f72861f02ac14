"""Log in, unlock, log out, choose a language; the files of every page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from serienpost import Texts
from serienpost.service import LoginRefused
from serienpost_web.rendering import static
from serienpost_web.sessions import KNOWN, LANGUAGE, LANGUAGES, SESSION
from serienpost_web.table import BrokenFormError, Moved, NotFoundError, Route, Sent, Shown

if TYPE_CHECKING:
    from serienpost import Text
    from serienpost_web.table import Answer, Asked, Field

_ = Texts(__name__)

# Signs of a form that is carried through the lock; it goes there and back in a form itself.
_MOST_KEPT = 200_000

_TYPES = {
    ".svg": "image/svg+xml",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
}


def login_page(asked: Asked) -> Answer:
    """The form for name and password; who is logged in already goes on."""
    following = asked.goes_to(asked.query.one("next"))
    if asked.visitor is not None:
        return Moved(following)
    return Shown("login", {"next": following, "name": "", "problem": None})


def log_in(asked: Asked) -> Answer:
    """Name and password."""
    name, following = asked.form.one("name", 200), asked.goes_to(asked.form.one("next"))
    found = asked.practice.log_in(name, asked.form.password(), asked.origin, asked.known)
    if isinstance(found, LoginRefused):
        problem = refusal(found, _("Name and password do not fit together."))
        return Shown("login", {"next": following, "name": name, "problem": problem}, 422)
    if asked.visitor is not None:  # another session of this browser ends
        asked.practice.log_out(asked.visitor.token)
    return Moved(following, cookies={SESSION: found.token, KNOWN: found.known})


def locked_page(asked: Asked) -> Answer:
    """The form for the password of whoever was at work here."""
    following = asked.goes_to(asked.query.one("next"))
    if not asked.user.is_locked:
        return Moved(following)
    return Shown("locked", {"next": following, "problem": None, "kept": "", "is_lost": False})


def kept_form(form: Field, path: str) -> Shown:
    """The form for the password, which carries on what was written for a page meanwhile; nothing of
    it is kept here."""
    has_file = form.file is not None
    kept = json.dumps([path, {k: [*v] for k, v in form.values.items()}, has_file])
    is_lost = "" in form.values or len(kept) > _MOST_KEPT
    values = {"next": path, "problem": None, "kept": "" if is_lost else kept, "is_lost": is_lost}
    return Shown("locked", values, 409)


def unlock(asked: Asked) -> Answer:
    """The password again; where one was, one is."""
    following = asked.goes_to(asked.form.one("next"))
    password, kept = asked.form.password(), asked.form.one("kept", _MOST_KEPT)
    found = asked.practice.unlock(asked.user.token, password, asked.origin)
    if isinstance(found, LoginRefused):
        problem = refusal(found, _("The password is not right."))
        values = {"next": following, "problem": problem, "kept": kept, "is_lost": False}
        return Shown("locked", values, 422)
    if kept and found is not None:
        return _kept_page(asked, kept)
    return Moved(following)  # a session that is over leads to the login


def _kept_page(asked: Asked, kept: str) -> Answer:
    """What was written, to be sent to its page once more."""
    try:
        path, values, has_file = json.loads(kept)
        fields = [(str(name), str(one)) for name, all_ in values.items() for one in all_]
        to = asked.goes_to(str(path))
    except (ValueError, TypeError, AttributeError) as error:
        raise BrokenFormError from error
    return Shown("kept", {"to": to, "fields": fields, "has_file": bool(has_file)})


def log_out(asked: Asked) -> Answer:
    """End the session."""
    asked.practice.log_out(asked.user.token)
    return Moved("/login", said="logged_out", cookies={SESSION: None})


def choose_language(asked: Asked) -> Answer:
    """Another language for this browser."""
    chosen = asked.form.one("language")
    if chosen not in LANGUAGES:
        raise BrokenFormError
    here = asked.form.one("here")
    following = here if here in ("/login", "/locked") else asked.goes_to(here)
    return Moved(following, cookies={LANGUAGE: chosen})


def stay(asked: Asked) -> Answer:
    """The time until the session is locked begins anew: somebody is there."""
    return left(asked)


def left(asked: Asked) -> Answer:
    """How many seconds are left until the session is locked; asked before a page says so."""
    return Sent(str(asked.user.seconds_left).encode(), "text/plain")


def static_file(asked: Asked) -> Answer:
    """Stylesheet and script."""
    name = asked.parts["file"]
    kind, body = _TYPES.get(Path(name).suffix), static(name)
    if kind is None or body is None:
        raise NotFoundError
    return Sent(body, kind)


def proved(asked: Asked, problems: dict[str, str]) -> Moved | None:
    """Look whether it is still the user who sits there, by the password in the form; what is wrong
    becomes a problem of its field. Where the session is over, the way to the login."""
    found = asked.practice.confirm_password(asked.user.token, asked.form.password(), asked.origin)
    if isinstance(found, LoginRefused):
        problems["password"] = refusal(found, _("The password is not right."))
    return Moved("/login") if found is None else None


def refusal(found: LoginRefused, otherwise: Text) -> Text:
    """Why a password was not taken."""
    if not found.wait_seconds:
        return otherwise
    wait = _.ngettext(
        "Wait {n} second before the next try.",
        "Wait {n} seconds before the next try.",
        found.wait_seconds,
    )
    return _("{why} {wait}", why=otherwise, wait=wait)


ROUTES = (
    Route("/static/{file}", static_file, "nobody"),
    Route("/login", login_page, "nobody"),
    Route("/login", log_in, "nobody", "POST"),
    Route("/language", choose_language, "nobody", "POST"),
    Route("/locked", locked_page, "session"),
    Route("/locked", unlock, "session", "POST", back="/locked"),
    Route("/logout", log_out, "session", "POST", back="/"),
    Route("/session/stay", stay, "read", "POST", back="/"),
    Route("/session/left", left, "read", is_polled=True),
)
