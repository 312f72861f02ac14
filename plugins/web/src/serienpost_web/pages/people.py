"""Whom a run goes to: each row with its number, name, address, and whether it is allowed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from serienpost import Texts
from serienpost_web.table import NotFoundError, Route, Shown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal, TypeAlias

    from serienpost import Text
    from serienpost_web.table import Answer, Asked

    Filter: TypeAlias = Literal["marked", "unmarked", "unreachable", "not_allowed"]

_ = Texts(__name__)

# Rows of one page.
SIZE = 100

FILTERS: Mapping[str, Text] = {
    "": _("All"),
    "marked": _("Get it"),
    "unmarked": _("Do not get it"),
    "not_allowed": _("Not allowed"),
    "unreachable": _("Not reachable"),
}
# Columns by which the rows can be sorted, as they stand on the page.
COLUMNS: Mapping[str, Text] = {
    "marked": _.pgettext("column of people", "Gets it"),
    "number": _("Number"),
    "name": _("Name"),
    "address": _("Address"),
    "allowed": _.pgettext("column of people", "Allowed"),
}


def people_page(asked: Asked) -> Answer:
    """One page of the rows, sorted and filtered."""
    run = asked.run()
    only, sort = asked.query.one("filter"), asked.query.one("sort")
    if only not in FILTERS or (sort and sort.removeprefix("-") not in COLUMNS):
        raise NotFoundError
    chosen = cast("Filter | None", only or None)
    page = run.review(asked.query.number("page", 1), sort or None, chosen, size=SIZE)
    names = run.names(
        [one.row for one in page.recipients], [one.why_not for one in page.recipients]
    )
    selected, reachable, allowed, marked = run.counts()
    return Shown(
        "people",
        {
            "run": run.status(),
            "page": replace(page, recipients=names.named(page.recipients)),
            "names": names,
            "only": only,
            "sort": sort,
            "filters": FILTERS,
            "columns": COLUMNS,
            "totals": {
                "": selected,
                "marked": marked,
                "unmarked": selected - marked,
                "not_allowed": reachable - allowed,
                "unreachable": selected - reachable,
            },
        },
    )


ROUTES = (Route("/runs/{run}/people", people_page, "read"),)
