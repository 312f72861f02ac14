"""`prepare`: select, review, render and freeze, batch by batch, into the ledger.

What is frozen: the header and the files, as `check_mailing` made them (`check.py`); a row's columns
(`Reviewed.columns` in `review.py`); the plan hash over both (`plan.py`).

When all rows are there, those are unmarked who had the mailing already or share an address.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, bindparam, func, or_, select

from serienpost.config.mailing_file import mailing_names
from serienpost.config.problems import did_you_mean
from serienpost.contracts.rows import CountsFromLastRun, Row
from serienpost.errors import ConfigError, Problem
from serienpost.gc_tuning import seldom_collected
from serienpost.ledger.owners import is_dead, ownership
from serienpost.ledger.reviewed import rows_of_run
from serienpost.ledger.runs import mailings_of_runs
from serienpost.ledger.schema import asset, message, once, run
from serienpost.ledger.states import HOLDS_ONCE, REACHED
from serienpost.ledger.store import new_ref
from serienpost.ledger.transitions import NEW_RUN, move_run
from serienpost.run.prepare.batches import batches
from serienpost.run.prepare.plan import from_json, plain_selection, write_plan_hash
from serienpost.run.prepare.renderer import RunRenderer
from serienpost.run.prepare.review import review_rows, unmarked_columns
from serienpost.run.prepare.stable_ids import UNSTABLE_IDS
from serienpost.run.prepare.unknown_values import keep_unknown_values, unknown_values
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from serienpost.context import PracticeContext
    from serienpost.ledger.store import Ledger, Tx
    from serienpost.run.prepare.attachment_folder import Identity
    from serienpost.run.prepare.taking_over import TakenOver

_ = Texts(__name__)

_ALREADY_SENT = {
    "code": "already_sent",
    "reason": _("has had this mailing already"),
    "includable": False,
}


_AT_ONCE = 10_000


class UnlimitedError(ConfigError):
    """Rows without an occasion in a mailing that is sent once per occasion: without a limit."""

    def __init__(self) -> None:
        super().__init__(
            _("these people have no occasion, so that each run would write to all of them again")
        )


def prepare(
    renderer: RunRenderer,
    ledger: Ledger,
    user: str,
    *,
    exclude_already_sent: bool = False,
    unattended: bool = False,
    chosen: TakenOver | None = None,
    progress: Callable[[int], None] = lambda _: None,
    frozen: Callable[[Tx, str], None] = lambda _tx, _run: None,
) -> str:
    """Read, review and freeze all rows of a checked mailing; returns the run id.

    A process that dies here leaves a run that can never be sent.

    Args:
        renderer: the checked mailing.
        ledger: the practice's ledger.
        user: who prepares it.
        exclude_already_sent: unmark who had this mailing before.
        unattended: nobody looks at the review: what cannot answer decides nothing, and what would
            be sent again and again is refused.
        chosen: a selection whose marks the run takes over.
        progress: is called with the number of rows read so far.
        frozen: is called in the transaction that makes the run a prepared one, with its id; where
            it raises, the run is removed.

    Raises:
        SourceError: the source cannot deliver; the run is removed.
        LedgerError: the selection was read again or discarded meanwhile; as above.
        UnavailableError: unattended, what must be asked cannot answer; as above.
        UnlimitedError: unattended, nothing limits how often somebody gets it; as above.
    """
    renderer = since_last_run(renderer, ledger)
    others = renderer.header.exclude_recipients_of
    refuse_unknown_mailings(renderer.context, ledger, others)
    _refuse_forgotten(ledger, others)
    with ownership(ledger) as owner:
        run_id = _create(renderer, ledger, owner)
        try:
            with seldom_collected():
                unknown = _fill(
                    renderer,
                    ledger,
                    run_id,
                    progress,
                    unattended=unattended,
                    chosen=chosen,
                )
            with ledger.begin("freeze") as tx:
                detail = chosen.settle(tx, run_id) if chosen else None
                if exclude_already_sent:
                    _unmark_already_sent(tx, run_id)
                if others:
                    unmark_recipients_of(tx, run_id, others)
                if renderer.header.same_address == "one":
                    unmark_same_address(tx, run_id)
                unmark_files_of_several(tx, renderer, run_id)
                keep_unknown_values(tx, run_id, renderer.header, unknown)
                write_plan_hash(tx, run_id)
                move_run(tx, run_id, "preparing", "prepared", owner=None, prepared_at=tx.now)
                tx.note(user, "prepare", run_id, detail=detail)
                frozen(tx, run_id)
        except BaseException:
            discard(ledger, run_id)
            raise
    return run_id


def since_last_run(renderer: RunRenderer, ledger: Ledger) -> RunRenderer:
    """The same with selections that count from the mailing's last run written out."""
    from pydantic import BaseModel

    header = renderer.header
    if not any(isinstance(block.source, CountsFromLastRun) for block in renderer.blocks):
        return renderer
    with ledger.read() as tx:
        finished = tx.select(run, func.max(run.c.due)).where(
            run.c.mailing == header.mailing, run.c.state == "finished", run.c.due < header.due
        )
        before = tx.scalar(finished)
    last_due = date.fromisoformat(before) if before else None
    blocks = []
    for block, frozen in zip(renderer.blocks, header.blocks, strict=True):
        written = frozen
        if isinstance(block.source, CountsFromLastRun):
            selection = block.source.since_last_run(block.selection, renderer.setting.due, last_due)
            answered = renderer.context.registry.answered
            answered("sources", block.source.name, "since_last_run", selection, BaseModel)
            written = replace(frozen, selection=plain_selection(selection))
        blocks.append(written)
    changed = replace(header, blocks=tuple(blocks))
    return (
        renderer if changed == header else RunRenderer(renderer.context, changed, renderer.assets)
    )


