"""What the terms of all records of a person say together; the same few occur again and again."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from serienpost_consent_register.records import Terms

# What stands in `zweck` where somebody agreed to every purpose. An empty one agrees to none.
ALL_PURPOSES = frozenset({"alle", "all", "*"})


class Standing(NamedTuple):
    """Which records matter for one kind of contact and one purpose, as positions among all.

    Args:
        consents: those for the purpose that nobody took back, the latest first.
        withdrawal: where none is left, the one that took them back.
        others: where there was none for the purpose ever, those for the kind of contact.
    """

    consents: tuple[int, ...] = ()
    withdrawal: int | None = None
    others: tuple[int, ...] = ()


@lru_cache(maxsize=4096)
def standing(terms: tuple[Terms, ...], kind: str, purpose: str) -> Standing:
    """What these terms say.

    A withdrawal takes back every consent for the purpose that was given until its day, and those
    without a day.
    """
    of_kind = tuple(i for i, one in enumerate(terms) if one.kind == kind)
    purposes = ALL_PURPOSES | {purpose.casefold()}
    signed = [i for i in of_kind if terms[i].purpose in purposes]
    if not signed:
        return Standing(others=of_kind)
    withdrawn = {i: day for i in signed if (day := terms[i].withdrawn)}
    last = max(withdrawn.values(), default=None)
    given = {i: terms[i].given for i in signed if i not in withdrawn}
    if last is not None:
        given = {i: day for i, day in given.items() if day and day > last}
        if not given:
            return Standing(withdrawal=max(withdrawn, key=withdrawn.__getitem__))
    return Standing(tuple(sorted(given, key=lambda i: given[i] or date.min, reverse=True)))
