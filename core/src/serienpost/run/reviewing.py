"""`review` of a batch of rows: reachable, allowed, marked; then rendered once and hashed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from serienpost.consent.judgement import Judgement, judge
from serienpost.contracts.channels import Refused
from serienpost.contracts.consent import ConsentQuestion
from serienpost.kinds import Address, Unreachable
from serienpost.ledger.store import new_ref
from serienpost.run.values import to_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from serienpost.contracts.channels import Content
    from serienpost.contracts.rows import FieldValue, Row
    from serienpost.ledger.store import Ledger
    from serienpost.run.blueprint import Blueprint


@dataclass(slots=True)
class Reviewed:
    """A row with everything the review found out about it."""

    row: Row
    block: int
    address: Address | Unreachable
    judgement: Judgement | None = None
    unmarked: dict[str, Any] | None = None
    values: dict[str, FieldValue] = field(default_factory=dict)
    content: Content | None = None

    @property
    def reachable(self) -> bool:
        return isinstance(self.address, Address)

    @property
    def allowed(self) -> bool:
        return self.judgement is not None and self.judgement.allowed

    @property
    def marked(self) -> bool:
        return self.reachable and self.allowed and self.unmarked is None


def review_rows(blueprint: Blueprint, rows: Sequence[Row], block: int) -> list[Reviewed]:
    """Review a batch: address, consent, choice of the user, values, content."""
    reviewed = [Reviewed(row, block, _address(blueprint, row)) for row in rows]
    judge_rows(blueprint, [r for r in reviewed if r.reachable])
    for one in reviewed:
        if one.reachable and one.allowed:
            one.unmarked = _chosen_out(blueprint, one.row)
            if one.unmarked is None:
                render(blueprint, one)
    return reviewed


def judge_rows(
    blueprint: Blueprint,
    reviewed: Sequence[Reviewed],
    overrides: Sequence[dict[str, Any] | None] | None = None,
) -> None:
    """Ask all consent checks about reachable rows."""
    questions = [
        question(blueprint, one.row.person_id, one.row.consenting_id, one.address.value)
        for one in reviewed
        if isinstance(one.address, Address)
    ]
    judgements = judge(blueprint.context, questions, overrides)
    for one, judgement in zip(reviewed, judgements, strict=True):
        one.judgement = judgement


def question(
    blueprint: Blueprint, person: str, consenting: str | None, address: str
) -> ConsentQuestion:
    """What the checks are asked about one row, in the review and at the door alike."""
    return ConsentQuestion(
        person_id=person,
        consenting_id=consenting or person,
        kind=blueprint.header.kind,
        purpose=blueprint.header.purpose,
        address=address,
    )


def render(blueprint: Blueprint, one: Reviewed) -> None:
    """Fill in values and content, or unmark the row and say why."""
    assert isinstance(one.address, Address)  # noqa: S101  # only reachable rows are rendered
    values = blueprint.values(one.row.fields)
    empty = blueprint.missing(values)
    if empty:
        one.unmarked = _unmarked("missing_value", f"Makro {empty} ist leer")
        return
    content = blueprint.content(values, one.address.value)
    if isinstance(content, Refused):
        one.unmarked = _unmarked("value_refused", content.reason)
        return
    one.values, one.content = values, content


def ledger_row(
    blueprint: Blueprint, ledger: Ledger, one: Reviewed, no: int, *, ref: str | None = None
) -> dict[str, Any]:
    """The message row of the ledger, under a new reference unless one is given."""
    row, content = one.row, one.content
    occasion = row.occasion
    ref = ref or new_ref()
    cost = blueprint.channel.cost(blueprint.account, content) if content else None
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
        "address_hash": ledger.keyed_hash("address", blueprint.kind.name, address)
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
        "macro_values": to_json(one.values) if one.marked else None,
        "content_hash": content.digest() if content else None,
        "cost": {"unit": cost.unit, "amount": cost.amount, **cost.detail} if cost else None,
        "ref": ref,
        "message_id": _message_id(content, ref) if content else None,
        "once_key": once_key(blueprint, ledger, row),
        "state": "planned",
        "evidence": one.judgement.evidence if one.judgement and one.marked else None,
        "fence": 0,
        "attempts": 0,
        "attempts_before": 0,
    }


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
    return " ".join(str(part) for part in parts if part)


def with_fields(row: Row, fields: dict[str, FieldValue]) -> Row:
    """The row as it is now."""
    return replace(row, fields=fields)


def _address(blueprint: Blueprint, row: Row) -> Address | Unreachable:
    if row.unreachable:
        return Unreachable(*row.unreachable)
    return blueprint.kind.address({f: row.fields.get(f) for f in blueprint.kind.fields})


def _chosen_out(blueprint: Blueprint, row: Row) -> dict[str, Any] | None:
    header = blueprint.header
    ids = {row.id, row.person_id}
    if ids & set(header.exclude):
        return _unmarked("excluded", "vom Serienversand ausgenommen", includable=True)
    if header.rows is not None and not ids & {*header.rows, *header.include}:
        return _unmarked("not_in_rows", "nicht ausgewählt", includable=True)
    return None


def _unmarked(code: str, reason: str, *, includable: bool = False) -> dict[str, Any]:
    return {"code": code, "reason": reason, "includable": includable}


def _message_id(content: Content, ref: str) -> str | None:
    if content.kind != "email":
        return None
    from serienpost.kinds.email import message_id

    return message_id(ref, content.sender)


def _text(value: FieldValue) -> str | None:
    return None if value is None else str(value)
