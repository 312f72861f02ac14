"""`review` of a batch of rows: reachable, allowed, marked; then rendered once and hashed."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING, Any

from serienpost.consent.judgement import Judgement, judge
from serienpost.contracts.channels import Refused
from serienpost.contracts.consent import ConsentQuestion
from serienpost.kinds import Address, Unreachable
from serienpost.run.layout import forecast

if TYPE_CHECKING:
    from collections.abc import Sequence

    from serienpost.contracts.channels import Content, Cost
    from serienpost.contracts.rows import FieldValue, Row
    from serienpost.run.blueprint import Blueprint
    from serienpost.run.header import Header


@dataclass(slots=True)
class Reviewed:
    """A row with everything the review found out about it."""

    row: Row
    block: int
    address: Address | Unreachable
    judgement: Judgement | None = None
    unmarked: dict[str, Any] | None = None
    values: dict[str, FieldValue] | None = None
    content: Content | None = None
    cost: Cost | None = None

    @property
    def reachable(self) -> bool:
        return isinstance(self.address, Address)

    @property
    def allowed(self) -> bool:
        judgement = self.judgement
        return judgement is not None and judgement.rule.allowed

    @property
    def marked(self) -> bool:
        """Whether it goes out. Only reachable rows are judged."""
        judgement = self.judgement
        return self.unmarked is None and judgement is not None and judgement.rule.allowed


def review_rows(blueprint: Blueprint, rows: Sequence[Row], block: int) -> list[Reviewed]:
    """Review a batch: address, consent, choice of the user, values, content."""
    reviewed = decide_rows(blueprint, rows, block)
    render_rows(blueprint, [one for one in reviewed if one.marked])
    return reviewed


def decide_rows(blueprint: Blueprint, rows: Sequence[Row], block: int) -> list[Reviewed]:
    """Say of each row whether it is reachable, allowed and chosen; nothing is rendered."""
    addresses = _addresses(blueprint, rows)
    reviewed = list(map(Reviewed, rows, repeat(block), addresses))
    judge_rows(blueprint, [one for one in reviewed if type(one.address) is Address])
    if blueprint.header.exclude or blueprint.header.rows is not None:
        for one in reviewed:
            if one.allowed:
                one.unmarked = _chosen_out(blueprint, one.row)
    return reviewed


def judge_rows(
    blueprint: Blueprint,
    reviewed: Sequence[Reviewed],
    overrides: Sequence[dict[str, Any] | None] | None = None,
) -> None:
    """Ask all consent checks about reachable rows."""
    header = blueprint.header
    questions = [
        question(header, one.row.person_id, one.row.consenting_id, one.address.value)
        for one in reviewed
        if isinstance(one.address, Address)
    ]
    judgements = judge(blueprint.context, questions, overrides)
    for one, judgement in zip(reviewed, judgements, strict=True):
        one.judgement = judgement


def question(header: Header, person: str, consenting: str | None, address: str) -> ConsentQuestion:
    """What the checks are asked about one row, in the review and at the door alike."""
    return ConsentQuestion(person, consenting or person, header.kind, header.purpose, address)


def render_rows(blueprint: Blueprint, marked: Sequence[Reviewed]) -> None:
    """Fill in values, content and cost, or unmark a row and say why."""
    for one in marked:
        _render(blueprint, one)
    made = [(one, one.content) for one in marked if one.content]
    costs = forecast(blueprint, [content for _, content in made])
    for (one, _), cost in zip(made, costs, strict=True):
        if isinstance(cost, Refused):
            one.unmarked = _unmarked("value_refused", cost.reason)
            one.content = None
        else:
            one.cost = cost


def _render(blueprint: Blueprint, one: Reviewed) -> None:
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


def _addresses(blueprint: Blueprint, rows: Sequence[Row]) -> list[Address | Unreachable]:
    """The address of each row; the kind of contact sees its own fields only."""
    names, address = tuple(blueprint.kind.fields), blueprint.kind.address
    found: list[Address | Unreachable] = []
    for row in rows:
        if row.unreachable:
            found.append(Unreachable(*row.unreachable))
            continue
        fields = row.fields
        if len(names) == 1:
            own = {names[0]: fields.get(names[0])}
        else:
            own = {name: fields.get(name) for name in names}
        found.append(address(own))
    return found


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