def discard(ledger: Ledger, run_id: str) -> None:
    """Remove a run that was never prepared, with everything it holds."""
    with ledger.begin("discard", counted=False) as tx:
        gone = tx.execute(tx.delete(run).where(run.c.id == run_id, run.c.state == "preparing"))
        for table in (message, asset) if gone else ():
            tx.execute(tx.delete(table).where(table.c.run == run_id))


def discard_dead(ledger: Ledger) -> int:
    """Remove the runs of processes that died while preparing; returns how many."""
    with ledger.read() as tx:
        rows = tx.all(tx.select(run, run.c.id, run.c.owner).where(run.c.state == "preparing"))
    dead = [row.id for row in rows if is_dead(ledger, row.owner)]
    for run_id in dead:
        discard(ledger, run_id)
    return len(dead)


def _create(renderer: RunRenderer, ledger: Ledger, owner: str) -> str:
    header = renderer.header
    with ledger.begin("create", counted=False) as tx:
        run_id = f"{header.due.replace('-', '')}-{new_ref(4).lower()}"
        while tx.first(tx.select(run, run.c.id).where(run.c.id == run_id)):
            run_id = f"{header.due.replace('-', '')}-{new_ref(4).lower()}"
        tx.insert(
            run,
            [
                {
                    "id": run_id,
                    "mailing": header.mailing,
                    "title": header.title,
                    "kind": header.kind,
                    "channel": header.channel,
                    "account": header.account,
                    "purpose": header.purpose,
                    "due": header.due,
                    "state": NEW_RUN,
                    "owner": owner,
                    "header": header.to_json(),
                    "carries": renderer.carried.pairs,
                    "created_at": tx.now,
                }
            ],
        )
        tx.insert(
            asset,
            [{"run": run_id, "name": n, "data": data} for n, data in renderer.assets.items()],
        )
    return run_id


