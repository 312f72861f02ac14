"""How long what is kept, what is over its time, and to have it removed now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost import Texts
from serienpost.service import Purge
from serienpost_web.table import Entry, Moved, Route, Shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from serienpost import Text
    from serienpost_web.table import Answer, Asked

_ = Texts(__name__)

# Each sort of what is kept for a time, in the words of a practice.
SORTS: Mapping[str, Text] = {
    "values": _("Names, addresses and what went into the text, of finished and cancelled runs"),
    "messages": _("The runs themselves: counts, what became of each message, who released it"),
    "unapproved": _("Runs that nobody released"),
    "drafts": _("Drafts that nobody saved since, with their files"),
    "selections": _("People who were chosen and not written to"),
    "log_ins": _("Who logged in here"),
}


def retention_page(asked: Asked) -> Answer:
    """The times, what is over them now, and the button."""
    return Shown("retention", _standing(asked))


def live(asked: Asked) -> Answer:
    """The part of the page that changes while a worker removes."""
    return Shown("retention_live", _standing(asked))


def _standing(asked: Asked) -> dict[str, object]:
    return {"retention": asked.practice.retention(), "sorts": SORTS}


def purge_page(asked: Asked) -> Answer:
    """The step before: what goes, and that nothing brings it back."""
    return Shown("purge", _standing(asked))


def purge(asked: Asked) -> Answer:
    """Let a worker remove what is over its time."""
    asked.practice.ask(Purge(), token=asked.form.some("form", 50))
    return Moved("/verwaltung/aufbewahrung", said="purging")


_PATH = "/verwaltung/aufbewahrung"
_PAGE = Route(_PATH, retention_page, "read")
ENTRY = Entry(
    _PAGE,
    _("Retention"),
    _("How long what is kept, and what is to be removed by now."),
)
ROUTES = (
    _PAGE,
    Route(f"{_PATH}/live", live, "read", is_polled=True),
    Route(f"{_PATH}/loeschen", purge_page, "administer"),
    Route(f"{_PATH}/loeschen", purge, "administer", "POST", back=f"{_PATH}/loeschen"),
)
