"""What each outcome of the closed vocabulary means for the message and for the run."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from serienpost.contracts.outcomes import (
    Accepted,
    AccountProblem,
    Deferred,
    NotStarted,
    Outcome,
    QuotaReached,
    Rejected,
    Unknown,
)
from serienpost.ledger.delivery import NOT_STARTED, Result
from serienpost.ledger.states import PAUSE_REASONS
from serienpost.translation import Text, Texts, joined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from serienpost.ledger.delivery import Intent
    from serienpost.run.prepare.policy import PolicyChangedError

_ = Texts(__name__)

# Seconds until the second attempt; doubled each time, at most an hour.
FIRST_RETRY = 60.0

LONGEST_RETRY = 3600.0
# So long after its first attempt a message is not tried again.
GIVE_UP_AFTER = timedelta(hours=24)

# So many times in a row turned away by a provider that answers pause the run.
CONNECTION_FAILURES = 10


@dataclass(frozen=True, slots=True)
class StopReason:
    """Why the run must pause now.

    Raises:
        ValueError: the reason is none of `ledger.states.PAUSE_REASONS`, which say what ends it.
    """

    reason: str
    text: str
    until: datetime | None = None

    def __post_init__(self) -> None:
        if self.reason not in PAUSE_REASONS:
            raise ValueError(_("{reason} is no reason of a pause", reason=self.reason))


def checked(outcomes: object, count: int, *, held_back: bool = False) -> list[Outcome]:
    """The outcomes of a call; a wrong number or type means that nothing is known.

    Many messages of one request often share one outcome, which is looked at once.

    Args:
        outcomes: what the channel answered.
        count: messages of the call.
        held_back: the last look said no; only then a message may be not started.
    """
    if (
        isinstance(outcomes, (list, tuple))
        and len(outcomes) == count
        and all(map(_is_sound, {id(outcome): outcome for outcome in outcomes}.values()))
        and (held_back or NotStarted not in map(type, outcomes))
    ):
        return list(outcomes)
    return [_UNSOUND] * count


_VOCABULARY = (Accepted, Rejected, Deferred, Unknown, AccountProblem, QuotaReached, NotStarted)
_UNSOUND = Unknown("channel", _("the channel did not return one outcome per message"))


def _is_sound(outcome: object) -> bool:
    """Whether it is of the vocabulary, with plain values, texts and aware times."""
    if not isinstance(outcome, _VOCABULARY) or type(outcome) not in _VOCABULARY:
        return False
    for field in fields(outcome):
        value = getattr(outcome, field.name)
        if isinstance(value, datetime):
            if value.tzinfo is None:
                return False
        elif value is not None and type(value) not in _PLAIN[field.name]:
            return False
    return True


_PLAIN: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("ref", "code", "stage", "scope"), (str,)),
    "text": (str, Text),
    "retry_after": (int, float),
    "connection": (bool,),
    "until": (),
}


def is_unanswered(outcome: Outcome) -> bool:
    """Whether the provider was not reached at all, and so said nothing, not even when to come
    again."""
    return isinstance(outcome, Deferred) and outcome.connection and outcome.retry_after is None


def to_result(
    intent: Intent,
    outcome: Outcome,
    now: datetime,
    *,
    attempts_left: bool,
    repeatable: bool,
) -> Result:
    """The new state of one message.

    Args:
        intent: the attempt that was made.
        outcome: what the channel says.
        now: time of the answer.
        attempts_left: whether a definite temporary refusal is tried again.
        repeatable: a call that may or may not have happened can simply be made again.
    """
    fence, attempt = intent.fence + 1, intent.attempt
    if isinstance(outcome, Accepted):
        return Result(
            intent.no,
            fence,
            attempt,
            "accepted",
            "accepted",
            None,
            outcome.text or None,
            provider_ref=outcome.ref,
        )
    if isinstance(outcome, Rejected):
        return Result(
            intent.no,
            fence,
            attempt,
            "failed",
            "rejected",
            outcome.code,
            outcome.text,
            stage=outcome.scope,
        )
    if isinstance(outcome, Unknown):
        again = "pending" if attempts_left else "failed"
        return Result(
            intent.no,
            fence,
            attempt,
            again if repeatable else "in_doubt",
            "unknown",
            "unknown",
            outcome.text,
            stage=outcome.stage,
        )
    if isinstance(outcome, NotStarted) or is_unanswered(outcome):
        return Result(intent.no, fence, attempt, "pending", NOT_STARTED)
    if isinstance(outcome, Deferred):
        return _deferred(intent, outcome, now, attempts_left=attempts_left)
    kind = "account_problem" if isinstance(outcome, AccountProblem) else "quota"
    return Result(intent.no, fence, attempt, "pending", kind, outcome.code, outcome.text)


def _deferred(intent: Intent, outcome: Deferred, now: datetime, *, attempts_left: bool) -> Result:
    state = "pending" if attempts_left or outcome.connection else "failed"
    wait = _wait(outcome.retry_after, intent.attempt)
    return Result(
        intent.no,
        intent.fence + 1,
        intent.attempt,
        state,
        "deferred",
        outcome.code,
        outcome.text,
        next_attempt_at=now + wait if state == "pending" else None,
    )


def _wait(retry_after: float | None, attempt: int) -> timedelta:
    """As long as the channel says, within a day, else longer with each attempt."""
    if retry_after is not None and not math.isnan(retry_after):
        seconds = min(max(retry_after, 0.0), GIVE_UP_AFTER.total_seconds())
        return timedelta(seconds=seconds)
    doublings = min(attempt - 1, 10)
    return timedelta(seconds=min(FIRST_RETRY * 2**doublings, LONGEST_RETRY))


def stop_reason(outcomes: Sequence[Outcome]) -> StopReason | None:
    """Whether one of these outcomes stops the whole run."""
    for outcome in outcomes:
        if isinstance(outcome, AccountProblem):
            return StopReason("account", joined(": ", (outcome.code, outcome.text)))
    for outcome in outcomes:
        if isinstance(outcome, QuotaReached):
            said = joined(": ", (outcome.code, outcome.text))
            return StopReason("quota", said, outcome.until)
    return None


def policy_changed(error: PolicyChangedError) -> StopReason:
    """A run stops where other rules are in force than it was reviewed under."""
    return StopReason("policy_changed", error.sentence)
