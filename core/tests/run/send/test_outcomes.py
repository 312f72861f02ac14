from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from serienpost import Accepted, AccountProblem, Deferred, QuotaReached, Rejected, Unknown
from serienpost.run.send.outcomes import StopReason, checked, stop_reason, to_result

if TYPE_CHECKING:
    from serienpost.ledger.delivery import Result

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


class Intent(NamedTuple):
    """What the send loop calls `Ready`."""

    no: int
    fence: int
    attempt: int
    evidence: list[str]


def _result(outcome: Any, attempt: int = 1, **options: bool) -> Result:  # noqa: ANN401
    chosen = {"attempts_left": True, "repeatable": False, **options}
    return to_result(Intent(7, 3, attempt, []), outcome, NOW, **chosen)


@pytest.mark.parametrize(
    ("outcome", "options", "state", "name"),
    [
        (Accepted("q"), {}, "accepted", "accepted"),
        (Accepted(), {}, "accepted", "accepted"),
        (Rejected("550", "no"), {}, "failed", "rejected"),
        (Rejected("550", "no", "message"), {}, "failed", "rejected"),
        (Deferred("451", "later"), {}, "pending", "deferred"),
        (Deferred("451", "later"), {"attempts_left": False}, "failed", "deferred"),
        (Deferred("0", "", connection=True), {"attempts_left": False}, "pending", "not_started"),
        (Deferred("0", "", 9, connection=True), {"attempts_left": False}, "pending", "deferred"),
        (Unknown("data"), {}, "in_doubt", "unknown"),
        (Unknown("data"), {"repeatable": True}, "pending", "unknown"),
        (Unknown("data"), {"repeatable": True, "attempts_left": False}, "failed", "unknown"),
        (AccountProblem("535", "login"), {}, "pending", "account_problem"),
        (AccountProblem("535", "login"), {"attempts_left": False}, "pending", "account_problem"),
        (QuotaReached("429", "enough", LATER), {}, "pending", "quota"),
    ],
)
def test_each_outcome_has_one_meaning(
    outcome: object, options: dict[str, bool], state: str, name: str
) -> None:
    result = _result(outcome, **options)
    assert (result.no, result.fence, result.attempt) == (7, 4, 1)
    assert (result.state, result.outcome) == (state, name)


def test_codes_texts_and_references_are_kept() -> None:
    accepted = _result(Accepted("q", "ok"))
    assert (accepted.provider_ref, accepted.text) == ("q", "ok")
    rejected = _result(Rejected("550", "no", "message"))
    assert (rejected.code, rejected.text, rejected.stage) == ("550", "no", "message")
    assert _result(Unknown("data", "cut")).stage == "data"


@pytest.mark.parametrize(
    ("attempt", "retry_after", "seconds"),
    [
        (1, None, 60),
        (2, None, 120),
        (6, None, 1920),
        (7, None, 3600),
        (5000, None, 3600),
        (1, 5.0, 5),
        (4, 0.0, 0),
        (1, -7.0, 0),
        (1, 1e300, 86400),
        (1, float("inf"), 86400),
        (1, float("nan"), 60),
    ],
)
def test_the_next_attempt_waits_longer_each_time_or_as_long_as_it_is_told(
    attempt: int, retry_after: float | None, seconds: float
) -> None:
    result = _result(Deferred("451", "later", retry_after), attempt)
    assert result.next_attempt_at == NOW + timedelta(seconds=seconds)


def test_who_gives_up_waits_for_nothing() -> None:
    assert _result(Deferred("451", "later"), attempts_left=False).next_attempt_at is None


class Better(Accepted):
    """Not one of the closed vocabulary."""


@pytest.mark.parametrize(
    "answer",
    [
        None,
        "accepted",
        [],
        [Accepted()],
        [Accepted()] * 3,
        [Accepted(), None],
        [Accepted(), Better()],
        [Accepted(), Accepted],
        {1: Accepted(), 2: Accepted()},
        iter([Accepted(), Accepted()]),
    ],
    ids=lambda answer: type(answer).__name__,
)
def test_a_wrong_answer_leaves_everything_unknown(answer: object) -> None:
    outcomes = checked(answer, 2)
    assert [type(outcome) for outcome in outcomes] == [Unknown, Unknown]


@pytest.mark.parametrize("kind", [list, tuple])
def test_a_right_answer_is_taken(kind: Any) -> None:  # noqa: ANN401
    answer = [Accepted("1"), Deferred("451", "")]
    assert checked(kind(answer), 2) == answer


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ([], None),
        ([Accepted(), Rejected("550", ""), Deferred("4", ""), Unknown("x")], None),
        ([Accepted(), AccountProblem("535", "login")], StopReason("account", "535: login")),
        ([QuotaReached("429", "enough", LATER)], StopReason("quota", "429: enough", LATER)),
        ([QuotaReached("429", "enough")], StopReason("quota", "429: enough")),
        (
            [QuotaReached("429", "enough", LATER), AccountProblem("535", "login")],
            StopReason("account", "535: login"),
        ),
    ],
)
def test_account_and_quota_stop_the_run(outcomes: list[Any], expected: StopReason | None) -> None:
    assert stop_reason(outcomes) == expected
