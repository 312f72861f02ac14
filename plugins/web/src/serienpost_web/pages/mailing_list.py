"""Mailings: what the practice's folder has, when each goes out by itself, and what `check` says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost import SerienpostError, Texts
from serienpost.service import mailing_statuses
from serienpost_web.segments import named_by
from serienpost_web.table import Entry, Route, Shown

if TYPE_CHECKING:
    from serienpost_web.table import Answer, Asked

_ = Texts(__name__)


def list_page(asked: Asked) -> Answer:
    """All mailings with their schedules and last runs."""
    return Shown("mailings", {"mailings": mailing_statuses(asked.practice)})


def mailing_page(asked: Asked) -> Answer:
    """One mailing, and what `check` says of it."""
    known = {one.name: one for one in mailing_statuses(asked.practice)}
    one = known[named_by(asked.parts["mailing"], known)]
    checked, problems = None, one.problems
    if not problems:
        try:
            checked = asked.practice.check(one.name)
        except SerienpostError as error:
            problems = error.problems
    return Shown("mailing", {"one": one, "checked": checked, "problems": problems})


_LIST = "/verwaltung/versaende"
_PAGE = Route(_LIST, list_page, "read")
ENTRY = Entry(
    _PAGE,
    _("Mailings"),
    _("What is set up to be sent, when it goes out by itself, and whether it is in order."),
)
ROUTES = (_PAGE, Route(f"{_LIST}/{{mailing}}", mailing_page, "read"))
