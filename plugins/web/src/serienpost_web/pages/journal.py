"""The journal: who did what and when, as the ledger recorded it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from serienpost import Texts
from serienpost.service import Right, words
from serienpost_web import wording
from serienpost_web.table import Entry, NotFoundError, Route, Shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from serienpost import Text
    from serienpost.service import JournalEntry
    from serienpost_web.table import Answer, Asked

_ = Texts(__name__)

FILTERS: Mapping[str, Text] = {
    "": _("All but marks"),
    "log_ins": _("Log-ins"),
    "users": _("Users"),
    "releases": _("Releases and tests"),
    "runs": _("Runs"),
    "people": _("Choice of people"),
    "marks": _("Marks"),
    "addresses": _("Suppression list"),
    "removals": _("Erased and removed"),
    "schedules": _("Schedules"),
}


def journal_page(asked: Asked) -> Answer:
    """One page, the newest entries first, of one kind or of one user."""
    only, user, size = asked.query.one("kind"), asked.query.one("user"), wording.size_of(asked)
    if only not in FILTERS:
        raise NotFoundError
    kind = cast("Any", only or None)  # one of the core's kinds
    page = asked.practice.journal(
        asked.query.number("page", 1), size=size, kind=kind, user=user or None
    )
    if user and user not in page.users:
        raise NotFoundError
    values = {"page": page, "filters": FILTERS, "only": only, "user": user, "size": size}
    return Shown("journal", {**values, "about": about})


def about(entry: JournalEntry) -> list[str]:
    """What else is known of what somebody did, in words."""
    detail, found = entry.detail, list[str]()
    if entry.action in ("add user", "change user", "remove user"):
        found.append(str(detail.get("name", "")))
        if given := [one for one in Right if one in detail.get("rights", ())]:
            found.append(_("may {rights}", rights=words.rights(given)))
        if detail.get("password"):
            found.append(_("new password"))
    if entry.action in ("suppress add", "suppress remove"):
        count = detail.get("added", detail.get("removed", 0))
        found += [
            _.ngettext("{n} address", "{n} addresses", count),
            words.kind(detail.get("kind", "")),
        ]
    if entry.action == "erase":
        found.append(words.messages(detail.get("messages", 0)))
    if entry.action == "purge":
        found += [
            _.ngettext(
                "names and addresses of {n} run",
                "names and addresses of {n} runs",
                detail.get("values", 0),
            ),
            _.ngettext("all of {n} run", "all of {n} runs", detail.get("runs", 0)),
        ]
    if entry.action in ("mark all", "unmark all"):
        found.append(_.ngettext("{n} mark", "{n} marks", detail.get("count", 0)))
    if entry.run is None and isinstance(detail.get("mailing"), str):
        found.append(detail["mailing"])
    return found


_PAGE = Route("/verwaltung/protokoll", journal_page, "administer")
ENTRY = Entry(
    _PAGE,
    _("Journal"),
    _("Who logged in, released, changed or erased something, and when."),
)
ROUTES = (_PAGE,)
