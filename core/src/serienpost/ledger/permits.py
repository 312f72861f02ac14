"""Permits: how many messages an account may send now. The one limiter, kept over restarts."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import or_

from serienpost.ledger.schema import account, permit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from serienpost.contracts.accounts import Rate
    from serienpost.ledger.store import Tx

# Permits are kept so long, whatever the rates are: one that is added later, or made longer, counts
# them too. A day is the longest unit that `rate:` knows.
LONGEST_WINDOW = timedelta(days=1)


def take_permits(
    tx: Tx, name: str, rates: Sequence[Rate], wanted: int, *, spread: bool = False
) -> tuple[int, datetime | None]:
    """Give up to `wanted` permits of an account, in this transaction.

    For each rate `n per window`, any n+1 consecutive permits span at least the window: the permit
    n places before a new one must be at least a window old. A stamp is never before the last one,
    so a clock set back gives nothing away.

    Returns:
        How many were given, and if fewer than wanted, when the next one can be had.
    """
    if not rates or wanted <= 0:
        return wanted, None
    tx.insert_new(account, [{"account": name, "last_permit": 0, "last_stamp": None}])
    mine = account.c.account == name
    row = tx.first(tx.select(account).where(mine).with_for_update())
    assert row is not None  # noqa: S101  # inserted above
    stamp = max(tx.now, row.last_stamp or tx.now)
    recent = _looked_back_to(tx, name, row.last_permit, rates, wanted)
    given = 0
    free_at: datetime | None = None
    while given < wanted:
        free_at = _free_at(recent, row.last_permit + given + 1, rates, spread=spread)
        if free_at and free_at > stamp:
            break
        given += 1
        recent[row.last_permit + given] = stamp
        free_at = None
    if given:
        last = row.last_permit + given
        tx.insert(
            permit,
            [
                {"account": name, "seq": seq, "stamp": stamp}
                for seq in range(row.last_permit + 1, last + 1)
            ],
        )
        tx.execute(tx.update(account).where(mine).values(last_permit=last, last_stamp=stamp))
        longest = max(rate.count for rate in rates)
        _forget(tx, name, last - longest, stamp - LONGEST_WINDOW, 2 * given)
    return given, free_at


def _looked_back_to(
    tx: Tx, name: str, last: int, rates: Sequence[Rate], wanted: int
) -> dict[int, datetime]:
    """Stamps of the last permit and of those one window before each of the wanted ones."""
    c = permit.c
    places = [c.seq.between(last + 1 - rate.count, last + wanted - rate.count) for rate in rates]
    found = tx.all(
        tx.select(permit, c.seq, c.stamp).where(c.account == name, or_(c.seq == last, *places))
    )
    return {row.seq: row.stamp for row in found}


def _forget(tx: Tx, name: str, unused: int, before: datetime, limit: int) -> None:
    """Delete up to `limit` of the oldest permits that no rate looks back to, now or later."""
    oldest = tx.select(permit, permit.c.seq).where(permit.c.account == name)
    tx.execute(
        tx.delete(permit).where(
            permit.c.account == name,
            permit.c.seq.in_(oldest.order_by(permit.c.seq).limit(limit)),
            permit.c.seq <= unused,
            permit.c.stamp <= before,
        )
    )


def _free_at(
    recent: dict[int, datetime], seq: int, rates: Sequence[Rate], *, spread: bool
) -> datetime | None:
    """The earliest moment for permit number `seq`; None if nothing holds it back."""
    moments = []
    for rate in rates:
        earlier = recent.get(seq - rate.count)
        if earlier:
            moments.append(earlier + timedelta(seconds=rate.seconds))
        before = recent.get(seq - 1)
        if spread and before:
            moments.append(before + timedelta(seconds=rate.seconds / rate.count))
    return max(moments, default=None)
