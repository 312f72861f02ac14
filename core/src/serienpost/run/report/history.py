"""What the ledger knows: runs, messages, what one person got and why, who changed the marks."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, case, func, select

from serienpost.errors import Exit
from serienpost.ledger.due import due_rows
from serienpost.ledger.rows import RUN, RunRow
from serienpost.ledger.runs import count_states, find_rows, find_run
from serienpost.ledger.schema import attempt, event, journal, message, run
from serienpost.ledger.states import HELD, OPEN
from serienpost.run.report.answers import (
    DueDate,
    Explanation,
    MarkChange,
    MessageLine,
    MessageStory,
    NamedMessage,
    OtherMessage,
    RunLine,
    RunStatus,
    SentTest,
    every_state,
)
from serienpost.run.report.pauses import pause_end
from serienpost.run.report.recipients import recipient
from serienpost.run.send.archive import archive_counts
from serienpost.run.send.schedule import scheduled_for

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from zoneinfo import ZoneInfo

    from sqlalchemy import Label, Row

    from serienpost.ledger.due import DueRow
    from serienpost.ledger.rows import MessageRow
    from serienpost.ledger.store import Ledger, Tx

# Actions of the journal that concern the marks; `review` closes a change with its plan hash.
MARKING = frozenset(
    {"prepare", "exclude", "include", "override", "drop override", "same address", "review"}
    | {"next at the address", "not sendable", "only"}
)

_LINE = [message.c[{"row": "row_id", "id": "person"}.get(n, n)] for n in MessageLine._fields]

_NAMED_LINE = [message.c[{"row": "row_id", "id": "person"}.get(n, n)] for n in NamedMessage._fields]


def list_runs(ledger: Ledger, limit: int, zone: ZoneInfo) -> list[RunLine]:
    """The newest runs with their counts."""
    with ledger.read() as tx:
        newest = tx.select(run, *RUN).order_by(run.c.created_at.desc()).limit(limit)
        rows = list(map(RunRow._make, tx.all(newest)))
        return [
            RunLine(
                run=row.id,
                mailing=row.mailing,
                due=row.due,
                kind=row.kind,
                account=row.account,
                state=row.state,
                reason=row.reason,
                counts=count_states(tx, row.id),
                ends=pause_end(row),
                scheduled_for=local(scheduled_for(row, tx.now), zone),
                title=row.title,
            )
            for row in rows
        ]


def due_dates(ledger: Ledger, zone: ZoneInfo) -> list[DueDate]:
    """The due dates that wait to be prepared again, or were given up and not taken off."""
    with ledger.read() as tx:
        return [due_date(row, zone) for row in due_rows(tx, "open", "given_up")]


def due_date(row: DueRow, zone: ZoneInfo, exit: Exit | None = None) -> DueDate:  # noqa: A002  # its name
    """A due date as faces show it; its state says the exit code unless one is given."""
    return DueDate(
        mailing=row.mailing,
        due=row.due,
        state=row.state,
        reason=row.reason,
        put_off_by=row.put_off_by,
        put_off_at=row.put_off_at.astimezone(zone),
        until=row.until.astimezone(zone),
        tries=row.tries,
        run=row.run,
        exit=_EXIT_OF_DUE.get(row.state, Exit.DONE) if exit is None else exit,
    )


_EXIT_OF_DUE = {"open": Exit.OPEN, "given_up": Exit.SOME_FAILED}


def run_status(ledger: Ledger, run_id: str, zone: ZoneInfo) -> RunStatus:
    """How a run stands.

    Raises:
        LedgerError: there is no such run.
    """
    with ledger.read() as tx:
        row = find_run(tx, run_id)
        counts = count_states(tx, run_id)
        ahead = scheduled_for(row, tx.now)
    return RunStatus(
        run=run_id,
        mailing=row.mailing,
        title=row.title,
        state=row.state,
        reason=row.reason,
        counts=every_state(counts),
        kind=row.kind,
        account=row.account,
        reason_text=row.reason_text,
        ends=pause_end(row),
        scheduled_for=local(ahead, zone),
        until=local(row.until, zone),
        approved_at=local(row.approved_at, zone),
        approved_by=row.approved_by,
        finished_at=local(row.finished_at, zone),
        files=tuple(row.files or ()),
        records=archive_counts(ledger, run_id),
        purged_at=local(row.purged_at, zone),
    )


def messages_of(
    ledger: Ledger, run_id: str, *, first: tuple[str, ...] = ()
) -> Iterator[MessageLine]:
    """Each message, read as it is used; those in `first` states first."""
    c = message.c
    rank = [case((c.state.in_(first), 0), else_=1)] if first else []
    with ledger.read() as tx:
        statement = tx.select(message, *_LINE).where(c.run == run_id).order_by(*rank, c.no)
        yield from map(MessageLine._make, tx.stream(statement))


def message_page(
    ledger: Ledger, run_id: str, page: int, size: int, states: Collection[str]
) -> tuple[int, tuple[NamedMessage, ...]]:
    """One page of the messages in these states, or of all, with the names that the ledger keeps;
    and how many all pages have together.

    Raises:
        LedgerError: there is no such run.
    """
    c = message.c
    chosen = [c.run == run_id, *([c.state.in_(states)] if states else [])]
    with ledger.read() as tx:
        find_run(tx, run_id)
        total = int(tx.scalar(tx.select(message, func.count()).where(*chosen)))
        rows = tx.select(message, *_NAMED_LINE).where(*chosen).order_by(c.no)
        found = tx.all(rows.limit(size).offset(size * (page - 1)))
        return total, tuple(map(NamedMessage._make, found))


def story(ledger: Ledger, run_id: str, row_id: str, zone: ZoneInfo) -> list[MessageStory]:
    """What a person got in a run, when, on which consent, released by whom.

    Raises:
        LedgerError: the run or the row does not exist.
    """
    with ledger.read() as tx:
        released = find_run(tx, run_id)
        rows = find_rows(tx, run_id, row_id)
        return [message_story(tx, released, row, zone) for row in rows]


def other_messages(
    ledger: Ledger, run_id: str, row_id: str, zone: ZoneInfo, limit: int
) -> list[OtherMessage]:
    """The messages of other runs to the person of a row, by id, the newest run first.

    Raises:
        LedgerError: the run or the row does not exist.
    """
    m, r = message.c, run.c
    with ledger.read() as tx:
        people = {row.person for row in find_rows(tx, run_id, row_id)}
        both = and_(r.practice == m.practice, r.id == m.run)
        columns = (
            r.id.label("run"),
            m.row_id.label("row"),
            r.mailing,
            r.title,
            r.kind,
            r.due,
            m.state,
            m.sent_at,
        )
        found = tx.select(message, *columns).join(run, both).where(m.run != run_id)
        rows = tx.all(
            found.where(m.person.in_(people)).order_by(r.created_at.desc(), m.no).limit(limit)
        )
    return [OtherMessage(**{**row._mapping, "sent_at": local(row.sent_at, zone)}) for row in rows]


def message_story(tx: Tx, released: RunRow, row: MessageRow, zone: ZoneInfo) -> MessageStory:
    """What became of one message; `released` is its run."""

    def lines(table: Any, names: str, *order: Any) -> tuple[dict[str, Any], ...]:  # noqa: ANN401
        mine = tx.select(table).where(table.c.run == row.run, table.c.no == row.no)
        return tuple(_plain(line, names, zone) for line in tx.all(mine.order_by(*order)))

    a, j, e = attempt.c, journal.c, event.c
    ahead = scheduled_for(released, tx.now) if row.state in (*OPEN, *HELD) else None
    return MessageStory(
        **MessageLine._make(getattr(row, column.name) for column in _LINE)._asdict(),
        mailing=released.mailing,
        title=released.title,
        kind=released.kind,
        purpose=released.purpose,
        sent_at=local(row.sent_at, zone),
        evidence=row.evidence,
        override=row.override,
        content_hash=row.content_hash,
        approved_by=released.approved_by,
        approved_at=local(released.approved_at, zone),
        scheduled_for=local(ahead, zone),
        log=lines(attempt, "attempt started_at outcome stage code text", a.attempt),
        decisions=lines(journal, "at user action detail", j.at),
        reports=lines(event, "at kind code text", e.at, e.id),
        purged_at=local(released.purged_at, zone),
    )


def explain(ledger: Ledger, run_id: str, row_id: str, zone: ZoneInfo) -> Explanation:
    """What each check said about a row, by which record and when, and what would change it.

    Raises:
        LedgerError: the run or the row does not exist.
    """
    with ledger.read() as tx:
        rows = find_rows(tx, run_id, row_id)
        asked = _asked_at(tx, run_id, [row.no for row in rows])
    overrides = {
        row.row_id: {**row.override, "at": local(datetime.fromisoformat(row.override["at"]), zone)}
        for row in rows
        if row.override
    }
    found = tuple(recipient(row) for row in rows)
    return Explanation(run_id, local(asked, zone), found, overrides)


def mark_changes(ledger: Ledger, run_id: str, zone: ZoneInfo) -> list[MarkChange]:
    """Every change of the marks, the oldest first.

    Raises:
        LedgerError: there is no such run.
    """
    j = journal.c
    with ledger.read() as tx:
        find_run(tx, run_id)
        statement = tx.select(journal, j.at, j.user, j.action, _row_of_line(), j.detail)
        found = tx.all(
            statement.where(j.run == run_id, j.action.in_(MARKING)).order_by(j.at, j.action, j.no)
        )
    return [
        MarkChange(line.at.astimezone(zone), line.user, line.action, line.row, line.detail)
        for line in found
    ]


def sent_tests(tx: Tx, zone: ZoneInfo, run_id: str | None = None) -> list[SentTest]:
    """The tests of a run, or of all, the oldest first."""
    j = journal.c
    statement = tx.select(journal, j.run, j.at, j.user, _row_of_line(), j.detail)
    statement = statement.where(j.action == "test").order_by(j.at, j.id)
    found = tx.all(statement if run_id is None else statement.where(j.run == run_id))
    return [
        SentTest(line.run, line.at.astimezone(zone), line.user, detail.get("to"), line.row)
        for line in found
        for detail in [line.detail or {}]
    ]


def _row_of_line() -> Label[str]:
    """The row that a line of the journal is about, as `row`."""
    m, j = message.c, journal.c
    found = select(m.row_id).where(m.practice == j.practice, m.run == j.run, m.no == j.no)
    return found.scalar_subquery().label("row")


def _asked_at(tx: Tx, run_id: str, numbers: Sequence[int]) -> datetime | None:
    """When the checks were last asked about these rows in the review."""
    again = tx.scalar(
        tx.select(journal, func.max(journal.c.at)).where(
            journal.c.run == run_id, journal.c.no.in_(numbers), journal.c.action.in_(MARKING)
        )
    )
    prepared: datetime | None = find_run(tx, run_id).prepared_at
    return max(filter(None, (again, prepared)), default=None)


def _plain(row: Row[Any], names: str, zone: ZoneInfo) -> dict[str, Any]:
    values = row._mapping
    return {
        name: local(values[name], zone) if isinstance(values[name], datetime) else values[name]
        for name in names.split()
    }


def local(moment: datetime | None, zone: ZoneInfo) -> datetime | None:
    """A time of the ledger in the practice's zone."""
    return moment.astimezone(zone) if moment else None
