"""Reviewed rows as the ledger keeps them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from serienpost.kinds import Address, Unreachable
from serienpost.kinds.text import displayed
from serienpost.ledger.store import new_ref
from serienpost.run.values import to_json

if TYPE_CHECKING:
    from serienpost.contracts.channels import Content
    from serienpost.contracts.rows import FieldValue, Row
    from serienpost.ledger.store import Ledger
    from serienpost.run.blueprint import Blueprint
    from serienpost.run.reviewing import Reviewed


def ledger_row(
    blueprint: Blueprint, ledger: Ledger, one: Reviewed, no: int, *, ref: str | None = None
) -> dict[str, Any]:
    """The message row of the ledger, under a new reference unless one is given."""
    row, content = one.row, one.content
    occasion = row.occasion
    ref = ref or new_ref()
    cost = one.cost
    address = one.address.value if isinstance(one.address, Address) else None
    return {
        "run": "",
        "no": no,
        "row_id": row.id,
        "block": one.block,
        "person": row.person_id,
        "consenting": row.consenting_id,
        "occasion": occasion.id if occasion else None,
        "occasion_at": occasion.starts_at if occasion else None,
        "expires_at": occasion.expires_at if occasion else None,
        "number": _text(row.fields.get("nummer")),
        "name": display_name(row),
        "address": address,
        "address_hash": ledger.address_hash(blueprint.kind.name, address)
        if address is not None
        else None,
        "unreachable": [one.address.code, one.address.reason]
        if isinstance(one.address, Unreachable)
        else None,
        "consent": one.judgement.as_json() if one.judgement else [],
        "allowed": one.allowed,
        "marked": one.marked,
        "unmarked": one.unmarked,
        "override": None,
        "macro_values": to_json(one.values or {}) if one.marked else None,
        "carried": blueprint.carried.of(row.fields, one.values or {}, content) if content else None,
        "content_hash": content.digest() if content else None,
        "cost": {"unit": cost.unit, "amount": cost.amount, **cost.detail} if cost else None,
        "ref": ref,
        "message_id": _message_id(content, ref) if content else None,
        "once_key": once_key(blueprint, ledger, row),
        "state": "planned",
        "text": why_not_marked(one),
        "evidence": one.judgement.evidence if one.judgement and one.marked else None,
        "fence": 0,
        "attempts": 0,
        "attempts_before": 0,
    }


def why_not_marked(one: Reviewed) -> str | None:
    """One sentence for people; None for a marked row."""
    if isinstance(one.address, Unreachable):
        return one.address.reason
    if one.judgement and not one.judgement.allowed:
        check, dot, _ = one.judgement.code.partition(".")
        return f"{check}: {one.judgement.reason}" if dot else one.judgement.reason
    return str(one.unmarked["reason"]) if one.unmarked else None


def once_key(blueprint: Blueprint, ledger: Ledger, row: Row) -> str | None:
    """The keyed hash under which this row is sent only once; None where nothing limits it."""
    header = blueprint.header
    per = header.once_per
    if per == "none" or (per == "occasion" and row.occasion is None):
        return None
    if per == "recipient" or row.occasion is None:
        return ledger.keyed_hash("once", header.mailing, row.person_id)
    begin = row.occasion.starts_at.isoformat() if row.occasion.starts_at else None
    return ledger.keyed_hash("once", header.mailing, row.person_id, row.occasion.id, begin)


def display_name(row: Row) -> str:
    """Who is meant, for the people who review."""
    parts = (row.fields.get(f) for f in ("titel", "vorname", "vorsatzwort", "nachname"))
    return displayed(" ".join(str(part) for part in parts if part))


def _message_id(content: Content, ref: str) -> str | None:
    if content.kind != "email":
        return None
    from serienpost.kinds.email import message_id

    return message_id(ref, content.sender)


def _text(value: FieldValue) -> str | None:
    return None if value is None else displayed(str(value))