def _fill(
    renderer: RunRenderer,
    ledger: Ledger,
    run_id: str,
    progress: Callable[[int], None],
    *,
    unattended: bool,
    chosen: TakenOver | None,
) -> Counter[str]:
    """Write the rows, batch by batch; returns what no macro knew, by field."""
    unknown: Counter[str] = Counter()
    now = ledger.clock()
    judged_on, mine, number = renderer.leaves_on(now), rows_of_run(run_id), 0
    for batch in batches(renderer, ledger, mine, now, must_answer=unattended):
        if unattended:
            _refuse_unlimited(renderer, batch.rows)
        reviewed = review_rows(
            renderer,
            chosen.of_these(batch.rows) if chosen else batch.rows,
            batch.block,
            judged_on,
            must_answer=unattended,
            left_out=chosen.left_out if chosen else None,
        )
        found = [
            {"run": run_id, **one.columns(renderer, ledger, no)}
            for no, one in enumerate(reviewed, start=number + 1)
        ]
        with ledger.begin("batch", counted=False) as tx:
            tx.insert(message, found)
        unknown += unknown_values(renderer, reviewed)
        number += len(found)
        progress(number)
    return unknown


def _refuse_unlimited(renderer: RunRenderer, rows: Sequence[Row]) -> None:
    """Make sure that something limits how often each of these people gets the mailing."""
    reached = [row for row in rows if row.unreachable is None]
    if renderer.header.once_per == "occasion" and any(row.occasion is None for row in reached):
        raise UnlimitedError


def _unmark_already_sent(tx: Tx, run_id: str) -> None:
    """Unmark who holds a place in "once", or without one had an earlier run of the mailing."""
    c = message.c
    held = select(once.c.key).where(once.c.practice == tx.practice)
    mailing = tx.scalar(tx.select(run, run.c.mailing).where(run.c.id == run_id))
    runs = tx.select(run, run.c.id).where(run.c.mailing == mailing, run.c.id != run_id)
    reached = tx.select(message, c.person).where(c.run.in_(runs), c.state.in_(HOLDS_ONCE))
    tx.execute(
        tx.update(message)
        .where(
            c.run == run_id,
            c.marked,
            or_(c.once_key.in_(held), and_(c.once_key.is_(None), c.person.in_(reached))),
        )
        .values(unmarked_columns(_ALREADY_SENT))
    )


def refuse_unknown_mailings(
    context: PracticeContext, ledger: Ledger, mailings: Collection[str]
) -> None:
    """Make sure that each mailing is known, by its file or by a run.

    Raises:
        ConfigError: one is not, with the nearest name.
    """
    if not mailings:
        return
    with ledger.read() as tx:
        known = {one.mailing for one in mailings_of_runs(tx)}
    known.update(mailing_names(context))
    problems = [
        Problem(
            _("there is no mailing {name}", name=repr(name)),
            did_you_mean(name, known),
            key="exclude_recipients_of",
        )
        for name in mailings
        if name not in known
    ]
    if problems:
        raise ConfigError(*problems)


def _refuse_forgotten(ledger: Ledger, mailings: Collection[str]) -> None:
    """Make sure that who got one of the mailings can be known again.

    Raises:
        ConfigError: a run of it reached people who have no lasting ids.
    """
    remedy = run.c.header["extra"][UNSTABLE_IDS].as_string()
    with ledger.read() as tx:
        reached = tx.select(message, message.c.run).where(message.c.state.in_(REACHED))
        named = tx.select(run, run.c.id, run.c.mailing)
        rows = tx.all(
            named.where(run.c.mailing.in_(mailings), run.c.id.in_(reached), remedy.is_not(None))
        )
    problems = [
        Problem(
            _(
                "nobody knows again who got {mailing} in run {run}: its people were known by their"
                " place in a file alone",
                mailing=row.mailing,
                run=row.id,
            ),
            _("take {mailing} out, and name who had it under exclude", mailing=row.mailing),
            key="exclude_recipients_of",
        )
        for row in rows
    ]
    if problems:
        raise ConfigError(*problems)


