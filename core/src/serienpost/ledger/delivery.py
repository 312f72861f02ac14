"""Intents before the wire and outcomes after it, each in one durable commit."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, func, select, update

from serienpost.ledger.compiled import PRACTICE
from serienpost.ledger.schema import attempt, message, microseconds, once, run
from serienpost.ledger.states import HOLDS_ONCE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from serienpost.ledger.store import Tx


_c = message.c
_NOW = bindparam("b_now", type_=_c.updated_at.type)

_HELD = update(message).where(
    _c.practice == PRACTICE,
    _c.run == bindparam("b_run"),
    _c.no == bindparam("b_no"),
    _c.state == bindparam("b_before"),
    _c.owner == bindparam("b_owner"),
    _c.fence == bindparam("b_fence"),
)
"""Guards every change by a process of what it holds."""

_TO_SENDING = _HELD.values(
    state="sending",
    fence=_c.fence + 1,
    attempts=bindparam("b_attempt"),
    evidence=bindparam("b_evidence", type_=_c.evidence.type),
    lease_until=bindparam("b_lease", type_=_c.lease_until.type),
    next_attempt_at=None,
    first_attempt_at=func.coalesce(_c.first_attempt_at, _NOW),
    updated_at=_NOW,
)
_FROM_WORK = _HELD.values(
    state=bindparam("b_state"),
    code=bindparam("b_code"),
    text=bindparam("b_text"),
    provider_ref=bindparam("b_provider_ref"),
    next_attempt_at=bindparam("b_next", type_=_c.next_attempt_at.type),
    sent_at=bindparam("b_sent", type_=_c.sent_at.type),
    fence=_c.fence + 1,
    owner=None,
    lease_until=None,
    updated_at=_NOW,
)
_COMPLETE = (
    update(attempt)
    .where(
        attempt.c.practice == PRACTICE,
        attempt.c.run == bindparam("b_run"),
        attempt.c.no == bindparam("b_no"),
        attempt.c.attempt == bindparam("b_attempt"),
        attempt.c.outcome.is_(None),
    )
    .values(
        finished_at=_NOW,
        outcome=bindparam("b_outcome"),
        stage=bindparam("b_stage"),
        code=bindparam("b_code"),
        text=bindparam("b_text"),
        provider_ref=bindparam("b_provider_ref"),
    )
)

_THIS_RUN = run.c.practice == PRACTICE, run.c.id == bindparam("b_run")
_STATE = select(run.c.state).where(*_THIS_RUN).with_for_update()
_PROGRESS = update(run).where(*_THIS_RUN).values(progress_at=_NOW).returning(run.c.state)


@dataclass(frozen=True, slots=True)
class Intent:
    """A message that is about to go on the wire; `fence` is that of the claim."""

    no: int
    fence: int
    attempt: int
    evidence: list[str]


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
    permit_used: bool = True


def write_intents(
    tx: Tx, run_id: str, owner: str, intents: Sequence[Intent], lease: timedelta
) -> list[Intent]:
    """Move claimed messages to `sending`, each with an open attempt.

    Written again after a commit whose answer was lost, it changes nothing.

    Returns:
        The intents that took; one whose message was taken over meanwhile is left out.
    """
    if not intents:
        return []
    rows = [
        {
            "b_no": i.no,
            "b_fence": i.fence,
            "b_attempt": i.attempt,
            "b_evidence": json.dumps(i.evidence),
        }
        for i in intents
    ]
    moved = tx.change(
        _TO_SENDING,
        rows,
        b_run=run_id,
        b_owner=owner,
        b_before="claimed",
        b_lease=microseconds(tx.now + lease),
        b_now=microseconds(tx.now),
    )
    taken = list(intents)
    if moved != len(rows):
        taken = [i for i in intents if _is_sending(tx, run_id, owner, i)]
    tx.add_new(
        attempt,
        [{"no": i.no, "attempt": i.attempt, "fence": i.fence + 1} for i in taken],
        run=run_id,
        owner=owner,
        started_at=microseconds(tx.now),
    )
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
        return str(tx.look(_STATE, b_run=run_id))
    return str(tx.look(_PROGRESS, b_run=run_id, b_now=tx.now))


def write_results(tx: Tx, run_id: str, owner: str, results: Sequence[Result]) -> None:
    """Write what became of messages, complete their attempts, free "once" where nothing left."""
    wire = [r for r in results if r.attempt is not None]
    _move(tx, run_id, owner, wire, "sending")
    _move(tx, run_id, owner, [r for r in results if r.attempt is None], "claimed")
    _complete_attempts(tx, run_id, wire)
    ended = [r.no for r in results if r.state in ("failed", "suppressed")]
    if ended:
        free_once(tx, run_id, ended)


def _move(tx: Tx, run_id: str, owner: str, results: Sequence[Result], before: str) -> None:
    now = microseconds(tx.now)
    rows = [
        {
            "b_no": r.no,
            "b_fence": r.fence,
            "b_state": r.state,
            "b_code": r.code,
            "b_text": r.text,
            "b_provider_ref": r.provider_ref,
            "b_next": microseconds(r.next_attempt_at) if r.next_attempt_at else None,
            "b_sent": now if r.state == "accepted" else None,
        }
        for r in results
    ]
    moved = tx.change(_FROM_WORK, rows, b_run=run_id, b_owner=owner, b_before=before, b_now=now)
    if moved != len(rows) and before == "sending":
        for result in results:
            _late_answer(tx, run_id, result)


def _late_answer(tx: Tx, run_id: str, result: Result) -> None:
    """A definite success for an attempt that another process already had to call doubtful."""
    if result.state != "accepted":
        return
    tx.execute(
        tx.update(message)
        .where(
            message.c.run == run_id,
            message.c.no == result.no,
            message.c.state == "in_doubt",
            message.c.attempts == result.attempt,
        )
        .values(
            state="accepted",
            basis="late answer",
            code=result.code,
            text=result.text,
            provider_ref=result.provider_ref,
            sent_at=tx.now,
            fence=message.c.fence + 1,
            updated_at=tx.now,
        )
    )


def _complete_attempts(tx: Tx, run_id: str, results: Sequence[Result]) -> None:
    rows = [
        {
            "b_no": r.no,
            "b_attempt": r.attempt,
            "b_outcome": r.outcome,
            "b_stage": r.stage,
            "b_code": r.code,
            "b_text": r.text,
            "b_provider_ref": r.provider_ref,
        }
        for r in results
    ]
    tx.change(_COMPLETE, rows, b_run=run_id, b_now=microseconds(tx.now))


def cancel_pending(tx: Tx, run_id: str, numbers: Sequence[int]) -> None:
    """Cancel those of these messages that their outcome made pending in a cancelled run."""
    stopped = tx.execute(
        tx.update(message)
        .where(message.c.run == run_id, message.c.no.in_(numbers), message.c.state == "pending")
        .values(state="cancelled", fence=message.c.fence + 1, updated_at=tx.now)
    )
    if stopped:
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
