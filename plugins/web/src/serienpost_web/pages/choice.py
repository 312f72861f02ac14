"""Choose: where people are looked for, with which filters, how and why they are written to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from serienpost import SerienpostError, Texts
from serienpost.service import ReadSelection
from serienpost_web import search_form, wording
from serienpost_web.table import BrokenFormError, Moved, NotFoundError, Route, Shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from serienpost import Practice, Problem
    from serienpost_web.search_form import Input, Tab
    from serienpost_web.table import Answer, Asked

_ = Texts(__name__)

# Selections that wait for somebody, on one page.
_SHOWN = 10


class Action(NamedTuple):
    """A kind of message with the accounts that send it."""

    kind: str
    accounts: list[str]


def choice_page(asked: Asked) -> Answer:
    """The tabs, and the form of one of them."""
    known = search_form.tabs(asked.practice)
    tab = _tab(known, asked.query.one("tab"))
    if tab is None:
        raise NotFoundError
    return _page(asked, known, tab, _inputs(asked, tab))


def choose(asked: Asked) -> Answer:
    """Ask for the people to be read; a worker does that."""
    known = search_form.tabs(asked.practice)
    tab = _tab(known, asked.form.some("tab", 100))
    if tab is None:
        raise BrokenFormError
    filled = search_form.filled(_inputs(asked, tab), asked.form)
    missing = _missing(asked, filled)
    if missing:
        return _page(asked, known, tab, filled, missing=missing)
    practice = asked.practice
    try:
        made = practice.new_selection(
            search_form.blocks(tab, filled),
            account=asked.form.some("account", 200),
            purpose=asked.form.some("purpose", 200),
            due=practice.today(),
        )
    except SerienpostError as error:
        return _page(asked, known, tab, filled, problems=error.problems)
    task = practice.ask(ReadSelection(made.id))
    return Moved(f"/auswahl/{made.id}?task={task.id}")


def _tab(known: Sequence[Tab], name: str) -> Tab | None:
    """The tab of this name, the first one for no name; None where there is none."""
    return next((one for one in known if name in ("", one.name)), None)


def _inputs(asked: Asked, tab: Tab) -> list[Input]:
    may_write = asked.user.may("administer")
    return search_form.inputs(asked.practice, tab, may_write_sql=may_write)


def _missing(asked: Asked, filled: Sequence[Input]) -> dict[str, Any]:
    """What has to be filled in first, by the name of its field."""
    found: dict[str, Any] = {
        one.name: _("Fill this in first.")
        for one in filled
        if one.required and not (any(one.values) or one.first or one.last)
    }
    asked_for = {"account": _("Say how it is sent."), "purpose": _("Say what it is for.")}
    found |= {name: said for name, said in asked_for.items() if not asked.form.one(name)}
    return found


def _page(
    asked: Asked,
    known: Sequence[Tab],
    tab: Tab,
    filters: Sequence[Input],
    *,
    missing: dict[str, Any] | None = None,
    problems: Sequence[Problem] = (),
) -> Shown:
    open_ones = asked.practice.selections()[:_SHOWN] if not (missing or problems) else []
    values = {
        "tabs_here": known,
        "tab": tab,
        "usual": [one for one in filters if not one.rare],
        "rare": [one for one in filters if one.rare],
        "actions": _actions(asked.practice),
        "purposes": asked.practice.context.config.purposes_known(),
        "account": asked.form.one("account"),
        "purpose": asked.form.one("purpose"),
        "missing": missing or {},
        "problems": problems,
        "chosen_before": open_ones,
    }
    return Shown("choice", values, 422 if missing or problems else 200)


def _actions(practice: Practice) -> list[Action]:
    """The accounts of the practice by the kind of message that they send."""
    registry = practice.context.registry
    found: dict[str, list[str]] = {}
    for name, account in practice.context.config.accounts.items():
        kind = registry.kind(registry.channels[account.channel]).name
        found.setdefault(kind, []).append(name)
    order = [
        *(one for one in wording.ACTIONS if one in found),
        *sorted(found.keys() - wording.ACTIONS),
    ]
    return [Action(kind, found[kind]) for kind in order]


ROUTES = (
    Route("/auswahl", choice_page, "prepare", tab=_("Choose")),
    Route("/auswahl", choose, "prepare", "POST", back="/auswahl"),
)
