"""Accounts: who sends, how much it may, and what a worker found when it looked at each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost import Texts
from serienpost.service import CheckAccounts
from serienpost_web.table import Entry, Moved, Route, Shown

if TYPE_CHECKING:
    from serienpost_web.table import Answer, Asked

_ = Texts(__name__)


def list_page(asked: Asked) -> Answer:
    """The accounts with what was found, and where a test of each can be sent."""
    return Shown("accounts", _standing(asked))


def live(asked: Asked) -> Answer:
    """The part of the page that changes while a worker looks."""
    return Shown("accounts_live", _standing(asked))


def _standing(asked: Asked) -> dict[str, object]:
    runs = [one for one in asked.practice.runs(200) if one.state == "prepared"]
    # The newest run of each account comes first, so it is the last to be set.
    tests = {one.account: one.run for one in reversed(runs)}
    return {"found": asked.practice.checked_accounts(), "tests": tests}


def look(asked: Asked) -> Answer:
    """Let a worker look at all accounts."""
    asked.practice.ask(CheckAccounts(), token=asked.form.some("form", 50))
    return Moved(_PATH, said="accounts_asked")


_PATH = "/verwaltung/konten"
_PAGE = Route(_PATH, list_page, "read")
ENTRY = Entry(
    _PAGE,
    _("Accounts"),
    _("Who sends e-mails, SMS and letters here, and whether each is in order."),
)
ROUTES = (
    _PAGE,
    Route(f"{_PATH}/live", live, "read", is_polled=True),
    Route(f"{_PATH}/pruefen", look, "prepare", "POST", back=_PATH),
)
