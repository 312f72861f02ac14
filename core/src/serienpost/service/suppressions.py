"""The suppression list, and what providers report about messages that left."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from serienpost.config.problems import did_you_mean, listed
from serienpost.consent.suppression_file import named, write
from serienpost.documents import document
from serienpost.errors import ConfigError
from serienpost.ledger.returned import KEPT
from serienpost.ledger.suppressions import entries, release
from serienpost.ledger.suppressions import suppress as put_on_list
from serienpost.run.send.events import poll_events
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from serienpost.service.opened import OpenedPractice

_ = Texts(__name__)


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
    ledger, actor = practice.ledger, practice.actor
    given = named(practice.context, ledger, addresses, kind, csv_file)
    with ledger.begin("unsuppress") as tx:
        removed = sum(release(tx, e.kind, e.address_hash) for e in given)
        hashes = [entry.address_hash for entry in given]
        tx.note(actor, KEPT, detail={"kind": kind, "removed": removed, "addresses": hashes})
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
