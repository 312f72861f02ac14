"""The suppression list: addresses that must not be written to, why, and since when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost import SerienpostError, Texts
from serienpost_web import wording
from serienpost_web.table import BrokenFormError, Entry, Moved, Route, Shown

if TYPE_CHECKING:
    from serienpost import Text
    from serienpost.service import Suppression
    from serienpost_web.table import Answer, Asked

_ = Texts(__name__)

# Why an address is on the list -> what lifting that means.
_LIFTING: dict[str, Text] = {
    "bounce": _(
        "A provider said that this address takes no messages. Lift it only if you know that the"
        " address is right by now; otherwise correct it in the practice program instead."
    ),
    "complaint": _(
        "The person complained about a message from the practice. Lift it only if the person asked"
        " for that in writing."
    ),
    "unsubscribe": _(
        "The person wants no more of these messages. Lift it only if the person asked for that in"
        " writing."
    ),
    "manual": _(
        "Somebody in the practice put this address here, perhaps because the person asked for it."
        " Lift it only if the person has changed their mind, or it was a mistake."
    ),
}


def list_page(asked: Asked) -> Answer:
    """The entries, the newest first, and the form to look for an address or to add one."""
    return _list(asked, {})


def _list(asked: Asked, problems: dict[str, str]) -> Shown:
    size = wording.size_of(asked)
    values = {
        "page": asked.practice.suppression_page(asked.query.number("page", 1), size=size),
        "size": size,
        "kinds": asked.practice.suppression_kinds(),
        "address": asked.form.one("address"),
        "kind": asked.form.one("kind"),
        "problems": problems,
    }
    return Shown("suppressions", values, 422 if problems else 200)


def look(asked: Asked) -> Answer:
    """Whether an address is on the list; what is typed stands in no address of the desk."""
    found = _typed(asked)
    return found if isinstance(found, Shown) else Moved(f"{_LIST}/{found[0]}")


def add(asked: Asked) -> Answer:
    """Put an address on the list."""
    found = _typed(asked)
    if isinstance(found, Shown):
        return found
    entry, kind, address = found
    added = asked.practice.suppress([address], kind=kind).added
    return Moved(f"{_LIST}/{entry}", said="suppressed" if added else "suppressed_before")


def _typed(asked: Asked) -> Shown | tuple[str, str, str]:
    """The entry that an address would have, its kind and the address; or what is wrong with it."""
    kind, address = asked.form.some("kind", 50), asked.form.one("address").strip()
    if kind not in asked.practice.suppression_kinds():
        raise BrokenFormError
    if not address:
        return _list(asked, {"address": _("Type the address first.")})
    try:
        return asked.practice.suppression_id(address, kind=kind), kind, address
    except SerienpostError as error:
        return _list(asked, {"address": error.problems[0].message})


def entry_page(asked: Asked) -> Answer:
    """One entry with where it comes from; or that the address is not on the list."""
    kind = asked.parts["entry"].partition("~")[0]
    return Shown("suppression", {"entry": _found(asked), "kind": kind})


def lift_page(asked: Asked) -> Answer:
    """The step before an address may be written to again: what that means."""
    entry = _found(asked)
    if entry is None:
        return Moved(f"{_LIST}/{asked.parts['entry']}")
    return Shown("suppression_lift", {"entry": entry, "means": _LIFTING.get(entry.reason)})


def lift(asked: Asked) -> Answer:
    """The address may be written to again."""
    asked.found(asked.practice.lift_suppression, "entry")
    return Moved(f"{_LIST}/{asked.parts['entry']}", said="lifted")


def _found(asked: Asked) -> Suppression | None:
    return asked.found(asked.practice.suppression, "entry")


_LIST, _ONE = "/verwaltung/sperrliste", "/verwaltung/sperrliste/{entry}"
_PAGE = Route(_LIST, list_page, "read")
ENTRY = Entry(
    _PAGE,
    _("Suppression list"),
    _("Addresses to which nothing is sent: look whether one is there, add one, lift one."),
)
ROUTES = (
    _PAGE,
    Route(f"{_LIST}/suchen", look, "read", "POST", back=_LIST),
    # To stop messages is as easy as to write them; to allow them again is not.
    Route(f"{_LIST}/neu", add, "prepare", "POST", back=_LIST),
    Route(_ONE, entry_page, "read"),
    Route(f"{_ONE}/aufheben", lift_page, "administer"),
    Route(f"{_ONE}/aufheben", lift, "administer", "POST", back=f"{_ONE}/aufheben"),
)
