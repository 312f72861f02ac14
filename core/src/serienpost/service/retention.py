"""How long what is kept, what is over its time now, and whether a worker is asked to remove it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from serienpost.ledger.journal import journal_page
from serienpost.ledger.states import OPEN_TASK
from serienpost.ledger.tasks import newest_task
from serienpost.ledger.users import log_ins_before
from serienpost.run.report.retention import PURGE, expired

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta

    from serienpost.service.opened import OpenedPractice


@dataclass(frozen=True, slots=True)
class Expiring:
    """One sort of what is kept for a time.

    Args:
        what: `values` of runs that are over, whole runs (`messages`), runs that nobody approved
            (`unapproved`), `drafts` that nobody saved, `selections` of people, `log_ins`.
        after: how long it is kept.
        count: how many `purge` would remove now.
        oldest: from when the time of the oldest of them counts; None for none.
    """

    what: Literal["values", "messages", "unapproved", "drafts", "selections", "log_ins"]
    after: timedelta
    count: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True)
class RetentionStatus:
    """How long what is kept, and what is over its time.

    Args:
        expiring: each sort.
        purged_at: when it was purged the last time; None where it never was.
        purged_by: by whom, as an actor.
        is_asked: a worker is asked to purge now.
        reason: why the purge that was asked for last has failed, in the reader's language.
    """

    expiring: tuple[Expiring, ...]
    purged_at: datetime | None
    purged_by: str | None
    is_asked: bool
    reason: str | None


def retention(practice: OpenedPractice) -> RetentionStatus:
    """See `Practice.retention`."""
    keep, zone = practice.context.config.retention, practice.context.zone

    def first(times: Mapping[str, datetime]) -> datetime | None:
        return min(times.values()).astimezone(zone) if times else None

    with practice.ledger.read() as tx:
        over = expired(tx, keep)
        count, began = log_ins_before(tx, tx.now - keep.values)
        _total, purges = journal_page(tx, 1, 1, only=(PURGE,))
        asked = newest_task(tx, PURGE, *OPEN_TASK)
        failed = newest_task(tx, PURGE, "failed", "done", "cancelled")
    last = purges[0] if purges else None
    return RetentionStatus(
        expiring=(
            Expiring("values", keep.values, len(over.values), first(over.values)),
            Expiring("messages", keep.messages, len(over.messages), first(over.messages)),
            Expiring("unapproved", keep.unapproved, len(over.unapproved), first(over.unapproved)),
            Expiring("drafts", keep.unapproved, len(over.drafts), first(over.drafts)),
            Expiring("selections", keep.unapproved, len(over.selections), first(over.selections)),
            Expiring("log_ins", keep.values, count, began.astimezone(zone) if began else None),
        ),
        purged_at=last.at.astimezone(zone) if last else None,
        purged_by=last.user if last else None,
        is_asked=asked is not None,
        reason=failed.reason if failed and failed.state == "failed" else None,
    )
