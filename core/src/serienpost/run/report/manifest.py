"""The manifest: which fields leave with the messages of a run, to whom, for how many people.

A field counts for a person where it holds a value and the message shows a macro that was given it,
or the text asks for that macro in a condition. That is written when a row is rendered, so the
figures stay when the values are gone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import and_, case, func, or_

from serienpost.documents import FOR_FACES, Record
from serienpost.ledger.runs import find_run
from serienpost.ledger.schema import message
from serienpost.ledger.states import LEFT
from serienpost.run.prepare.people import configured
from serienpost.run.prepare.people_check import LOWERED
from serienpost.run.prepare.renderer import load_renderer
from serienpost.run.send.processors import HandedOver, handed_over, stretches

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement

    from serienpost.context import PracticeContext
    from serienpost.ledger.rows import RunRow
    from serienpost.ledger.store import Ledger, Tx


@dataclass(frozen=True, slots=True)
class ManifestField(Record):
    """A field that left (or will): with which macro, to whom, for how many people. `because` says
    why its class is lower than that of a column nothing is known of."""

    name: str = field(metadata={"json": "field"})
    sensitivity: str = field(metadata={"json": "class"})
    macro: str
    people: int
    processor: str | None
    region: str | None
    because: str | None = None


@dataclass(frozen=True, slots=True)
class LeavingField(Record):
    """A field that left (or will), with whichever macros: to whom, for how many people."""

    name: str
    people: int
    processor: str | None
    region: str | None
    because: str | None


@dataclass(frozen=True, slots=True)
class Manifest(Record):
    """Which fields leave with a run's messages, and what is known of who gets them; `once` names
    each field once for each processor, for whoever does not ask by which macro it leaves."""

    run: str
    processor: str | None
    region: str | None
    contract: str | None
    attestation: str | None
    disclaimer_by: str | None
    disclaimer_at: datetime | None
    fields: tuple[ManifestField, ...]
    once: tuple[LeavingField, ...] = field(metadata=FOR_FACES)


def manifest(context: PracticeContext, ledger: Ledger, run_id: str) -> Manifest:
    """Which fields left (or will leave), with which macro, to which processor, for how many.

    Raises:
        LedgerError: there is no such run.
    """
    c = message.c
    with ledger.read() as tx:
        row = find_run(tx, run_id)
        pairs = row.carries or load_renderer(context, ledger, run_id).carried.pairs
        leaves = (
            c.state.in_((*LEFT, "pending", "claimed")) if row.approved_at else c.marked.is_(True)
        )
        given: dict[tuple[str | None, str | None], list[ColumnElement[bool]]] = {}
        reasons = row.header.get("extra", {}).get(LOWERED, {})
        known = handed_over(tx, run_id) or [_configured(context, row)]
        for name, region, when in stretches(known):
            given.setdefault((name, region), []).append(when)
        fields: list[ManifestField] = []
        once: list[LeavingField] = []
        for (name, region), whens in given.items():
            counted = _counted(tx, run_id, pairs, and_(leaves, or_(*whens)))
            fields += [
                ManifestField(one, label, macro, people, name, region, reasons.get(one))
                for (one, label, macro), people in counted.pairs
            ]
            once += [
                LeavingField(one, people, name, region, reasons.get(one))
                for one, people in counted.fields.items()
            ]
    name, region = list(given)[-1]
    channel = context.registry.channels.get(row.channel)
    account = context.config.accounts.get(row.account)
    processor = channel.processor(account) if channel and account else None
    return Manifest(
        run=run_id,
        processor=name,
        region=region,
        contract=processor.contract if processor else None,
        attestation=processor.attestation if processor else None,
        disclaimer_by=row.disclaimer_by,
        disclaimer_at=row.disclaimer_at and row.disclaimer_at.astimezone(context.zone),
        fields=tuple(fields),
        once=tuple(once),
    )


def _configured(context: PracticeContext, row: RunRow) -> HandedOver:
    """To whom the messages of a run would go today."""
    channel = configured(context.registry.channels, row.channel, "channel")
    account = configured(context.config.accounts, row.account, "account")
    processor = channel.processor(account)
    name, region = (processor.name, processor.region) if processor else (None, None)
    return HandedOver(row.created_at, name, region)


class _Counted(NamedTuple):
    """People of each pair of field and macro, and of each field with any of its macros."""

    pairs: list[tuple[Sequence[str], int]]
    fields: dict[str, int]


def _counted(
    tx: Tx, run_id: str, pairs: Sequence[Sequence[str]], leaves: ColumnElement[bool]
) -> _Counted:
    """How many people each pair is for; rows without bits are of an older ledger and count for
    every pair."""
    if not pairs:
        return _Counted([], {})
    c = message.c
    here = and_(c.run == run_id, leaves)
    masks = [row.carried for row in tx.all(tx.select(message, c.carried).where(here).distinct())]
    bits: dict[str, list[int]] = {}
    for bit, (name, *_rest) in enumerate(pairs):
        bits.setdefault(name, []).append(bit)
    counts = []
    for wanted in (*([bit] for bit in range(len(pairs))), *bits.values()):
        mask = sum(1 << bit for bit in wanted)
        having = [one for one in masks if one is not None and int(one, 16) & mask]
        carries = or_(c.carried.in_(having), c.carried.is_(None))
        counts.append(func.count(case((carries, c.person)).distinct()))
    (found,) = tx.all(tx.select(message, *counts).where(here))
    people = [int(one) for one in found]
    of_fields = people[len(pairs) :]
    return _Counted([*zip(pairs, people, strict=False)], dict(zip(bits, of_fields, strict=True)))
