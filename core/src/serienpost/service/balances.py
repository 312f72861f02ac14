"""What the practice's accounts hold, as their providers said it when a worker asked them last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from serienpost.documents import Record
from serienpost.ledger.states import OPEN_TASK
from serienpost.ledger.tasks import newest_of
from serienpost.run.report.estimate import accounts_with_balance

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from serienpost.ledger.tasks import TaskRow
    from serienpost.service.opened import OpenedPractice

_ASKED = "balances"
# So many times of asking are looked through for an answer.
_LOOKED_AT = 50
# A page asks by itself no more often than this.
_OLD = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Balance(Record):
    """What an account holds.

    Args:
        account: its name.
        amount: credits, less what own orders that the provider holds will cost, as the provider
            said it last; None where it has not, or not in the last week.
        known_at: when it said so.
        asked_at: when it was asked last; None where it never was, or more than a week ago.
        is_asked: a worker is asked to ask it now.
        is_old: nobody asked for it for some minutes, so that a page may.
    """

    account: str
    amount: float | None
    known_at: datetime | None
    asked_at: datetime | None
    is_asked: bool
    is_old: bool

    @property
    def is_unanswered(self) -> bool:
        """Whether the provider did not say it when it was asked last."""
        return self.asked_at is not None and self.asked_at != self.known_at


def balances(practice: OpenedPractice) -> list[Balance]:
    """See `Practice.balances`."""
    accounts = accounts_with_balance(practice.context)
    if not accounts:
        return []
    with practice.ledger.read() as tx:
        rows = newest_of(tx, _ASKED, _LOOKED_AT)
    is_asked = any(row.state in OPEN_TASK for row in rows)
    is_old = not any(row.asked_at > practice.ledger.clock() - _OLD for row in rows)
    done = [row for row in rows if row.state == "done"]
    return [_balance(practice, one, done, is_asked=is_asked, is_old=is_old) for one in accounts]


def _balance(
    practice: OpenedPractice,
    account: str,
    done: Sequence[TaskRow],
    *,
    is_asked: bool,
    is_old: bool,
) -> Balance:
    zone = practice.context.zone
    told = [
        (row.ended_at and row.ended_at.astimezone(zone), (row.detail or {})["balances"][account])
        for row in done
        if account in (row.detail or {}).get("balances", {})
    ]
    asked_at = told[0][0] if told else None
    known_at, amount = next((one for one in told if one[1] is not None), (None, None))
    return Balance(account, amount, known_at, asked_at, is_asked, is_old)
