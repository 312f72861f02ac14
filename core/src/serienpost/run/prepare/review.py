"""`review` of a batch of rows: reachable, allowed, marked; then rendered once and hashed."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING, Any, TypeAlias

from serienpost.consent.decision import Decision, decide
from serienpost.contracts.consent import ConsentQuestion
from serienpost.contracts.content import Refused
from serienpost.contracts.kinds import Address, Unreachable, read_for
from serienpost.contracts.rows import CurrentState, RowRef
from serienpost.errors import UnavailableError, cause_of
from serienpost.ledger.store import new_ref
from serienpost.ledger.transitions import NEW_MESSAGE
from serienpost.names import name_parts
from serienpost.run.prepare.costs import forecast
from serienpost.run.prepare.plan import to_json
from serienpost.run.prepare.typed_fields import typed_state
from serienpost.text import displayed
from serienpost.timelimit import within
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    from sqlalchemy import Row as DatabaseRow

    from serienpost.context import PracticeContext
    from serienpost.contracts.content import Content, Cost
    from serienpost.contracts.kinds import Kind
    from serienpost.contracts.rows import Row, RowRequest
    from serienpost.fields import FieldValue
    from serienpost.ledger.rows import MessageRow, Outgoing
    from serienpost.ledger.store import Ledger
    from serienpost.run.prepare.people import People, SourceBlock
    from serienpost.run.prepare.plan import Scope
    from serienpost.run.prepare.renderer import RunRenderer

_ = Texts(__name__)

# How long a source may take to say what holds now.
SOURCE_SECONDS = 60.0


@dataclass(slots=True)
class Reviewed:
    """A row with everything the review found out about it."""

    row: Row
    block: int
    address: Address | Unreachable
    decision: Decision | None = None
    unmarked: dict[str, Any] | None = None
    values: dict[str, FieldValue] | None = None
    content: Content | None = None
    cost: Cost | None = None

    @property
    def reachable(self) -> bool:
        return isinstance(self.address, Address)

    @property
    def allowed(self) -> bool:
        decision = self.decision
        return decision is not None and decision.allowed

    @property
    def marked(self) -> bool:
        """Whether it goes out. Only reachable rows are judged."""
        decision = self.decision
        return self.unmarked is None and decision is not None and decision.allowed

    def judged(self, people: People, ledger: Ledger, no: int) -> dict[str, Any]:
        """What the ledger keeps of a row that was judged, whether or not there is a text."""
        row, decision = self.row, self.decision
        occasion = row.occasion
        return {
            **row_columns(row, self.block, no),
            "consenting": row.consenting_id,
            "expires_at": occasion.expires_at if occasion else None,
            **_address_columns(people, ledger, self.address),
            "consent": decision.as_json() if decision else [],
            "allowed": self.allowed,
            "marked": self.marked,
            "unmarked": self.unmarked,
        }

    def columns(
        self, renderer: RunRenderer, ledger: Ledger, no: int, *, ref: str | None = None
    ) -> dict[str, Any]:
        """The row as the ledger keeps it, under a new reference unless one is given."""
        row, content, cost, decision = self.row, self.content, self.cost, self.decision
        ref = ref or new_ref()
        return {
            **self.judged(renderer, ledger, no),
            "override": None,
            "macro_values": to_json(self.values or {}) if self.marked else None,
            "carried": renderer.carried.of(row.fields, self.values or {}, content)
            if content
            else None,
            "content_hash": content.digest() if content else None,
            "cost": {"unit": cost.unit, "amount": cost.amount, **cost.detail} if cost else None,
            "ref": ref,
            "message_id": _message_id(content, ref) if content else None,
            "once_key": once_key(renderer, ledger, row),
            "state": NEW_MESSAGE,
            "text": why_not_marked(self),
            "evidence": decision.evidence if decision and self.marked else None,
            "fence": 0,
            "attempts": 0,
            "attempts_before": 0,
        }


def row_columns(row: Row, block: int, no: int) -> dict[str, Any]:
    """What the ledger keeps of a row that was found: who it is, and what it is about."""
    occasion = row.occasion
    return {
        "no": no,
        "row_id": row.id,
        "block": block,
        "person": row.person_id,
        "occasion": occasion.id if occasion else None,
        "occasion_at": occasion.starts_at if occasion else None,
        "number": number_of(row.fields),
        "name": display_name(row.fields),
    }


# Says of rows, in their order, why a person left them out; None for the others.
LeftOut: TypeAlias = "Callable[[Sequence[Row]], Sequence[dict[str, Any] | None]]"


def review_rows(
    renderer: RunRenderer,
    rows: Sequence[Row],
    block: int,
    judged_on: date,
    *,
    must_answer: bool = False,
    left_out: LeftOut | None = None,
) -> list[Reviewed]:
    """Review a batch: address, consent, choice of the user, values, content.

    Args:
        renderer: of the run.
        rows: the batch.
        block: which of the run's sources they come from.
        judged_on: the day on which they leave.
        must_answer: as for `decide`.
        left_out: what a person decided of them before.

    Raises:
        CheckUnavailableError: only with `must_answer`; a check cannot answer.
    """
    reviewed = decide_rows(renderer, rows, block, judged_on, must_answer=must_answer)
    for one, why in zip(reviewed, left_out(rows) if left_out else (), strict=bool(left_out)):
        if why is not None and one.marked:
            one.unmarked = why
    render_rows(renderer, [one for one in reviewed if one.marked])
    return reviewed


def decide_rows(
    people: People,
    rows: Sequence[Row],
    block: int,
    judged_on: date,
    *,
    must_answer: bool = False,
) -> list[Reviewed]:
    """Say of each row whether it is reachable, allowed and chosen; nothing is rendered."""
    addresses = _addresses(people, rows)
    reviewed = list(map(Reviewed, rows, repeat(block), addresses))
    reachable = [one for one in reviewed if type(one.address) is Address]
    ask_checks(people, reachable, judged_on, must_answer=must_answer)
    if people.header.exclude or people.header.rows is not None:
        for one in reviewed:
            if one.allowed:
                one.unmarked = _chosen_out(people.header, one.row)
    return reviewed


def ask_checks(
    people: People,
    reviewed: Sequence[Reviewed],
    judged_on: date,
    overrides: Sequence[dict[str, Any] | None] | None = None,
    *,
    must_answer: bool = False,
) -> None:
    """Ask all consent checks about reachable rows that leave on this day."""
    questions = [
        question(people.header, one.row.person_id, one.row.consenting_id, one.address.value)
        for one in reviewed
        if isinstance(one.address, Address)
    ]
    decisions = decide(
        people.context, questions, overrides, judged_on=judged_on, must_answer=must_answer
    )
    for one, decision in zip(reviewed, decisions, strict=True):
        one.decision = decision


def question(scope: Scope, person: str, consenting: str | None, address: str) -> ConsentQuestion:
    """What the checks are asked about one row, in the review and in the recheck alike."""
    return ConsentQuestion(person, consenting or person, scope.kind, scope.purpose, address)


def render_rows(renderer: RunRenderer, marked: Sequence[Reviewed]) -> None:
    """Fill in values, content and cost, or unmark a row and say why."""
    for one in marked:
        _render(renderer, one)
    made = [(one, one.content) for one in marked if one.content]
    costs = forecast(renderer, [content for _, content in made])
    for (one, _), cost in zip(made, costs, strict=True):
        if isinstance(cost, Refused):
            one.unmarked = _unmarked("value_refused", _placed(one.row, cost.reason))
            one.content = None
        else:
            one.cost = cost


def _render(renderer: RunRenderer, one: Reviewed) -> None:
    assert isinstance(one.address, Address)  # noqa: S101  # only reachable rows are rendered
    if renderer.hides(one.row.fields):
        reason = _("the type of appointment is not on record as harmless")
        one.unmarked = _unmarked("value_refused", reason)
        return
    values = renderer.values(one.row.fields)
    empty = renderer.missing(values)
    if empty:
        lacking = _("the macro {macro} is empty", macro=empty)
        one.unmarked = _unmarked("missing_value", _placed(one.row, lacking))
        return
    content = renderer.content(values, one.address.value)
    if isinstance(content, Refused):
        code = "attachment" if content.code == "attachment" else "value_refused"
        one.unmarked = _unmarked(code, _placed(one.row, content.reason))
        return
    one.values, one.content = values, content


def current_states(
    context: PracticeContext,
    block: SourceBlock,
    rows: Sequence[Outgoing | MessageRow | DatabaseRow[Any]],
    request: RowRequest,
    *,
    seconds: float | None = None,
) -> Sequence[CurrentState]:
    """What a block's source says now of rows that it selected, within so many seconds, unless given
    those that any source has.

    Raises:
        UnavailableError: it cannot answer, does not in time, or not for each row.
    """
    refs = [RowRef(row.person, row.occasion, row.occasion_at) for row in rows]
    try:
        states = within(
            SOURCE_SECONDS if seconds is None else seconds,
            f"source {block.source.name}",
            lambda: block.source.current(context, block.selection, refs, request),
        )
        if len(states) != len(rows) or any(type(s) is not CurrentState for s in states):
            raise TypeError("it did not return one state per row")  # noqa: TRY301
    except Exception as error:
        why = "TimeoutError" if isinstance(error, TimeoutError) else cause_of(error)
        name = block.source.name
        raise UnavailableError(
            _("source {source} cannot answer: {why}", source=name, why=why)
        ) from error
    return [typed_state(state, context.zone) for state in states]


def address_of(kind: Kind, fields: Mapping[str, FieldValue]) -> Address | Unreachable:
    """The address in fields; the kind of contact sees its own fields only."""
    return kind.address({name: fields.get(name) for name in read_for(kind)})


def _addresses(people: People, rows: Sequence[Row]) -> list[Address | Unreachable]:
    """The address of each row; the kind of contact sees its own fields only."""
    names, address = tuple(read_for(people.kind)), people.kind.address
    found: list[Address | Unreachable] = []
    for row in rows:
        if row.unreachable:
            code, reason = row.unreachable
            found.append(Unreachable(code, _placed(row, reason)))
            continue
        fields = row.fields
        if len(names) == 1:
            own = {names[0]: fields.get(names[0])}
        else:
            own = {name: fields.get(name) for name in names}
        one = address(own)
        if isinstance(one, Unreachable):
            one = Unreachable(one.code, _placed(row, one.reason))
        found.append(one)
    return found


def _placed(row: Row, reason: str) -> str:
    """What is wrong with a row, and where its source says that it stands."""
    return _("{reason} ({place})", reason=reason, place=row.place) if row.place else reason


def _chosen_out(scope: Scope, row: Row) -> dict[str, Any] | None:
    ids = {row.id, row.person_id}
    if ids & set(scope.exclude):
        return _unmarked("excluded", _("left out of this mailing"), includable=True)
    if scope.rows is not None and not ids & {*scope.rows, *scope.include}:
        return _unmarked("not_in_rows", _("not chosen"), includable=True)
    return None


def _unmarked(code: str, reason: str, *, includable: bool = False) -> dict[str, Any]:
    return {"code": code, "reason": reason, "includable": includable}


def unmarked_columns(unmarked: dict[str, Any] | None, text: str | None = None) -> dict[str, Any]:
    """The columns of a row that does not go out: no values, nothing of a message, the reason.

    Args:
        unmarked: why a row that is allowed is left out, None for one that is not allowed.
        text: the sentence for the record, else the reason in `unmarked`.
    """
    nothing = dict.fromkeys(("macro_values", "content_hash", "message_id", "cost", "evidence"))
    reason = text or (unmarked or {}).get("reason")
    return {**nothing, "marked": False, "unmarked": unmarked, "text": reason}


def _address_columns(
    people: People, ledger: Ledger, address: Address | Unreachable
) -> dict[str, Any]:
    if isinstance(address, Unreachable):
        no_address: list[str] = [address.code, address.reason]
        return {"address": None, "address_hash": None, "unreachable": no_address}
    hashed = ledger.address_hash(people.kind.name, address.value)
    return {"address": address.value, "address_hash": hashed, "unreachable": None}


def why_not_marked(one: Reviewed) -> str | None:
    """One sentence for people; None for a marked row."""
    if isinstance(one.address, Unreachable):
        return one.address.reason
    if one.decision and not one.decision.allowed:
        return one.decision.reason
    reason: str | None = one.unmarked["reason"] if one.unmarked else None
    return reason


def once_key(renderer: RunRenderer, ledger: Ledger, row: Row) -> str | None:
    """The keyed hash under which this row is sent only once; None where nothing limits it."""
    header = renderer.header
    per = header.once_per
    if per == "none" or (per == "occasion" and row.occasion is None):
        return None
    if per == "recipient" or row.occasion is None:
        return ledger.keyed_hash("once", header.mailing, row.person_id)
    begin = row.occasion.starts_at.isoformat() if row.occasion.starts_at else None
    return ledger.keyed_hash("once", header.mailing, row.person_id, row.occasion.id, begin)


def display_name(fields: Mapping[str, FieldValue]) -> str:
    """Who is meant, for the people who review."""
    name = name_parts(fields)
    return displayed(" ".join(filter(None, (name.title, name.first, name.surname))))


def _message_id(content: Content, ref: str) -> str | None:
    if content.kind != "email":
        return None
    from serienpost.kinds.email import message_id

    return message_id(ref, content.sender)


def number_of(fields: Mapping[str, FieldValue]) -> str | None:
    """The number under which the practice knows who is meant."""
    value = fields.get("nummer")
    return None if value is None else displayed(str(value))


def denial(answers: list[dict[str, Any]]) -> str:
    """The sentence of the first check that denies."""
    return next((a["reason"] for a in answers if a["verdict"] == "deny"), "")
