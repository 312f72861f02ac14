"""Who is told by mail of what: noted when it arises, claimed right before a mail leaves.

Of processes that note the same, one claims it; whoever dies between the claim and the mail leaves
it waiting, and it is claimed again after an hour. So a cause gives one mail an hour at most.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import or_

from serienpost.ledger.schema import notification
from serienpost.ledger.store import AHEAD

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from sqlalchemy import ColumnElement

    from serienpost.ledger.store import Tx

# Between two mails about the same.
PAUSE = timedelta(hours=1)
# So long it is known that somebody was told, and so long what cannot be told waits.
KEPT = timedelta(days=1)


def can_note(tx: Tx) -> bool:
    """Whether the ledger can hold it; an older one with open runs cannot."""
    return tx.has(notification)


def unnoted(tx: Tx, causes: Iterable[str], once: Collection[str]) -> list[str]:
    """Those that do not wait and were not told within the hour, of `once` not ever: what
    still stands after it arises again."""
    c = notification.c
    wanted = sorted(set(causes))
    rows = tx.all(tx.select(notification, c.cause, c.waits, c.at).where(c.cause.in_(wanted)))
    fresh = tx.now - PAUSE
    right = [row for row in rows if row.at <= tx.now + AHEAD]  # else by a clock that was ahead
    known = {row.cause for row in right if row.waits or row.at > fresh or row.cause in once}
    return [one for one in wanted if one not in known]


def note(tx: Tx, causes: Sequence[str]) -> None:
    """Let these causes wait to be told."""
    new = [{"cause": one, "at": tx.now - PAUSE, "waits": True} for one in causes]
    tx.insert_new(notification, new)
    old = notification.c.cause.in_(causes), _is_ripe(tx)
    tx.execute(tx.update(notification).where(*old).values(waits=True))


def waiting(tx: Tx) -> list[str]:
    """The causes that may be told now."""
    c = notification.c
    ripe = tx.select(notification, c.cause).where(c.waits, _is_ripe(tx))
    return [row.cause for row in tx.all(ripe.order_by(c.cause))]


def claim(tx: Tx, causes: Iterable[str]) -> list[str]:
    """Those that this process alone is about to tell, from the end of this transaction."""
    c = notification.c
    change = tx.update(notification).where(c.waits, _is_ripe(tx)).values(at=tx.now)
    return [one for one in sorted(causes) if tx.execute(change.where(c.cause == one))]


def _is_ripe(tx: Tx) -> ColumnElement[bool]:
    """Begun an hour ago, or by a clock that was ahead."""
    at = notification.c.at
    return or_(at <= tx.now - PAUSE, at > tx.now + AHEAD)


def end(tx: Tx, causes: Iterable[str]) -> None:
    """These are told, or there is nothing to tell any more."""
    found = notification.c.cause.in_(sorted(causes))
    tx.execute(tx.update(notification).where(found).values(waits=False))


def forget_told(tx: Tx) -> None:
    """Remove what is older than a day."""
    if can_note(tx):
        tx.execute(tx.delete(notification).where(notification.c.at < tx.now - KEPT))
