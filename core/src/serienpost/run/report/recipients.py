"""The rows of a run as the review shows them, and what they come to together."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from sqlalchemy import and_, func, null, select

from serienpost.errors import SerienpostError
from serienpost.ledger.runs import find_run
from serienpost.ledger.schema import message
from serienpost.run.prepare.people_check import READ
from serienpost.run.prepare.plan import Header, count_plan
from serienpost.run.prepare.reasons import general
from serienpost.run.prepare.review import denial
from serienpost.run.prepare.stable_ids import UNSTABLE_IDS
from serienpost.run.prepare.taking_over import taken_selection
from serienpost.run.prepare.unknown_values import kept_unknown_values
from serienpost.run.report.answers import (
    CostlySign,
    PlanCost,
    PlanCounts,
    Recipient,
    ReviewSummary,
    SharedRows,
    TakenSelection,
)
from serienpost.run.report.languages import (
    LANGUAGE_COLUMNS,
    language_of,
    one_language,
    one_language_reason,
    silent_languages,
)
from serienpost.translation import Texts, parameters

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import ColumnElement, Row

    from serienpost.ledger.reviewed import ReviewedRows
    from serienpost.ledger.rows import MessageRow, RunRow
    from serienpost.ledger.store import Ledger, Tx
    from serienpost.run.prepare.plan import Scope

_ = Texts(__name__)

# So many reasons are counted each for itself.
MOST_REASONS = 30
# So many groups of rows, and rows of each, stand for the others.
_EXAMPLES = 3

# Said of all whose reason names the row at their address that goes out.
SAME_ADDRESS = _("same address as another person")


def review_head(ledger: Ledger, run_id: str) -> ReviewSummary:
    """The head of a review: who, what, how many, at which cost."""
    with ledger.read() as tx:
        row = find_run(tx, run_id)
        counts = count_plan(tx, run_id)
        cost = _cost(tx, run_id)
        taken = taken_selection(tx, run_id)
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
        taken_over=TakenSelection(*taken[:2], tuple(taken[2])) if taken else None,
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
    return searched(Header.from_json(row.header))


def searched(scope: Scope) -> tuple[tuple[str, str], ...]:
    """Each source with its filters as a mailing writes them."""
    return tuple((one.source, _filters(one.selection)) for one in scope.blocks)


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
    shown = found.most_common(MOST_REASONS)
    others = found.total() - sum(count for _, count in shown)
    return shown + ([(_("other reasons"), others)] if others else [])


def shared_rows(ledger: Ledger, rows: ReviewedRows) -> tuple[SharedRows, ...]:
    """Marked rows that belong together, and occasions that go without for a shared address."""
    c = rows.table.c
    marked = rows.of_these, c.marked
    code = c.unmarked["code"].as_string()
    left_out = rows.of_these, c.occasion.is_not(None), code == "same_address"
    several = func.count(c.person.distinct()) > 1
    with ledger.read() as tx:
        found = [
            _shared(tx, rows, "address", marked, c.address_hash, several),
            _shared(tx, rows, "person", marked, c.person, func.count() > 1),
            _shared(tx, rows, "left_out", left_out, c.row_id, func.count() > 0),
        ]
    return tuple(one for one in found if one.groups)


def _shared(
    tx: Tx,
    rows: ReviewedRows,
    what: Literal["address", "person", "left_out"],
    which: Sequence[ColumnElement[bool]],
    by: ColumnElement[Any],
    several: ColumnElement[bool],
) -> SharedRows:
    c, table = rows.table.c, rows.table
    groups = tx.select(table, by.label("key"), func.min(c.no).label("first"))
    groups = groups.where(*which, by.is_not(None)).group_by(by).having(several)
    number = int(tx.scalar(select(func.count()).select_from(groups.subquery())))
    examples = []
    for group in tx.all(groups.order_by(func.min(c.no)).limit(_EXAMPLES)) if number else ():
        mine = tx.select(table, c.row_id).where(*which, by == group.key).order_by(c.no)
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


# What `recipient` reads of a row of either table.
_SHOWN = (
    *("row_id", "person", "occasion", "occasion_at", "number", "name", "address", "unreachable"),
    *("allowed", "consent", "marked", "unmarked"),
)
# And of a row that has a text.
_OF_TEXT = (message.c.cost, *LANGUAGE_COLUMNS)


def shown_columns(rows: ReviewedRows) -> list[ColumnElement[Any]]:
    """The columns of the review; rows without a text have nothing in those that are about one."""
    of_text = [one if rows.table is message else null().label(one.name) for one in _OF_TEXT]
    return [*(rows.table.c[name] for name in _SHOWN), *of_text]


# Columns of the review that it can be sorted by.
SORTABLE = ("row", "number", "name", "address", "occasion", "reachable", "allowed", "marked")


# How a column is called in the review, where that is another word.
_SHOWN_AS = {"erlaubt": "allowed"}


def _order(rows: ReviewedRows, sort: str | None) -> list[Any]:
    """The order of the rows. Numbers sort as such where they are of one pattern."""
    c = rows.table.c
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
        "occasion": [c.occasion_at, c.occasion],
        "reachable": [c.unreachable.is_(None)],
        "allowed": [c.allowed],
        "marked": [c.marked],
    }
    turned = [each.desc() if sort.startswith("-") else each for each in columns[name]]
    return [*(each.nulls_last() for each in turned), c.no]


def recipients(ledger: Ledger, rows: ReviewedRows, sort: str | None = None) -> Iterator[Recipient]:
    """Each row in its documented form, read as it is used.

    Args:
        ledger: the practice's ledger.
        rows: of a run or of a selection.
        sort: one of `SORTABLE`, `-` before it for the reverse; else the order of the run.

    Raises:
        SerienpostError: there is no such column.
    """
    return _stream(ledger, rows, _order(rows, sort))


# Which rows of the review are looked at.
Filter: TypeAlias = Literal["marked", "unmarked", "unreachable", "not_allowed"]


def filtered(rows: ReviewedRows, only: Filter | None) -> list[ColumnElement[bool]]:
    """The conditions that a filter means.

    Raises:
        SerienpostError: there is no such filter.
    """
    c = rows.table.c
    filters: dict[str, ColumnElement[bool]] = {
        "marked": c.marked,
        "unmarked": c.marked.is_(False),
        "unreachable": c.unreachable.is_not(None),
        "not_allowed": and_(c.unreachable.is_(None), c.allowed.is_(False)),
    }
    if only is None:
        return []
    if only not in filters:
        raise SerienpostError(
            _("rows cannot be filtered by {name}", name=only),
            hint=_("one of {names}", names=list(filters)),
        )
    return [filters[only]]


def page_of(
    ledger: Ledger,
    rows: ReviewedRows,
    page: int,
    size: int,
    sort: str | None,
    which: Sequence[ColumnElement[bool]] = (),
) -> tuple[int, tuple[Recipient, ...]]:
    """One page of the review, and how many rows all pages have together.

    Args:
        ledger: the practice's ledger.
        rows: of a run or of a selection.
        page: from 1.
        size: rows of a page.
        sort: one of `SORTABLE`, `-` before it for the reverse; else the order of the run.
        which: conditions on the rows, as `filtered` makes them.

    Raises:
        SerienpostError: there is no such column.
    """
    chosen = [rows.of_these, *which]
    order = _order(rows, sort)
    with ledger.read() as tx:
        total = int(tx.scalar(tx.select(rows.table, func.count()).where(*chosen)))
        shown = tx.select(rows.table, *shown_columns(rows)).where(*chosen).order_by(*order)
        found = tx.all(shown.limit(size).offset(size * (max(page, 1) - 1)))
        return total, tuple(map(recipient, found))


def place(ledger: Ledger, rows: ReviewedRows, row_id: str) -> int | None:
    """The place of a row among those that are marked, from 1; None where it is not marked."""
    c = rows.table.c
    marked = rows.of_these, c.marked
    with ledger.read() as tx:
        no = tx.scalar(tx.select(rows.table, c.no).where(*marked, c.row_id == row_id))
        if no is None:
            return None
        return int(tx.scalar(tx.select(rows.table, func.count()).where(*marked, c.no <= no)))


def _stream(ledger: Ledger, rows: ReviewedRows, order: list[Any]) -> Iterator[Recipient]:
    with ledger.read() as tx:
        shown = tx.select(rows.table, *shown_columns(rows)).where(rows.of_these).order_by(*order)
        yield from map(recipient, tx.stream(shown))


def recipient(row: MessageRow | Row[Any]) -> Recipient:
    """One row of the review."""
    cost = dict(row.cost) if row.cost else None
    if cost:
        amount = cost.pop("amount")
        unit = cost.pop("unit")
        cost.pop("because", None)
        cost = {**cost, unit: amount} if unit != "messages" else None
    code, reason = row.unreachable or (None, None)
    language, because, recorded = language_of(row) or (None, None, None)
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
        language,
        because,
        recorded,
        row.occasion_at,
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
