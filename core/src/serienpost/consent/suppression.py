"""The suppression list: addresses that must not be written to, kept as keyed hashes."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from serienpost import words
from serienpost.contracts.consent import Abstain, Deny
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Select

    from serienpost.context import PracticeContext
    from serienpost.contracts.consent import ConsentQuestion, Verdict

_ = Texts(__name__)

_NOTHING = Abstain()

# The last part is for the command line alone.
_RETURNED = _(
    "ask the person for another address and enter it in the master data;"
    " serienpost suppress remove ADDRESS, if it is right after all"
)
_OBJECTED = _(
    "only the person can change it by wishing explicitly for messages again; whoever looks after"
    " serienpost then takes the address off the list; serienpost suppress remove ADDRESS"
)


class SuppressionCheck:
    """Denies addresses on the practice's suppression list; never overridable."""

    name = "suppression"

    def check(
        self, context: PracticeContext, questions: Sequence[ConsentQuestion]
    ) -> Sequence[Verdict]:
        """One batched look-up by keyed hash of kind and address."""
        from serienpost.ledger.store import open_ledger

        ledger = open_ledger(context)
        with ledger.read() as tx:
            listed = tx.find(_list(), most=len(questions))
            if not listed:
                return [_NOTHING] * len(questions)
            keys = [(q.kind, ledger.address_hash(q.kind, q.address)) for q in questions]
            if len(listed) == len(questions):
                listed = tx.find(_among(), hashes=list({key for _, key in keys}))
        reasons = {(entry.kind, entry.address_hash): entry.reason for entry in listed}
        if reasons.keys().isdisjoint(keys):
            return [_NOTHING] * len(questions)
        return [_denial(reasons[key]) if key in reasons else _NOTHING for key in keys]


@cache
def _list() -> Select[Any]:
    """The list, or as much of it as there are questions: then it is asked for by hash instead."""
    from sqlalchemy import bindparam

    return _entries().limit(bindparam("most"))


@cache
def _among() -> Select[Any]:
    """The entries with one of the hashes."""
    from sqlalchemy import bindparam

    from serienpost.ledger.schema import suppression

    return _entries().where(suppression.c.address_hash.in_(bindparam("hashes", expanding=True)))


def _entries() -> Select[Any]:
    from sqlalchemy import select

    from serienpost.ledger.batch import PRACTICE
    from serienpost.ledger.schema import suppression

    c = suppression.c
    return select(c.kind, c.address_hash, c.reason).where(c.practice == PRACTICE)


@cache
def _denial(reason: str) -> Deny:
    return Deny(
        f"suppressed_{reason}",
        _("on the suppression list: {reason}", reason=words.why_suppressed(reason)),
        _RETURNED if reason == "bounce" else _OBJECTED,
    )
