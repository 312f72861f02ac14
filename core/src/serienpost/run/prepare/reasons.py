"""Why rows are not marked, so that rows of which the same is said can be counted together."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Self

from serienpost.contracts.kinds import Unreachable
from serienpost.translation import Text

if TYPE_CHECKING:
    from serienpost.ledger.store import Ledger
    from serienpost.run.prepare.review import Reviewed

# What checks say of a single record, in brackets at the end of the reason.
_DETAILS = re.compile(r" \([^()]*\)(?=\.?⟧*\Z)")
# Digits of the hash that tells apart sentences of one code.
_DIGITS = 8


class _General(str):
    """A reason without its details, in English and as it is said."""

    __slots__ = ("_whole",)
    _whole: str

    def __new__(cls, whole: str) -> Self:
        self = super().__new__(cls, _DETAILS.sub("", str.__str__(whole)))
        self._whole = whole
        return self

    def __str__(self) -> str:
        return _DETAILS.sub("", str(self._whole))


def general(reason: str) -> str:
    """A reason without what it says of a single record."""
    if isinstance(reason, Text):
        return Text("", "{reason}", {"reason": _General(reason)})
    return _DETAILS.sub("", reason)


def because(one: Reviewed, ledger: Ledger) -> str | None:
    """What tells apart why rows are not marked; None for one that is.

    Its code, and a hash of what is said in general: one code may say several things.
    """
    if one.marked:
        return None
    if isinstance(one.address, Unreachable):
        code, reason = f"unreachable.{one.address.code}", one.address.reason
    elif one.unmarked is not None:
        return str(one.unmarked["code"])
    else:
        assert one.decision is not None  # noqa: S101  # reachable rows are judged
        code, reason = one.decision.code, one.decision.reason
    said = str.__str__(general(reason))
    return f"{code}.{ledger.keyed_hash('reason', said)[:_DIGITS]}"
