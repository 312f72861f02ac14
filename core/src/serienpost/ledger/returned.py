"""Addresses whose mail keeps coming back for reasons that are no definite fault of theirs."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import func

from serienpost.ledger.schema import event, journal, message, run, suppression

if TYPE_CHECKING:
    from serienpost.ledger.store import Tx

# So many messages, the first and the last so far apart, are for a person to decide about.
TIMES = 3
APART = timedelta(days=14)

# The journal's word for a person's decision to write to an address, kept with its hash.
KEPT = "suppress remove"


class KeepsReturning(NamedTuple):
    """Whose mail keeps coming back: the newest message, how many came back, over how many days."""

    kind: str
    run: str
    row: str
    times: int
    days: int


def keeps_returning(tx: Tx) -> list[KeepsReturning]:
    """Those about whom a person should decide: not on the suppression list, at least three messages
    came back over two weeks or more, none was reported as delivered and nobody decided since."""
    returned = _returned(tx)
    if not returned:
        return []
    listed = {(row.kind, row.address_hash) for row in tx.all(tx.select(suppression))}
    kept = _kept(tx)
    found = []
    for (kind, address_hash), events in returned.items():
        if (kind, address_hash) in listed:
            continue
        since = [at for at, what, *_ in events if what == "delivered"]
        since += kept.get(address_hash, [])
        begin = max(since, default=None)
        back: dict[tuple[str, int], tuple[datetime, str]] = {}
        for at, what, run_id, no, row in events:
            if what == "bounced" and (begin is None or at > begin):
                back.setdefault((run_id, no), (at, row))
        times = sorted((at, run_id, row) for (run_id, _), (at, row) in back.items())
        if len(times) >= TIMES and times[-1][0] - times[0][0] >= APART:
            days = (times[-1][0] - times[0][0]).days
            found.append(KeepsReturning(kind, times[-1][1], times[-1][2], len(times), days))
    return sorted(found)


_Told = tuple[datetime, str, str, int, str]


def _returned(tx: Tx) -> dict[tuple[str, str], list[_Told]]:
    """What was reported about the addresses that so many messages came back from."""
    c, e = message.c, event.c
    same = (e.practice == c.practice) & (e.run == c.run) & (e.no == c.no)
    often = (
        tx.select(message, c.address_hash)
        .join(event, same)
        .where(e.kind == "bounced", c.address_hash.is_not(None))
        .group_by(c.address_hash)
        .having(func.count() >= TIMES)
    )
    told = (
        tx.select(message, run.c.kind.label("medium"), c.address_hash, c.row_id, c.run, c.no)
        .add_columns(e.at, e.kind.label("what"))
        .join(event, same)
        .join(run, (run.c.practice == c.practice) & (run.c.id == c.run))
        .where(c.address_hash.in_(often), e.kind.in_(("bounced", "delivered")))
        .order_by(e.at)
    )
    found: dict[tuple[str, str], list[_Told]] = defaultdict(list)
    for row in tx.all(told):
        told_now = (row.at, row.what, row.run, row.no, row.row_id)
        found[row.medium, row.address_hash].append(told_now)
    return found


def _kept(tx: Tx) -> dict[str, list[datetime]]:
    """When a person decided to write to an address."""
    decided = tx.select(journal, journal.c.at, journal.c.detail).where(journal.c.action == KEPT)
    found: dict[str, list[datetime]] = defaultdict(list)
    for row in tx.all(decided):
        for address_hash in (row.detail or {}).get("addresses", ()):
            found[address_hash].append(row.at)
    return found
