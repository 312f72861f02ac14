"""`review` of a batch of rows: reachable, allowed, marked; then rendered once and hashed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from serienpost.consent.judgement import Judgement, judge
from serienpost.contracts.channels import Refused
from serienpost.contracts.consent import ConsentQuestion
from serienpost.kinds import Address, Unreachable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from serienpost.contracts.channels import Content
    from serienpost.contracts.rows import FieldValue, Row
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
    reviewed = decide_rows(blueprint, rows, block)
    for one in reviewed:
        if one.marked:
            render(blueprint, one)
    return reviewed


def decide_rows(blueprint: Blueprint, rows: Sequence[Row], block: int) -> list[Reviewed]:
    """Say of each row whether it is reachable, allowed and chosen; nothing is rendered."""
    reviewed = [Reviewed(row, block, _address(blueprint, row)) for row in rows]
    judge_rows(blueprint, [r for r in reviewed if r.reachable])
    for one in reviewed:
        if one.reachable and one.allowed:
            one.unmarked = _chosen_out(blueprint, one.row)
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
    if blueprint.hides(one.row.fields):
        reason = "Terminart ist nicht als unbedenklich eingetragen"
        one.unmarked = _unmarked("value_refused", reason)
        return
    values = blueprint.values(one.row.fields)
    empty = blueprint.missing(values)
    if empty:
        one.unmarked = _unmarked("missing_value", f"Makro {empty} ist leer")
        return
    content = blueprint.content(values, one.address.value)
    if isinstance(content, Refused):
        code = "attachment" if content.code == "attachment" else "value_refused"
        one.unmarked = _unmarked(code, content.reason)
        return
    one.values, one.content = values, content


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
