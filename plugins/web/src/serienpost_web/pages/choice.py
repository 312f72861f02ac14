"""Choose: where people are looked for, and with which filters."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from serienpost import SerienpostError, Texts
from serienpost.service import ReadSelection
from serienpost_web import search_form
from serienpost_web.table import BrokenFormError, Moved, NotFoundError, Route, Shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from serienpost import Problem
    from serienpost.service import UploadedFile
    from serienpost_web.search_form import Input, Tab
    from serienpost_web.table import Answer, Asked

_ = Texts(__name__)

# The source that reads people from a file.
LISTS = "table"

# Selections that wait for somebody, on one page.
_SHOWN = 10


def choice_page(asked: Asked) -> Answer:
    """The tabs, and the form of one of them."""
    known = search_form.tabs(asked.practice)
    tab = _tab(known, asked.query.one("tab"))
    if tab is None:
        raise NotFoundError
    return _page(asked, known, tab, _inputs(asked, tab))


def choose(asked: Asked) -> Answer:
    """Ask for the people to be found; a worker does that."""
    known = search_form.tabs(asked.practice)
    tab = _tab(known, asked.form.some("tab", 100))
    if tab is None:
        raise BrokenFormError
    filled = search_form.filled(_inputs(asked, tab), asked.form)
    practice, given = asked.practice, None
    try:
        if tab.source == LISTS:
            given = _list(asked)
            filled = search_form.without_file(filled) if given else filled
        due = _due(asked)
        missing = _missing(filled, due)
        if tab.source == LISTS and given is None and not asked.form.one("file"):
            missing["list"] = _("Choose a list.")
        if missing:
            return _page(asked, known, tab, filled, missing=missing, given=given)
        blocks = search_form.blocks(tab, filled)
        made = practice.find_people(
            [{**one, "file": given.reference} for one in blocks] if given else blocks, due=due
        )
    except SerienpostError as error:
        return _page(asked, known, tab, filled, problems=error.problems, given=given)
    practice.ask(ReadSelection(made.id))
    return Moved(f"/auswahl/{made.id}")


def _list(asked: Asked) -> UploadedFile | None:
    """The list that came with the form, or came with it before and waits.

    Raises:
        SerienpostError: it is none, or too large; or it does not wait any more.
    """
    if asked.form.file:
        return asked.practice.add_list(asked.form.file.name, asked.form.file.stream)
    given = asked.form.one("given", 100)
    return asked.practice.waiting_list(given) if given else None


def _due(asked: Asked) -> date | None:
    """The day that relative days count from; today unless somebody says another."""
    said = asked.form.one("due", 20)
    try:
        return date.fromisoformat(said) if said else asked.practice.today()
    except ValueError:
        return None


def _tab(known: Sequence[Tab], name: str) -> Tab | None:
    """The tab of this name, the first one for no name; None where there is none."""
    return next((one for one in known if name in ("", one.name)), None)


def _inputs(asked: Asked, tab: Tab) -> list[Input]:
    may_write = asked.user.may("administer")
    return search_form.inputs(asked.practice, tab, may_write_sql=may_write)


def _missing(filled: Sequence[Input], due: date | None) -> dict[str, Any]:
    """What has to be filled in first, by the name of its field."""
    found: dict[str, Any] = {
        one.name: _("Fill this in first.")
        for one in filled
        if one.required and not (any(one.values) or one.first or one.last)
    }
    if due is None:
        found["due"] = _("Choose a day.")
    return found


def _page(
    asked: Asked,
    known: Sequence[Tab],
    tab: Tab,
    filters: Sequence[Input],
    *,
    missing: dict[str, Any] | None = None,
    problems: Sequence[Problem] = (),
    given: UploadedFile | None = None,
) -> Shown:
    open_ones = asked.practice.selections()[:_SHOWN] if not (missing or problems) else []
    values = {
        "tabs_here": known,
        "tab": tab,
        "usual": [one for one in filters if not one.rare],
        "rare": [one for one in filters if one.rare],
        "takes_list": tab.source == LISTS,
        "given": given,
        "due": asked.form.one("due", 20) or asked.practice.today().isoformat(),
        "missing": missing or {},
        "problems": problems,
        "chosen_before": open_ones,
    }
    return Shown("choice", values, 422 if missing or problems else 200)


ROUTES = (
    Route("/auswahl", choice_page, "prepare", tab=_("Choose")),
    Route("/auswahl", choose, "prepare", "POST", back="/auswahl", takes_file=True),
)
