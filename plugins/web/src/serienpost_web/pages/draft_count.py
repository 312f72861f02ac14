"""What the messages of a draft would cost, while somebody writes: the script asks, or a button.

The core counts, as for a run; the page says how much of it is certain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from serienpost import SerienpostError
from serienpost.service import abilities, accounts
from serienpost_web.draft_form import keys_of
from serienpost_web.pages.selection import chosen_people
from serienpost_web.table import Route, Shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from serienpost.service import AccountLine, Draft, SelectionStatus
    from serienpost_web.table import Answer, Asked

# What a draft is of whose account nobody has named.
_EMAIL = "email"


def sends(
    known: Sequence[AccountLine], keys: Mapping[str, Any], chosen: SelectionStatus | None
) -> tuple[str, str | None]:
    """Which kind of message a draft is, and an account that sends such.

    Args:
        known: the accounts that there are.
        keys: of the draft.
        chosen: whom it writes to, who were checked for a kind.
    """
    named = next((one for one in known if one.name == keys.get("account")), None)
    kind = named.kind if named else (chosen and chosen.kind) or _EMAIL
    some = named or next((one for one in known if one.kind == kind), None)
    return kind, some.name if some else None


def written_keys(asked: Asked, draft: Draft) -> dict[str, Any]:
    """The keys of the draft with what stands in the form over them."""
    kind, _account = sends(accounts(asked.practice), draft.keys, chosen_people(asked, draft))
    people = draft.selection is not None
    return keys_of(asked.practice, asked.form, draft.keys, kind, people=people)


def counted(asked: Asked) -> Answer:
    """The part of the page, for what stands in the form now; nothing is saved."""
    draft = asked.draft()
    return Shown("draft_count", counted_for(asked, draft.written(written_keys(asked, draft))))


def counted_for(asked: Asked, draft: Draft) -> dict[str, Any]:
    """What the part of the page shows."""
    chosen = chosen_people(asked, draft)
    _kind, account = sends(accounts(asked.practice), draft.keys, chosen)
    values = nothing_counted(asked, account)
    if not values["can"] or not values["can"].is_counted:
        return values
    try:
        day = asked.form.one("due", 100).strip()
        found = draft.count(asked.practice.day(day) if day else None)
    except SerienpostError as error:
        return values | {"uncounted": error.problems}
    expected = chosen.counts.marked if chosen and draft.selection else None
    return values | {"counted": found, "expected": expected}


def nothing_counted(asked: Asked, account: str | None) -> dict[str, Any]:
    """The part of the page before anything is counted: what the account holds."""
    held = (one for one in asked.practice.balances() if one.account == account)
    return {
        "can": abilities(asked.practice, account) if account else None,
        "counted": None,
        "uncounted": (),
        "expected": None,
        "balance": next(held, None),
    }


ROUTES = (
    Route(
        "/entwurf/{draft}/berechnen",
        counted,
        "prepare",
        "POST",
        back="/entwurf/{draft}",
        is_polled=True,
    ),
)
