"""The rows of a run as the review shows them, and what they come to together."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias

from sqlalchemy import and_, func, select

from serienpost.errors import SerienpostError
from serienpost.ledger.runs import find_run
from serienpost.ledger.schema import message
from serienpost.run.prepare.plan import Header, count_plan
from serienpost.run.prepare.renderer import READ
from serienpost.run.prepare.review import denial
from serienpost.run.prepare.stable_ids import UNSTABLE_IDS
from serienpost.run.prepare.unknown_values import kept_unknown_values
from serienpost.run.report.answers import (
    CostlySign,
    PlanCost,
    PlanCounts,
    Recipient,
    ReviewSummary,
    SharedRows,
)
from serienpost.run.report.languages import (
    LANGUAGE_COLUMNS,
    language_of,
    one_language,
    one_language_reason,
    silent_languages,
)
from serienpost.translation import Text, Texts, parameters

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import ColumnElement, Row

    from serienpost.ledger.rows import MessageRow, RunRow
    from serienpost.ledger.store import Ledger, Tx

_ = Texts(__name__)

# So many reasons are counted each for itself.
_MOST_REASONS = 30
# So many groups of rows, and rows of each, stand for the others.
_EXAMPLES = 3

# Said of all whose reason names the row at their address that goes out.
SAME_ADDRESS = _("same address as another person")

# What checks say of a single record, in brackets at the end of the reason.
_DETAILS = re.compile(r" \([^()]*\)(?=\.?⟧*\Z)")


def review_head(ledger: Ledger, run_id: str) -> ReviewSummary:
    """The head of a review: who, what, how many, at which cost."""
    with ledger.read() as tx:
        row = find_run(tx, run_id)
        counts = count_plan(tx, run_id)
        cost = _cost(tx, run_id)
    return ReviewSummary(
        run=run_id,
        mailing=row.mailing,
        kind=row.kind,
        account=row.account,
        plan_hash=row.plan_hash or "",
        counts=PlanCounts(**counts),
        cost=cost,
        searched=_searched(row) if not counts["selected"] else (),
        purged_at=row.purged_at,
        read=tuple(row.header.get("extra", {}).get(READ, ())),
        unstable_ids=row.header.get("extra", {}).get(UNSTABLE_IDS),
        one_language=one_language(row.header),
        one_language_reason=one_language_reason(row.header),
        silent_languages=silent_languages(row.header),
        unknown_values=kept_unknown_values(row.header),
    )


def plan_counts(ledger: Ledger, run_id: str) -> PlanCounts:
    """How many rows are selected, reachable, allowed and marked.

    Raises:
        LedgerError: there is no such run.
    """
    with ledger.read() as tx:
        find_run(tx, run_id)
        return PlanCounts(**count_plan(tx, run_id))


def _searched(row: RunRow) -> tuple[tuple[str, str], ...]:
    """Each source with its filters as a mailing writes them; nothing where that is purged."""
    if row.purged_at:
        return ()
    header = Header.from_json(row.header)
    return tuple((one.source, _filters(one.selection)) for one in header.blocks)


def _filters(selection: Mapping[str, Any]) -> str:
    named = {key: value for key, value in selection.items() if value not in (None, "", [], {})}
    return ", ".join(f"{key}: {_written(value)}" for key, value in named.items())


def _written(value: Any) -> str:  # noqa: ANN401  # JSON
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def reasons(ledger: Ledger, run_id: str) -> list[tuple[str, int]]:
    """Why rows are not marked, with how many, the most frequent first.

    They are counted by what is said, without what is said of a single record; after so many
    different ones the rest is one line.
    """
    found: Counter[str] = Counter()
    with ledger.read() as tx:
        c = message.c
        rows = tx.select(message, c.unreachable, c.consent, c.allowed, c.unmarked)
        for row in tx.stream(rows.where(c.run == run_id, c.marked.is_(False))):
            found[general(why_not(row))] += 1
    shown = found.most_common(_MOST_REASONS)
    others = found.total() - sum(count for _, count in shown)
    return shown + ([(_("other reasons"), others)] if others else [])


class _General(str):
    """A reason without its details, in English and as it is said."""

    __slots__ = ("_whole",)
    _whole: str

    def __new__(cls, whole: str) -> Self:
        self = super().__new__(cls, _DETAILS.sub("", str.__str__(whole)))
        self._whole = whole
        return self

    def __str__(self) -> str:
        return _DETAILS.sub("", str(self._whole))


def general(reason: str) -> str:
    """A reason without what it says of a single record."""
    if isinstance(reason, Text):
        return Text("", "{reason}", {"reason": _General(reason)})
    return _DETAILS.sub("", reason)


def shared_rows(ledger: Ledger, run_id: str) -> tuple[SharedRows, ...]:
    """Marked rows that belong together, and occasions that go without for a shared address."""
    c = message.c
    marked = (c.run == run_id, c.marked)
    left_out = c.run == run_id, c.occasion.is_not(None), _code() == "same_address"
    with ledger.read() as tx:
        found = [
            _shared(tx, "address", marked, c.address_hash, func.count(c.person.distinct()) > 1),
            _shared(tx, "person", marked, c.person, func.count() > 1),
            _shared(tx, "left_out", left_out, c.row_id, func.count() > 0),
        ]
    return tuple(one for one in found if one.groups)


def _code() -> ColumnElement[str]:
    code: ColumnElement[str] = message.c.unmarked["code"].as_string()
    return code


def _shared(
    tx: Tx,
    what: Literal["address", "person", "left_out"],
    rows: Sequence[ColumnElement[bool]],
    by: ColumnElement[Any],
    several: ColumnElement[bool],
) -> SharedRows:
    c = message.c
    groups = tx.select(message, by.label("key"), func.min(c.no).label("first"))
    groups = groups.where(*rows, by.is_not(None)).group_by(by).having(several)
    number = int(tx.scalar(select(func.count()).select_from(groups.subquery())))
    examples = []
    for group in tx.all(groups.order_by(func.min(c.no)).limit(_EXAMPLES)) if number else ():
        mine = tx.select(message, c.row_id).where(*rows, by == group.key).order_by(c.no)
        examples.append(tuple(row.row_id for row in tx.all(mine.limit(_EXAMPLES))))
    return SharedRows(what, number, tuple(examples))


def costly_signs(ledger: Ledger, run_id: str) -> tuple[CostlySign, ...]:
    """The signs that make marked SMS hold fewer signs, with how many, the most frequent first."""
    c = message.c
    sign = c.cost["because"].as_string()
    with ledger.read() as tx:
        rows = tx.all(
            tx.select(message, sign.label("sign"), func.count().label("n"))
            .where(c.run == run_id, c.marked, sign.is_not(None))
            .group_by(sign)
        )
    found = sorted(rows, key=lambda row: (-row.n, row.sign))
    return tuple(CostlySign(row.sign, row.n) for row in found)


def sheets(ledger: Ledger, run_id: str) -> int | None:
    """How many sheets of paper the marked messages take; None where they take none."""
    c = message.c
    with ledger.read() as tx:
        total = tx.scalar(
            tx.select(message, func.sum(c.cost["sheets"].as_integer())).where(
                c.run == run_id, c.marked
            )
        )
    return None if total is None else int(total)


def why_not(row: Any) -> str:  # noqa: ANN401
    """Why a row is not marked, in one sentence."""
    if row.unreachable:
        reason: str = row.unreachable[1]
        return reason
    if not row.allowed and (said := denial(row.consent or [])):
        return said
    if row.unmarked:
        is_shared = row.unmarked["code"] == "same_address"
        why: str = SAME_ADDRESS if is_shared else row.unmarked["reason"]
        return why
    return ""


# What `recipient` reads.
_SHOWN = [
    *(
        message.c[name]
        for name in (
            *("row_id", "person", "occasion", "number", "name", "address", "unreachable"),
            *("allowed", "consent", "marked", "unmarked", "cost"),
        )
    ),
    *LANGUAGE_COLUMNS,
]

# Columns of the review that it can be sorted by.
SORTABLE = ("row", "number", "name", "address", "reachable", "allowed", "marked")


# How a column is called in the review, where that is another word.
_SHOWN_AS = {"erlaubt": "allowed"}


def _order(sort: str | None) -> list[Any]:
    """The order of the rows. Numbers sort as such where they are of one pattern."""
    c = message.c
    if sort is None:
        return [c.no]
    name = sort.removeprefix("-").lower()
    name = _SHOWN_AS.get(name, name)
    if name not in SORTABLE:
        raise SerienpostError(
            _("rows cannot be sorted by {name}", name=name),
            hint=_("one of {names}; with - before it the other way round", names=list(SORTABLE)),
        )
    columns: dict[str, list[Any]] = {
        "row": [c.no],
        "number": [func.length(c.number), c.number],
        "name": [func.lower(c.name)],
        "address": [func.lower(c.address)],
        "reachable": [c.unreachable.is_(None)],
        "allowed": [c.allowed],
        "marked": [c.marked],
    }
    turned = [each.desc() if sort.startswith("-") else each for each in columns[name]]
    return [*(each.nulls_last() for each in turned), c.no]


def recipients(ledger: Ledger, run_id: str, sort: str | None = None) -> Iterator[Recipient]:
    """Each row in its documented form, read as it is used.

    Args:
        ledger: the practice's ledger.
        run_id: the run.
        sort: one of `SORTABLE`, `-` before it for the reverse; else the order of the run.

    Raises:
        SerienpostError: there is no such column.
    """
    return _stream(ledger, run_id, _order(sort))


# Which rows of the review are looked at.
Filter: TypeAlias = Literal["marked", "unmarked", "unreachable", "not_allowed"]


def page_of(
    ledger: Ledger, run_id: str, page: int, size: int, sort: str | None, only: Filter | None
) -> tuple[int, tuple[Recipient, ...]]:
    """One page of the review, and how many rows all pages have together.

    Raises:
        SerienpostError: there is no such column or filter.
    """
    c = message.c
    reachable = c.unreachable.is_(None)
    filters: dict[str, ColumnElement[bool]] = {
        "marked": c.marked,
        "unmarked": c.marked.is_(False),
        "unreachable": c.unreachable.is_not(None),
        "not_allowed": and_(reachable, c.allowed.is_(False)),
    }
    if only is not None and only not in filters:
        raise SerienpostError(
            _("rows cannot be filtered by {name}", name=only),
            hint=_("one of {names}", names=list(filters)),
        )
    chosen = [c.run == run_id, *([filters[only]] if only else [])]
    with ledger.read() as tx:
        total = int(tx.scalar(tx.select(message, func.count()).where(*chosen)))
        rows = tx.select(message, *_SHOWN).where(*chosen).order_by(*_order(sort))
        found = tx.all(rows.limit(size).offset(size * (max(page, 1) - 1)))
        return total, tuple(map(recipient, found))


def _stream(ledger: Ledger, run_id: str, order: list[Any]) -> Iterator[Recipient]:
    with ledger.read() as tx:
        statement = tx.select(message, *_SHOWN).where(message.c.run == run_id).order_by(*order)
        yield from map(recipient, tx.stream(statement))


def recipient(row: MessageRow | Row[Any]) -> Recipient:
    """One row of the review."""
    cost = dict(row.cost) if row.cost else None
    if cost:
        amount = cost.pop("amount")
        unit = cost.pop("unit")
        cost.pop("because", None)
        cost = {**cost, unit: amount} if unit != "messages" else None
    code, reason = row.unreachable or (None, None)
    return Recipient(
        row.row_id,
        row.person,
        row.occasion,
        row.number,
        row.name,
        row.address,
        row.unreachable is None,
        code,
        reason,
        parameters(reason),
        row.allowed,
        [_with_parameters(answer) for answer in row.consent or []],
        row.marked,
        _with_parameters(row.unmarked) if row.unmarked else None,
        cost,
        *language_of(row),
    )


def _with_parameters(said: Mapping[str, Any]) -> dict[str, Any]:
    return {**said, "parameters": parameters(said["reason"])}


def _cost(tx: Tx, run_id: str) -> PlanCost:
    c = message.c
    marked = (c.run == run_id, c.marked)
    unit = tx.scalar(tx.select(message, c.cost["unit"].as_string()).where(*marked).limit(1))
    total = tx.scalar(tx.select(message, func.sum(c.cost["amount"].as_float())).where(*marked))
    if unit is None:
        total = tx.scalar(tx.select(message, func.count()).where(*marked))
    return PlanCost(unit or "messages", total or 0)
