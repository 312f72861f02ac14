"""Intents before the wire and outcomes after it, each in one durable commit."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Protocol, TypeVar

from sqlalchemy import bindparam, case, func, null, select, update

from serienpost.ledger.batch import PRACTICE
from serienpost.ledger.schema import attempt, message, microseconds, once, run
from serienpost.ledger.states import HOLDS_ONCE
from serienpost.ledger.store import insert_new
from serienpost.ledger.transitions import move_messages, moving, moving_each
from serienpost.translation import pack

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from sqlalchemy import ColumnElement, Insert, Subquery, Update

    from serienpost.ledger.batch import Given
    from serienpost.ledger.store import Tx


_c = message.c
_NOW = bindparam("b_now", type_=_c.updated_at.type)
_LEASE = bindparam("b_lease", type_=_c.lease_until.type)
_THIS_MESSAGE = _c.practice == PRACTICE, _c.run == bindparam("b_run")

_INTENT = (_c.no, _c.fence, attempt.c.attempt, _c.evidence)
_RESULT = (
    *(_c.no, _c.fence, _c.state, _c.next_attempt_at, _c.sent_at),
    *(attempt.c[name] for name in ("attempt", "outcome", "stage", "code", "text", "provider_ref")),
    attempt.c.finished_at,
)


def _held(rows: Subquery) -> tuple[ColumnElement[bool], ...]:
    """Guards every change by a process of what it holds."""
    own = _c.owner == bindparam("b_owner"), _c.fence == rows.c.fence
    return *_THIS_MESSAGE, _c.no == rows.c.no, *own


def _to_sending(given: Given) -> Update:
    rows = given.table(*_INTENT)
    statement = moving("claimed", "sending").where(*_held(rows))
    return statement.values(
        attempts=rows.c.attempt,
        evidence=rows.c.evidence,
        lease_until=_LEASE,
        next_attempt_at=None,
        first_attempt_at=func.coalesce(_c.first_attempt_at, _NOW),
        updated_at=_NOW,
    )


def _open_attempts(given: Given) -> Insert:
    rows = given.table(*_INTENT)
    taken = select(_c.practice, _c.run, _c.no, _c.attempts, _c.owner, _c.fence, _NOW).where(
        *_THIS_MESSAGE,
        _c.no == rows.c.no,
        _c.state == "sending",
        _c.owner == bindparam("b_owner"),
        _c.fence == rows.c.fence + 1,
    )
    columns = ["practice", "run", "no", "attempt", "owner", "fence", "started_at"]
    return insert_new(attempt, given.dialect).from_select(columns, taken)


def _from_sending(given: Given) -> Update:
    return _from_work(given, "sending")


def _from_claimed(given: Given) -> Update:
    return _from_work(given, "claimed")


def _from_work(given: Given, start: str) -> Update:
    rows = given.table(*_RESULT)
    same = ("code", "text", "provider_ref", "next_attempt_at", "sent_at")
    statement = moving_each(start, rows.c.state).where(*_held(rows))
    return statement.values(**{name: rows.c[name] for name in same}, updated_at=_NOW)


def _complete(given: Given) -> Update:
    rows = given.table(*_RESULT)
    same = ("outcome", "stage", "code", "text", "provider_ref")
    return (
        update(attempt)
        .where(
            attempt.c.practice == PRACTICE,
            attempt.c.run == bindparam("b_run"),
            attempt.c.no == rows.c.no,
            attempt.c.attempt == rows.c.attempt,
            attempt.c.outcome.is_(None),
        )
        .values(**{name: rows.c[name] for name in same}, finished_at=rows.c.finished_at)
    )


_THIS_RUN = run.c.practice == PRACTICE, run.c.id == bindparam("b_run")
_STATE = select(run.c.state).where(*_THIS_RUN).with_for_update()
_PROGRESS = update(run).where(*_THIS_RUN).values(progress_at=_NOW).returning(run.c.state)


# Outcome of a result by which an intent is taken back: nothing of the message was written.
NOT_STARTED = "not_started"


class Intent(Protocol):
    """A claimed message that is about to go on the wire; `fence` is that of the claim."""

    @property
    def no(self) -> int: ...

    @property
    def fence(self) -> int: ...

    @property
    def attempt(self) -> int:
        """The number of the attempt that begins."""

    @property
    def evidence(self) -> list[str]:
        """The records that allow it."""


IntentT = TypeVar("IntentT", bound=Intent)


@dataclass(frozen=True, slots=True)
class Result:
    """What becomes of a message, ready to be written.

    `state` is the new state; `fence` and `attempt` are those of the intent (for rows that never
    reached the wire: of the claim, and None).
    """

    no: int
    fence: int
    attempt: int | None
    state: str
    outcome: str
    code: str | None = None
    text: str | None = None
    stage: str | None = None
    provider_ref: str | None = None
    next_attempt_at: datetime | None = None


def write_intents(
    tx: Tx, run_id: str, owner: str, intents: Sequence[IntentT], lease: timedelta
) -> list[IntentT]:
    """Move claimed messages to `sending`, each with an open attempt.

    Written again after a commit whose answer was lost, it changes nothing.

    Returns:
        The intents that took; one whose message was taken over meanwhile is left out.
    """
    if not intents:
        return []
    rows = [(i.no, i.fence, i.attempt, i.evidence) for i in intents]
    same = {"b_run": run_id, "b_owner": owner, "b_now": microseconds(tx.now)}
    moved, _ = tx.change(
        (_to_sending, _open_attempts), rows, **same, b_lease=microseconds(tx.now + lease)
    )
    taken = list(intents)
    if moved != len(rows):
        taken = [i for i in intents if _is_sending(tx, run_id, owner, i)]
    return taken


def _is_sending(tx: Tx, run_id: str, owner: str, intent: Intent) -> bool:
    found = tx.first(
        tx.select(message, message.c.no).where(
            message.c.run == run_id,
            message.c.no == intent.no,
            message.c.state == "sending",
            message.c.owner == owner,
            message.c.fence == intent.fence + 1,
        )
    )
    return found is not None


def lock_state(tx: Tx, run_id: str, *, progress: bool) -> str:
    """The state of a run that no other process changes before this transaction ends.

    With `progress` its time of the last progress becomes now.
    """
    if not progress:
        return str(tx.value(_STATE, b_run=run_id))
    return str(tx.value(_PROGRESS, b_run=run_id, b_now=tx.now))


def write_results(tx: Tx, run_id: str, owner: str, results: Sequence[Result]) -> None:
    """Write what became of messages, complete their attempts, free "once" where nothing left."""
    same = {"b_run": run_id, "b_owner": owner, "b_now": microseconds(tx.now)}
    for result in results:
        if result.outcome == NOT_STARTED:
            _take_back(tx, run_id, owner, result)
    wire = [r for r in results if r.attempt is not None and r.outcome != NOT_STARTED]
    if wire:
        moved, _ = tx.change((_from_sending, _complete), _rows(tx, wire), **same)
        if moved != len(wire):
            for result in wire:
                _late_answer(tx, run_id, result)
    closed = [r for r in results if r.attempt is None]
    if closed:
        tx.change((_from_claimed,), _rows(tx, closed), **same)
    ended = [r.no for r in results if r.state in ("failed", "suppressed")]
    if ended:
        free_once(tx, run_id, ended)


def _rows(tx: Tx, results: Sequence[Result]) -> list[tuple[object, ...]]:
    """The results as rows. What one commit writes keeps its order by the microsecond, so that the
    ledger alone says which refusals came without an acceptance between (`run/send/breaker.py`)."""
    now = microseconds(tx.now)
    changes = [one.state != other.state for one, other in pairwise(results)]
    before_now = accumulate(reversed(changes), initial=0)
    finished = [now - steps for steps in before_now][::-1]
    return [
        (
            r.no,
            r.fence,
            r.state,
            microseconds(r.next_attempt_at) if r.next_attempt_at else None,
            now if r.state == "accepted" else None,
            *(r.attempt, r.outcome, r.stage, r.code, r.text and pack(r.text), r.provider_ref),
            finished_at,
        )
        for r, finished_at in zip(results, finished, strict=True)
    ]


def _take_back(tx: Tx, run_id: str, owner: str, intent: Result) -> None:
    """Undo an intent: the message waits again as if it had not been tried. One that another
    process has taken over meanwhile stays as that left it."""
    before = (intent.attempt or 1) - 1
    first = case((_c.attempts_before == before, null()), else_=_c.first_attempt_at)
    held = _c.no == intent.no, _c.owner == owner, _c.fence == intent.fence
    undone = {"attempts": before, "first_attempt_at": first}
    if move_messages(tx, run_id, "sending", "pending", *held, **undone):
        a = attempt.c
        made = a.run == run_id, a.no == intent.no, a.attempt == intent.attempt
        tx.execute(tx.delete(attempt).where(*made))


def _late_answer(tx: Tx, run_id: str, result: Result) -> None:
    """A definite success for an attempt that another process already had to call doubtful."""
    if result.state != "accepted":
        return
    move_messages(
        tx,
        run_id,
        "in_doubt",
        "accepted",
        _c.no == result.no,
        _c.attempts == result.attempt,
        basis="late answer",
        code=result.code,
        text=result.text,
        provider_ref=result.provider_ref,
        sent_at=tx.now,
    )


def cancel_pending(tx: Tx, run_id: str, numbers: Sequence[int]) -> None:
    """Cancel those of these messages that their outcome made pending in a cancelled run."""
    if move_messages(tx, run_id, "pending", "cancelled", _c.no.in_(numbers)):
        free_once(tx, run_id, numbers)


def free_once(tx: Tx, run_id: str, numbers: Sequence[int]) -> None:
    """Give up the places in "once" of those messages that now hold none by their state."""
    holding = tx.select(message, message.c.no).where(
        message.c.run == run_id,
        message.c.no.in_(numbers),
        message.c.state.in_(HOLDS_ONCE),
    )
    tx.execute(
        tx.delete(once).where(
            once.c.run == run_id, once.c.no.in_(numbers), once.c.no.not_in(holding)
        )
    )