def unmark_recipients_of(tx: Tx, run_id: str, mailings: Collection[str]) -> None:
    """Unmark everybody who got one of the mailings, on whatever occasion."""
    c = message.c
    runs = tx.select(run, run.c.id).where(run.c.mailing.in_(mailings), run.c.id != run_id)
    reached = tx.select(message, c.person).where(c.run.in_(runs), c.state.in_(REACHED))
    reason = _("has had already: {mailings}", mailings=list(mailings))
    tx.execute(
        tx.update(message)
        .where(c.run == run_id, c.marked, c.person.in_(reached))
        .values(unmarked_columns({"code": "already_sent", "reason": reason, "includable": False}))
    )


def unmark_same_address(tx: Tx, run_id: str) -> None:
    """Keep the first marked row of each address and name it in the reason of the others."""
    c = message.c
    kept = func.first_value(c.row_id).over(partition_by=c.address_hash, order_by=c.no)
    rank = func.row_number().over(partition_by=c.address_hash, order_by=c.no)
    ranked = (
        select(c.no, kept.label("kept"), rank.label("rank"))
        .where(c.practice == tx.practice, c.run == run_id, c.marked)
        .subquery()
    )
    later = select(ranked.c.no, ranked.c.kept).where(ranked.c.rank > 1).limit(_AT_ONCE)
    while found := tx.all(later):
        _unmark(tx, run_id, [(row.no, unmarked_for(row.kept)) for row in found])


def unmark_files_of_several(tx: Tx, renderer: RunRenderer, run_id: str) -> list[int]:
    """Unmark all whose own attachment is another person's too: nobody can tell whose it is.

    Returns:
        The numbers of these rows.
    """
    patterns = files_of_several(tx, renderer, run_id)
    unmarked = [(no, _of_several(pattern)) for no, pattern in patterns.items()]
    for first in range(0, len(unmarked), _AT_ONCE):
        _unmark(tx, run_id, unmarked[first : first + _AT_ONCE])
    return list(patterns)


def _unmark(tx: Tx, run_id: str, rows: Sequence[tuple[int, dict[str, Any]]]) -> None:
    """Change rows by their number: each gets columns of its own, as `unmarked_columns` makes
    them."""
    values = {
        name: bindparam(f"b_{name}", type_=message.c[name].type) for name in unmarked_columns(None)
    }
    change = tx.update(message).where(message.c.run == run_id, message.c.no == bindparam("b_no"))
    tx.execute(
        change.values(values),
        [{"b_no": no, **{f"b_{name}": v for name, v in own.items()}} for no, own in rows],
    )


def files_of_several(tx: Tx, renderer: RunRenderer, run_id: str) -> dict[int, str]:
    """The numbers of marked rows whose own file is that of another marked person too, each with
    the attachment as the mailing names it."""
    files = renderer.own_files
    if not files.one_person_each:
        return {}
    c = message.c
    marked = tx.select(message, c.no, c.person, c.macro_values).where(c.run == run_id, c.marked)
    owners: dict[Identity, tuple[int, str, str]] = {}
    found: dict[int, str] = {}
    for row in tx.stream(marked.order_by(c.no)):
        for pattern, identity in files.identities(from_json(row.macro_values)):
            no, person, theirs = owners.setdefault(identity, (row.no, row.person, pattern))
            if person != row.person:
                found[no], found[row.no] = theirs, pattern
    return found


def _of_several(pattern: str) -> dict[str, Any]:
    reason = _(
        "attachment {pattern}: the same file belongs to several people"
        " (shared: true in the mailing's file permits it)",
        pattern=pattern,
    )
    return unmarked_columns({"code": "attachment", "reason": reason, "includable": False})


def unmarked_for(kept: str) -> dict[str, Any]:
    """The columns of a row that goes without because `kept` has the same address."""
    reason = _("same address as {row}", row=kept)
    return unmarked_columns({"code": "same_address", "reason": reason, "includable": False})
