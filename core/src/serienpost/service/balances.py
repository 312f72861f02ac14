"""What the practice's accounts hold, as their providers said it when a worker asked them last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from serienpost.documents import Record
from serienpost.ledger.states import OPEN_TASK
from serienpost.ledger.tasks import newest_task
from serienpost.run.report.estimate import accounts_with_balance

if TYPE_CHECKING:
    from datetime import datetime

    from serienpost.service.opened import OpenedPractice

_ASKED = "balances"


@dataclass(frozen=True, slots=True)
class Balance(Record):
    """What an account holds.

    Args:
        account: its name.
        amount: credits, less what own orders that the provider holds will cost; None where nobody
            asked, or the provider did not answer.
        asked_at: when it was asked last; None where it never was, or more than a week ago.
        is_asked: a worker is asked to ask it now.
    """

    account: str
    amount: float | None
    asked_at: datetime | None
    is_asked: bool


def balances(practice: OpenedPractice) -> list[Balance]:
    """See `Practice.balances`."""
    accounts = accounts_with_balance(practice.context)
    if not accounts:
        return []
    with practice.ledger.read() as tx:
        last = newest_task(tx, _ASKED, "done")
        is_asked = newest_task(tx, _ASKED, *OPEN_TASK) is not None
    known = (last.detail or {}).get("balances", {}) if last else {}
    at = last.ended_at.astimezone(practice.context.zone) if last and last.ended_at else None
    return [
        Balance(one, known.get(one), at if one in known else None, is_asked) for one in accounts
    ]
