"""Check: whom a selection would write to, who is allowed to, and who stays marked.

All buttons of the page stand in one form, so that marks are kept whatever is pressed: each one
first sends what was changed on the page that is shown, then does its own.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, cast
from urllib.parse import parse_qs, urlencode

from serienpost import SerienpostError, Texts, joined
from serienpost.service import ReadSelection, SameMailing
from serienpost_web import wording
from serienpost_web.pages.people import FILTERS
from serienpost_web.table import BrokenFormError, Field, Moved, NotFoundError, Route, Shown

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from typing import Literal, TypeAlias
    from zoneinfo import ZoneInfo

    from serienpost import Text
    from serienpost.service import Draft, Selection, SelectionStatus
    from serienpost_web.pages.people import Filter
    from serienpost_web.table import Answer, Asked

    About: TypeAlias = Literal["appointments", "birthdays", "other"]

_ = Texts(__name__)

# Rows of one page, as they can be chosen. "All" is as many as one form can hold.
MOST_AT_ONCE = 1_000
SIZES = (25, 50, 100, MOST_AT_ONCE)
_SIZE = 100
# Signs of what a page says about its own rows.
_MOST_SIGNS = 200_000

COLUMNS: Mapping[str, Text] = {
    "number": _("Number"),
    "name": _("Name"),
    "address": _("Address"),
    "occasion": _("Occasion"),
}
# The address of a kind, as its column is called.
ADDRESSES: Mapping[str, Text] = {
    "email": _("E-mail address"),
    "sms": _("Mobile number"),
    "letter": _("Postal address"),
}
# Purposes of which a person gets one mailing for each occasion; see `Practice.new_draft`.
_ABOUT: Mapping[str, About] = {"appointment": "appointments", "birthday": "birthdays"}


class Look(NamedTuple):
    """Which rows are shown: the page, its size, order and filters."""

    page: int = 1
    size: int = _SIZE
    sort: str = ""
    filter: str = ""
    reason: str = ""

    @classmethod
    def of(
        cls,
        query: Field,
        columns: Collection[str] = tuple(COLUMNS),
        filters: Collection[str] = tuple(FILTERS),
    ) -> Look:
        """What an address says.

        Args:
            query: of the address.
            columns: by which rows can be sorted.
            filters: that there are.

        Raises:
            NotFoundError: what no page of ours says.
        """
        made = cls(
            query.number("page", 1),
            query.number("size", _SIZE),
            query.one("sort", 50),
            query.one("filter", 50),
            query.one("reason", 200),
        )
        is_sortable = not made.sort or made.sort.removeprefix("-") in columns
        if made.size not in SIZES or made.filter not in filters or not is_sortable:
            raise NotFoundError
        return made

    @property
    def query(self) -> str:
        """As it stands in an address, without what is so anyhow."""
        usual = Look()._asdict()
        return urlencode({k: v for k, v in self._asdict().items() if v != usual[k]})

    def but(self, **changed: int | str) -> str:
        """The address of another look; unless a page is named, its first one."""
        return Look(**{**self._asdict(), "page": 1, **changed}).query

    @property
    def rows(self) -> tuple[Filter | None, str | None]:
        """The filters as the selection takes them."""
        return cast("Filter | None", self.filter or None), self.reason or None


def selection_page(asked: Asked) -> Answer:
    """The rows that were found, or how far reading them is."""
    selection = selection_of(asked)
    status = selection.status()
    if is_read(selection, status):
        return Shown("selection_reading", _reading(asked, selection))
    if status.kind is None:
        query = urlencode([(key, one) for key, all_ in asked.query.values.items() for one in all_])
        return Moved(f"/auswahl/{selection.id}/treffer" + (f"?{query}" if query else ""))
    look = Look.of(asked.query)
    only, reason = look.rows
    page = selection.page(
        look.page, size=look.size, sort=look.sort or None, filter=only, reason=reason
    )
    if look.page > page.pages:
        return Moved(f"/auswahl/{selection.id}?{look.but(page=page.pages)}")
    counts = status.counts
    return Shown(
        "selection",
        {
            "selection": status,
            "address": f"/auswahl/{selection.id}",
            "drafts": selection.drafts(),
            "zone": asked.practice.context.zone,
            "may_mark": asked.user.may("prepare"),
            "page": page,
            "look": look,
            "marked_here": json.dumps([one.row for one in page.recipients if one.marked]),
            "reasons": selection.reasons(),
            "shared": _shared(selection, asked.practice.context.zone),
            "columns": {**COLUMNS, "address": ADDRESSES.get(status.kind, COLUMNS["address"])},
            "filters": FILTERS,
            "sizes": SIZES,
            "most": MOST_AT_ONCE,
            "without": counts.reachable - counts.allowed,
            "dropped": asked.query.one("dropped") == "1",
            "totals": {
                "": counts.selected,
                "marked": counts.marked,
                "unmarked": counts.selected - counts.marked,
                "not_allowed": counts.reachable - counts.allowed,
                "unreachable": counts.selected - counts.reachable,
            },
        },
    )


def is_read(selection: Selection, status: SelectionStatus) -> bool:
    """Whether people are being read: also where that has failed, since its worker died, and another
    worker is to go on."""
    if status.state != "failed":
        return status.state == "reading"
    task = selection.task()
    return task is not None and task.is_open


def standing(asked: Asked) -> Answer:
    """The part of the page that changes while people are read."""
    return Shown("selection_standing", _reading(asked, selection_of(asked)))


def _reading(asked: Asked, selection: Selection) -> dict[str, object]:
    """How far reading is, and whether somebody must ask for it once more: the desk died before it
    had asked a worker, or the worker was told not to."""
    task, status = selection.task(), selection.status()
    is_asked = task is not None and task.is_open
    has_worker = any(one.serves for one in asked.practice.workers())
    return {
        "selection": status,
        "task": task,
        "is_read": is_read(selection, status),
        "is_left": status.state == "reading" and not status.is_begun and not is_asked,
        "nobody_reads": not has_worker,
        "address": f"/auswahl/{selection.id}",
    }


def chosen_people(asked: Asked, draft: Draft) -> SelectionStatus | None:
    """Whom a draft writes to, for the part of its page; None where its keys say to whom, or where
    they are gone."""
    if draft.selection is None:
        return None
    try:
        return asked.practice.selection(draft.selection).status()
    except SerienpostError:
        return None


class _Group(NamedTuple):
    """Marked rows that belong together: people at one address, or appointments of one person."""

    names: tuple[str, ...]
    occasions: Text | None


class _Shared(NamedTuple):
    """How many groups of marked rows belong together in one way, and who the first of them are."""

    what: str
    groups: int
    examples: list[_Group]


def _shared(selection: Selection, zone: ZoneInfo) -> list[_Shared]:
    """Of whom somebody who marks should know that they belong together."""

    def group(rows: Sequence[str]) -> _Group:
        found = [one for row in rows for one in selection.explain(row).recipients]
        names = tuple(dict.fromkeys(wording.name_of(one) for one in found))
        is_one = len({one.id for one in found}) == 1
        said = joined(", ", [wording.occasion(one, zone) for one in found])
        return _Group(names, said if is_one else None)

    return [
        _Shared(one.what, one.groups, [group(rows) for rows in one.examples])
        for one in selection.shared()
        if one.what in ("address", "person")
    ]


def check(asked: Asked) -> Answer:
    """Keep the marks of the page, then do what the button says."""
    return pressed(asked, "", DEEDS)


def pressed(
    asked: Asked,
    under: str,
    deeds: Mapping[str, Callable[[Asked, Selection, Look, str], Answer]],
) -> Answer:
    """Keep the marks of the page, then do what the button says.

    Args:
        asked: a form with rows.
        under: where its page stands, from the address of the selection on.
        deeds: what its buttons do; `_here` leads back to the page.
    """
    selection = selection_of(asked)
    said, _sign, value = asked.form.some("do", 500).partition(" ")
    deed = deeds.get(said)
    if deed is None:
        raise BrokenFormError
    look = _look(asked.form.one("look"))
    if said not in ("again", "discard"):
        _keep_marks(asked, selection)
    answer = deed(asked, selection, look, value)
    if isinstance(answer, Moved) and not answer.to.startswith("/"):
        return replace(answer, to=f"/auswahl/{selection.id}{under}{answer.to}")
    return answer


def _keep_marks(asked: Asked, selection: Selection) -> None:
    """Change the rows that were changed on the page; what somebody else changed meanwhile stays."""
    try:
        told = json.loads(asked.form.one("marked", _MOST_SIGNS) or "[]")
    except ValueError as error:
        raise BrokenFormError from error
    if not isinstance(told, list) or not all(isinstance(one, str) for one in told):
        raise BrokenFormError
    before, now = set(told), set(asked.form.all("row"))
    if on := sorted(now - before):
        selection.mark(on)
    if off := sorted(before - now):
        selection.unmark(off)


def _look(said: str) -> Look:
    return Look.of(Field(parse_qs(said)))


def _here(query: str, said: str | None = None) -> Moved:
    """Back to the page that the form stands on."""
    return Moved(f"?{query}" if query else "", said=said)


def _save(_asked: Asked, _selection: Selection, look: Look, _value: str) -> Answer:
    return _here(look.query, "marks_kept")


def _go(_asked: Asked, _selection: Selection, _was: Look, value: str) -> Answer:
    return _here(_look(value).query)


def _all(_asked: Asked, selection: Selection, look: Look, _value: str) -> Answer:
    selection.mark_all(*look.rows)
    is_judged = selection.status().kind is not None
    return _here(look.query, "all_marked" if is_judged else "hits_marked")


def _none(_asked: Asked, selection: Selection, look: Look, _value: str) -> Answer:
    selection.unmark_all(*look.rows)
    return _here(look.query, "none_marked")


def _drop(_asked: Asked, selection: Selection, look: Look, _value: str) -> Answer:
    selection.drop_not_allowed()
    return _here(f"{look.query}&dropped=1" if look.query else "dropped=1")


def _again(asked: Asked, selection: Selection, _look: Look, _value: str) -> Answer:
    selection.ask_again()
    asked.practice.ask(ReadSelection(selection.id))
    return Moved(f"/auswahl/{selection.id}")


def _cancel(_asked: Asked, selection: Selection, _look: Look, _value: str) -> Answer:
    """Back to where one came from: the draft that writes to them, or the hits as they were."""
    for draft in selection.drafts():
        return Moved(f"/entwurf/{draft.id}")
    if selection.status().hits is None:
        return _discard(_asked, selection, _look, _value)
    selection.back()
    return Moved(f"/auswahl/{selection.id}/treffer", said="check_left")


def _discard(_asked: Asked, selection: Selection, _look: Look, _value: str) -> Answer:
    selection.discard()
    return Moved("/auswahl", said="selection_discarded")


def _take(asked: Asked, selection: Selection, _look: Look, _value: str) -> Answer:
    """On to the text; somebody says first whether it goes on with a mailing that there is."""
    status = selection.status()
    if not status.counts.marked:
        return Moved(f"/auswahl/{selection.id}?nobody=1")
    for draft in selection.drafts():
        return Moved(f"/entwurf/{draft.id}")
    answer = asked.form.one("continues", 200)
    made = asked.practice.new_draft(
        about=_ABOUT.get(status.purpose or "", "other"),
        continues=False if answer == "-" else answer or None,
        keys={"account": status.account, "purpose": status.purpose},
        selection=selection.id,
        title="" if answer not in ("", "-") else _title(asked, status.purpose),
    )
    if isinstance(made, SameMailing):
        return Shown("same_mailing", {"selection": status, "question": made}, 422)
    return Moved(f"/entwurf/{made.id}")


def _title(asked: Asked, purpose: str | None) -> str:
    """What a new draft is called until somebody calls it otherwise."""
    what = wording.purpose(purpose) if purpose else _("New message")
    return str(_("{what}, {day}", what=what, day=asked.practice.today()))


# What can be done to hits, too.
SHARED: Mapping[str, Callable[[Asked, Selection, Look, str], Answer]] = {
    "save": _save,
    "go": _go,
    "all": _all,
    "none": _none,
    "again": _again,
    "discard": _discard,
}
DEEDS: Mapping[str, Callable[[Asked, Selection, Look, str], Answer]] = {
    **SHARED,
    "drop": _drop,
    "discard": _cancel,
    "take": _take,
}


def selection_of(asked: Asked) -> Selection:
    """The selection of the path.

    Raises:
        NotFoundError: there is none.
    """
    return asked.found(asked.practice.selection, "selection")


ROUTES: Sequence[Route] = (
    Route("/auswahl/{selection}", selection_page, "read"),
    Route("/auswahl/{selection}/stand", standing, "read", is_polled=True),
    Route("/auswahl/{selection}", check, "prepare", "POST", back="/auswahl/{selection}"),
)
