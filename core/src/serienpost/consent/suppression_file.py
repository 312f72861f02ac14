"""The suppression list as a file: what `suppress list --csv` writes, `add` and `remove` read."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from serienpost.contracts.kinds import Unreachable
from serienpost.errors import ConfigError, Problem
from serienpost.files import unreadable
from serienpost.translation import Texts, joined

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from serienpost.context import PracticeContext
    from serienpost.contracts.kinds import Kind
    from serienpost.ledger.store import Ledger

_ = Texts(__name__)

COLUMNS = ("kind", "address_hash", "reason", "source", "since", "practice")
REASONS = frozenset({"bounce", "complaint", "unsubscribe", "manual"})

_HASH = re.compile(r"[0-9a-f]{64}")
# Mistakes in a file that are told at once.
_MOST_SHOWN = 20

_FORM = _("UTF-8, semicolons, a header line with the column address or address_hash")


@dataclass(frozen=True, slots=True)
class Entry:
    """An address by its keyed hash, with the reason that is recorded."""

    kind: str
    address_hash: str
    reason: str = "manual"


def fingerprint(ledger: Ledger) -> str:
    """Stands in the file, because hashes mean nothing under another practice's key."""
    return ledger.keyed_hash("suppression list")[:12]


def named(
    context: PracticeContext,
    ledger: Ledger,
    addresses: Sequence[str],
    kind: str,
    csv_file: str | None,
) -> list[Entry]:
    """The entries that a user names as addresses and in a file.

    A file has a column `address`, or `address_hash` as `suppress list --csv` writes it; `kind`
    and `reason` may stand beside.

    Raises:
        ConfigError: something is no address, or the file cannot be used; names the lines.
    """
    found = []
    for number, one in enumerate(addresses, start=1):
        place = Problem(_("address {number} is none", number=number))
        found.append(Entry(kind, _hash(context, ledger, kind, one, place)))
    if csv_file:
        found += _read(context, ledger, kind, csv_file)
    return found


def write(path: Path, entries: Sequence[Mapping[str, str]], ledger: Ledger) -> None:
    """Write the list to a file that only its owner reads."""
    from serienpost.files import private_file

    with private_file(path) as file:
        writer = csv.DictWriter(file, COLUMNS, delimiter=";")
        writer.writeheader()
        writer.writerows({**entry, "practice": fingerprint(ledger)} for entry in entries)


def _read(context: PracticeContext, ledger: Ledger, kind: str, csv_file: str) -> list[Entry]:
    try:
        with Path(csv_file).open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, delimiter=";")
            if not {"address", "address_hash"} & set(reader.fieldnames or ()):
                raise ConfigError(Problem(_("has no column address"), _FORM, csv_file, 1))
            wrong: list[Problem] = []
            found: list[Entry] = []
            for row in reader:
                place = Problem(_("holds no address"), None, csv_file, reader.line_num)
                try:
                    found.append(_entry(context, ledger, kind, row, place))
                except ConfigError as error:
                    wrong += (replace(p, file=csv_file, line=place.line) for p in error.problems)
                if len(wrong) == _MOST_SHOWN:
                    break
            if wrong:
                raise ConfigError(*wrong)
            return found
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(
            Problem(_("cannot be read: {why}", why=unreadable(error)), _FORM, csv_file)
        ) from error


def _entry(
    context: PracticeContext,
    ledger: Ledger,
    kind: str,
    row: Mapping[str, str | None],
    place: Problem,
) -> Entry:
    kind = row.get("kind") or kind
    reason = row.get("reason") or "manual"
    if reason not in REASONS:
        known = ", ".join(sorted(REASONS))
        raise ConfigError(Problem(_("has an unknown reason"), known, place.file, place.line))
    address = row.get("address")
    if address:
        return Entry(kind, _hash(context, ledger, kind, address, place), reason)
    address_hash = row.get("address_hash") or ""
    if not _HASH.fullmatch(address_hash):
        raise ConfigError(place)
    if row.get("practice") != fingerprint(ledger):
        hint = _("import addresses in clear, in a column address")
        raise ConfigError(
            Problem(_("is the list of another practice or ledger"), hint, place.file, place.line)
        )
    _kind(context, kind)
    return Entry(kind, address_hash, reason)


def _hash(context: PracticeContext, ledger: Ledger, kind: str, written: str, place: Problem) -> str:
    found = address_hash(context, ledger, kind, written)
    if isinstance(found, Unreachable):
        what = joined(": ", (place.message, found.reason))
        raise ConfigError(Problem(what, None, place.file, place.line))
    return found


def address_hash(
    context: PracticeContext, ledger: Ledger, kind: str, written: str
) -> str | Unreachable:
    """The keyed hash of an address as a person writes it, or why it is none.

    Raises:
        ConfigError: there is no such kind, or its addresses cannot be put on the list.
    """
    known = _kind(context, kind)
    if not is_listed(known):
        raise ConfigError(_("addresses of kind {kind} cannot be put on the list", kind=kind))
    (field,) = known.fields
    found = known.address({field: written})
    return found if isinstance(found, Unreachable) else ledger.address_hash(kind, found.value)


def is_listed(kind: Kind) -> bool:
    """Whether addresses of a kind can be put on the list: those that are one field."""
    return len(kind.fields) == 1


def _kind(context: PracticeContext, name: str) -> Kind:
    kinds = context.registry.kinds()
    if name not in kinds:
        raise ConfigError(
            _("there is no kind {name}", name=name), hint=_("one of {names}", names=sorted(kinds))
        )
    return kinds[name]
