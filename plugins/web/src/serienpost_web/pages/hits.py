"""Hits: the people whom a search found, before anybody says how and why they are written to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from serienpost import SerienpostError, Texts
from serienpost.service import ReadSelection, accounts
from serienpost_web import wording
from serienpost_web.pages.people import FILTERS
from serienpost_web.pages.selection import (
    COLUMNS,
    MOST_AT_ONCE,
    SHARED,
    SIZES,
    Look,
    is_read,
    pressed,
    selection_of,
)
from serienpost_web.table import Moved, Route, Shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from serienpost import Practice, Problem, Text
    from serienpost.service import AccountLine, Selection, SelectionStatus
    from serienpost_web.table import Answer, Asked

_ = Texts(__name__)

_COLUMNS = {name: COLUMNS[name] for name in ("number", "name", "occasion")}
_FILTERS: Mapping[str, Text] = {
    "": FILTERS[""],
    "marked": _("Marked"),
    "unmarked": _("Not marked"),
}


class Action(NamedTuple):
    """A kind of message with the accounts that send it."""

    kind: str
    accounts: list[AccountLine]


def hits_page(asked: Asked) -> Answer:
    """The hits, with number, name and occasion alone."""
    selection = selection_of(asked)
    status = selection.status()
    if status.kind is not None or is_read(selection, status):
        return Moved(f"/auswahl/{selection.id}")
    look = _look(asked)
    page = selection.page(look.page, size=look.size, sort=look.sort or None, filter=look.rows[0])
    if look.page > page.pages:
        return Moved(f"{_address(selection)}?{look.but(page=page.pages)}")
    counts = status.counts
    return Shown(
        "hits",
        {
            "selection": status,
            "address": _address(selection),
            "may_mark": asked.user.may("prepare"),
            "page": page,
            "look": look,
            "marked_here": json.dumps([one.row for one in page.recipients if one.marked]),
            "columns": _COLUMNS,
            "filters": _FILTERS,
            "sizes": SIZES,
            "most": MOST_AT_ONCE,
            "zone": asked.practice.context.zone,
            "totals": {
                "": counts.selected,
                "marked": counts.marked,
                "unmarked": counts.selected - counts.marked,
            },
        },
    )


def _look(asked: Asked) -> Look:
    return Look.of(asked.query, columns=_COLUMNS, filters=_FILTERS)


def _address(selection: Selection) -> str:
    return f"/auswahl/{selection.id}/treffer"


def mark(asked: Asked) -> Answer:
    """Keep the marks of the page, then do what the button says."""
    return pressed(asked, "/treffer", DEEDS)


def _action(_asked: Asked, selection: Selection, look: Look, _value: str) -> Answer:
    """On to the question how and why they are written to."""
    if not selection.status().counts.marked:
        query = f"{look.query}&nobody=1" if look.query else "nobody=1"
        return Moved(f"{_address(selection)}?{query}")
    return Moved(f"/auswahl/{selection.id}/aktion")


DEEDS: Mapping[str, Callable[[Asked, Selection, Look, str], Answer]] = {
    **SHARED,
    "action": _action,
}


def action_page(asked: Asked) -> Answer:
    """Which kind of message, from which account, for which purpose."""
    selection = selection_of(asked)
    status = selection.status()
    if status.state != "found":
        return Moved(f"/auswahl/{selection.id}")
    return _action_page(asked, status)


def choose_action(asked: Asked) -> Answer:
    """Ask for the marked hits to be checked; a worker does that. Where that was asked already, by
    a form whose answer was lost, it leads there."""
    selection = selection_of(asked)
    status = selection.status()
    if status.state not in ("found", "reading") or (status.is_begun and status.state == "reading"):
        return Moved(f"/auswahl/{selection.id}")
    wanted = {
        "account": (asked.form.one("account"), _("Say how it is sent.")),
        "purpose": (asked.form.one("purpose"), _("Say what it is for.")),
    }
    missing = {name: said for name, (given, said) in wanted.items() if not given}
    if missing:
        return _action_page(asked, status, missing=missing)
    try:
        if status.state == "found":
            selection.ask_to_check(account=wanted["account"][0], purpose=wanted["purpose"][0])
    except SerienpostError as error:
        return _action_page(asked, status, problems=error.problems)
    asked.practice.ask(ReadSelection(selection.id), token=asked.form.one("form"))
    return Moved(f"/auswahl/{selection.id}")


def _action_page(
    asked: Asked,
    status: SelectionStatus,
    *,
    missing: Mapping[str, Any] | None = None,
    problems: Sequence[Problem] = (),
) -> Shown:
    values = {
        "selection": status,
        "actions": _actions(asked.practice),
        "purposes": asked.practice.context.config.purposes_known(),
        "account": asked.form.one("account"),
        "purpose": asked.form.one("purpose"),
        "missing": missing or {},
        "problems": problems,
    }
    return Shown("action", values, 422 if missing or problems else 200)


def _actions(practice: Practice) -> list[Action]:
    """The accounts of the practice by the kind of message that they send."""
    found: dict[str, list[AccountLine]] = {}
    for one in accounts(practice):
        found.setdefault(one.kind, []).append(one)
    order = [
        *(kind for kind in wording.ACTIONS if kind in found),
        *sorted(found.keys() - wording.ACTIONS),
    ]
    return [Action(kind, found[kind]) for kind in order]


ROUTES: Sequence[Route] = (
    Route("/auswahl/{selection}/treffer", hits_page, "read"),
    Route(
        "/auswahl/{selection}/treffer",
        mark,
        "prepare",
        "POST",
        back="/auswahl/{selection}/treffer",
    ),
    Route("/auswahl/{selection}/aktion", action_page, "prepare"),
    Route(
        "/auswahl/{selection}/aktion",
        choose_action,
        "prepare",
        "POST",
        back="/auswahl/{selection}/aktion",
    ),
)
