"""The suppression list, and what providers report about messages that left."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from serienpost.config.problems import did_you_mean, listed
from serienpost.consent.suppression_file import Entry, address_hash, is_listed, named, write
from serienpost.contracts.kinds import Unreachable
from serienpost.documents import Record, document
from serienpost.errors import ConfigError, LedgerError
from serienpost.ledger.returned import KEPT
from serienpost.ledger.suppressions import (
    EVENT,
    entries,
    entries_page,
    entry_of,
    release,
    reports,
)
from serienpost.ledger.suppressions import suppress as put_on_list
from serienpost.run.send.events import poll_events
from serienpost.service.review_page import refuse_page
from serienpost.translation import Texts, parameters

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import Row

    from serienpost.ledger.store import Tx
    from serienpost.service.opened import OpenedPractice

_ = Texts(__name__)

# Between the kind and the keyed hash of an entry's id.
_SIGN = "~"
_ID = re.compile(rf"[a-z][a-z0-9_-]*{_SIGN}[0-9a-f]{{64}}")


class SuppressionChange(NamedTuple):
    """How many addresses were put on the list, and how many stood there already."""

    added: int
    known: int


class SuppressedAddress(NamedTuple):
    """An entry of the list: the keyed hash of an address, why, by whom, since when."""

    kind: str
    address_hash: str
    reason: str
    source: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Suppression(Record):
    """An entry of the list, with where it comes from.

    Args:
        id: names it in an address; it tells nothing of the person's.
        kind: of contact.
        reason: `bounce`, `complaint`, `unsubscribe` or `manual`.
        since: in the practice's time zone.
        by: who put it there, as an actor; None where a provider reported it.
        account: whose provider reported it; None where a person put it there, or nobody knows any
            more.
        run: that the report was about, where it is known.
    """

    id: str
    kind: str
    reason: str
    since: datetime
    by: str | None
    account: str | None
    run: str | None


@dataclass(frozen=True, slots=True)
class SuppressionPage(Record):
    """A page of the list, the newest entries first.

    Args:
        total: entries of the list.
        pages: of the size asked for.
    """

    page: int
    pages: int
    total: int
    entries: tuple[Suppression, ...]


class EventCounts(NamedTuple):
    """What asking an account's provider brought."""

    account: str
    new: int
    changed: int
    suppressed: int


def suppress(
    practice: OpenedPractice, addresses: Sequence[str], kind: str, csv_file: str | None
) -> SuppressionChange:
    """See `Practice.suppress`."""
    ledger, actor = practice.ledger, practice.actor
    given = named(practice.context, ledger, addresses, kind, csv_file)
    source = _("by {who}", who=actor)
    with ledger.begin("suppress") as tx:
        added = sum(put_on_list(tx, e.kind, e.address_hash, e.reason, source) for e in given)
        tx.note(actor, "suppress add", detail={"kind": kind, "added": added})
    return SuppressionChange(added, len(given) - added)


def unsuppress(
    practice: OpenedPractice, addresses: Sequence[str], kind: str, csv_file: str | None
) -> int:
    """See `Practice.unsuppress`."""
    given = named(practice.context, practice.ledger, addresses, kind, csv_file)
    return _lift(practice, kind, given)


def _lift(practice: OpenedPractice, kind: str, given: Sequence[Entry]) -> int:
    with practice.ledger.begin("unsuppress") as tx:
        removed = sum(release(tx, e.kind, e.address_hash) for e in given)
        told = {"kind": kind, "removed": removed, "addresses": [e.address_hash for e in given]}
        tx.note(practice.actor, KEPT, detail=told)
    return removed


def suppressed(practice: OpenedPractice) -> list[SuppressedAddress]:
    """See `Practice.suppressed`."""
    zone = practice.context.zone
    with practice.ledger.read() as tx:
        return [
            SuppressedAddress(
                row.kind, row.address_hash, row.reason, row.source, row.since.astimezone(zone)
            )
            for row in entries(tx)
        ]


def suppression_kinds(practice: OpenedPractice) -> list[str]:
    """See `Practice.suppression_kinds`."""
    return [name for name, kind in practice.context.registry.kinds().items() if is_listed(kind)]


def suppression_page(practice: OpenedPractice, page: int, size: int) -> SuppressionPage:
    """See `Practice.suppression_page`."""
    refuse_page(page, size)
    with practice.ledger.read() as tx:
        total, rows = entries_page(tx, page, size)
        found = _with_origin(practice, tx, rows)
    return SuppressionPage(page, max(1, -(-total // size)), total, tuple(found))


def suppression_id(practice: OpenedPractice, address: str, kind: str) -> str:
    """See `Practice.suppression_id`."""
    found = address_hash(practice.context, practice.ledger, kind, address)
    if isinstance(found, Unreachable):
        raise ConfigError(found.reason)
    return f"{kind}{_SIGN}{found}"


def suppression(practice: OpenedPractice, entry_id: str) -> Suppression | None:
    """See `Practice.suppression`."""
    entry = _named_by(entry_id)
    with practice.ledger.read() as tx:
        row = entry_of(tx, entry.kind, entry.address_hash)
        return _with_origin(practice, tx, [row])[0] if row else None


def lift_suppression(practice: OpenedPractice, entry_id: str) -> bool:
    """See `Practice.lift_suppression`."""
    entry = _named_by(entry_id)
    return bool(_lift(practice, entry.kind, [entry]))


def _named_by(entry_id: str) -> Entry:
    """The entry that an id names.

    Raises:
        LedgerError: it is no id of an entry.
    """
    kind, _sign, hashed = entry_id.partition(_SIGN)
    if not _ID.fullmatch(entry_id):
        raise LedgerError(_("this is no entry of the suppression list"))
    return Entry(kind, hashed)


def _with_origin(practice: OpenedPractice, tx: Tx, rows: Sequence[Row[Any]]) -> list[Suppression]:
    known = reports(tx, {row.source for row in rows})
    found = []
    for row in rows:
        report = known.get(row.source)
        is_reported = row.source.startswith(EVENT)
        found.append(
            Suppression(
                id=f"{row.kind}{_SIGN}{row.address_hash}",
                kind=row.kind,
                reason=row.reason,
                since=row.since.astimezone(practice.context.zone),
                by=None if is_reported else _who(row.source),
                account=report.account if report else None,
                run=report.run if report else None,
            )
        )
    return found


def _who(source: str) -> str:
    """The actor in a source; of an older ledger it is a sentence without values."""
    return str(parameters(source).get("who") or source.removeprefix("by "))


def write_suppressed(practice: OpenedPractice, path: Path) -> None:
    """See `Practice.write_suppressed`."""
    write(path, [document(one) for one in suppressed(practice)], practice.ledger)


def events(practice: OpenedPractice, account: str | None) -> list[EventCounts]:
    """See `Practice.events`."""
    known = practice.context.config.accounts
    if account is not None and account not in known:
        hint = did_you_mean(account, known) or listed(known) or _("no account is set up")
        raise ConfigError(_("there is no account {name}", name=account), hint=hint)
    found = []
    for name in [account] if account else list(known):
        taken = poll_events(practice.context, practice.ledger, name)
        found.append(EventCounts(name, taken.new, taken.changed, taken.suppressed))
    return found
