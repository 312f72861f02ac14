"""Whatever checks do, nobody without an Allow is written to and no message is lost."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from serienpost.config.loading import load_practice
from serienpost.consent import decision
from serienpost.consent.decision import CheckUnavailableError, decide
from serienpost.contracts.consent import Abstain, Allow, ConsentQuestion, Deny
from serienpost.ledger.schema import message
from serienpost.ledger.store import open_ledger
from serienpost.run.prepare.freeze import prepare
from serienpost.run.send.approve import approve
from serienpost.run.send.session import Options, continue_run
from serienpost.run.send.stop import Stop
from serienpost.service.mailing import checked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from serienpost.context import PracticeContext
    from serienpost.ledger.store import Ledger
    from serienpost_testkit.contexts import MakeContext

DAY = date(2026, 3, 2)

# Whom every healthy check denies.
DENIED = "patient:3"


class Shouting(Allow):
    """Not an Allow by its exact type."""


class Lying(list[Any]):
    """Says that it has as many answers as wanted, and that all are equal to everything."""

    def __len__(self) -> int:
        return 3

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


class Yes:
    """Truthy, and equal to everything."""

    def __bool__(self) -> bool:
        return True

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


def healthy(questions: Sequence[ConsentQuestion]) -> list[Any]:
    return [
        Deny("no", "nein", "fragen") if q.person_id == DENIED else Allow(f"{q.person_id} ja")
        for q in questions
    ]


def raising(error: BaseException) -> Callable[..., Any]:
    def check(_: object) -> None:
        raise error

    return check


async def later(questions: Sequence[ConsentQuestion]) -> list[Any]:
    return healthy(questions)


def slow(questions: Sequence[ConsentQuestion]) -> list[Any]:
    time.sleep(0.3)
    return healthy(questions)


FAULTS: dict[str, Callable[..., Any]] = {
    "error": raising(RuntimeError("kaputt")),
    "key error": raising(KeyError("patient:1")),
    "exit": raising(SystemExit(0)),
    "interrupt": raising(KeyboardInterrupt()),
    "stop": raising(StopIteration()),
    "none": lambda _: None,
    "empty": lambda _: [],
    "short": lambda questions: healthy(questions)[1:],
    "long": lambda questions: [*healthy(questions), Allow("x")],
    "true": lambda questions: [True for _ in questions],
    "yes": lambda questions: [Yes() for _ in questions],
    "one yes": lambda _: Yes(),
    "one allow": lambda _: Allow("x"),
    "equal to an allow": lambda questions: [("x",) for _ in questions],
    "words": lambda questions: ["allow" for _ in questions],
    "text": lambda questions: "a" * len(questions),
    "nones": lambda questions: [None for _ in questions],
    "types": lambda questions: [Allow for _ in questions],
    "subclass": lambda questions: [Shouting("x") for _ in questions],
    "lying list": lambda questions: Lying(healthy(questions)),
    "no evidence": lambda questions: [Allow("") for _ in questions],
    "evidence of another type": lambda questions: [Allow(Yes()) for _ in questions],
    "overridable by a word": lambda questions: [
        Deny("no", "nein", "fragen", "nein") for _ in questions
    ],
    "coroutine": later,
    "generator": lambda questions: (verdict for verdict in healthy(questions)),
    "dictionary": lambda questions: dict.fromkeys(range(len(questions)), Allow("x")),
    "slow": slow,
}
HEALTHY: dict[str, Callable[..., Any]] = {
    "allow": healthy,
    "tuple": lambda questions: tuple(healthy(questions)),
    "abstain": lambda questions: [Abstain() for _ in questions],
    "deny": lambda questions: [Deny("no", "nein", "fragen", True) for _ in questions],
}
ALL = {**FAULTS, **HEALTHY}


@dataclass
class Check:
    """A check whose behaviour a test sets."""

    name: str
    behaviour: str = "abstain"

    def check(self, context: PracticeContext, questions: Sequence[ConsentQuestion]) -> Any:  # noqa: ANN401
        return ALL[self.behaviour](questions)


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decision, "CHECK_SECONDS", 0.15)


behaviours = st.lists(st.sampled_from(sorted(ALL)), min_size=1, max_size=4)


def quick(examples: int) -> settings:
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


def asked(context: PracticeContext, names: Sequence[str], *, must_answer: bool) -> list[bool]:
    context.registry.consent_checks.clear()
    for number, behaviour in enumerate(names):
        context.registry.consent_checks[f"check{number}"] = Check(f"check{number}", behaviour)
    people = ("patient:1", "patient:2", DENIED)
    questions = [ConsentQuestion(p, p, "email", "event", "a@example.org") for p in people]
    found = decide(context, questions, must_answer=must_answer, judged_on=DAY)
    return [one.allowed for one in found]


@quick(120)
@given(names=behaviours)
def test_only_healthy_allows_without_any_denial_allow(
    make_context: MakeContext, names: list[str]
) -> None:
    context = make_context()
    well = not set(names) & FAULTS.keys()
    allows = well and "deny" not in names and bool({"allow", "tuple"} & set(names))
    assert asked(context, names, must_answer=False) == [allows, allows, False]
    if well:
        assert asked(context, names, must_answer=True) == [allows, allows, False]
    else:
        with pytest.raises(CheckUnavailableError):
            asked(context, names, must_answer=True)


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_each_fault_is_a_denial_in_the_review_and_an_error_in_the_recheck(
    make_context: MakeContext, fault: str
) -> None:
    context = make_context()
    assert asked(context, ["allow", fault], must_answer=False) == [False, False, False]
    with pytest.raises(CheckUnavailableError, match="check1"):
        asked(context, ["allow", fault], must_answer=True)


PRACTICE = """\
practice: {name: Praxis Null}
plugins: [serienpost-testkit]
accounts:
  mail: {channel: null-email, oracle: oracle.tsv, slots: 2, sender: "Praxis Null <a@example.org>"}
"null": {default: abstain}
"""
MAILING = """\
source: "null"
select: {count: 5}
account: mail
purpose: event
subject: Einladung
text: Guten Tag.
"""


@pytest.fixture
def practice(practice_folder: Path) -> Iterator[PracticeContext]:
    (practice_folder / "mailings").mkdir()
    (practice_folder / "serienpost.yaml").write_text(PRACTICE, "utf-8")
    (practice_folder / "mailings" / "einladung.yaml").write_text(MAILING, "utf-8")
    with closing(load_practice(practice_folder)) as context:
        yield context


def states(ledger: Ledger, run_id: str) -> dict[str, str]:
    with ledger.read() as tx:
        rows = tx.all(tx.select(message).where(message.c.run == run_id))
        assert all(row.evidence for row in rows if row.state == "accepted")
        return {row.person: row.state for row in rows}


def released(context: PracticeContext, ledger: Ledger, checks: Sequence[Check]) -> str:
    """A run in which all five are marked, as far as the healthy checks let them."""
    for check in checks:
        check.behaviour = "allow"
    renderer = checked(context, "einladung", datetime.now(context.zone).date())
    run_id = prepare(renderer, ledger, "test")
    approve(ledger, run_id, "test")
    return run_id


@quick(15)
@given(sequence=st.lists(st.tuples(*[st.sampled_from(sorted(FAULTS | {"allow": healthy}))] * 2),
                         min_size=1, max_size=4))  # fmt: skip
def test_no_sequence_of_faults_loses_a_message(
    practice: PracticeContext, sequence: list[tuple[str, str]]
) -> None:
    """Each round the checks behave differently; in the end they are well."""
    checks = [Check("one"), Check("two")]
    for check in checks:
        practice.registry.consent_checks[check.name] = check
    ledger = open_ledger(practice)
    oracle = practice.path("oracle.tsv")
    oracle.unlink(missing_ok=True)
    run_id = released(practice, ledger, checks)
    options = Options(wait=False, confirmed_by="user")
    for pair in [*sequence, ("allow", "allow")]:
        for check, behaviour in zip(checks, pair, strict=True):
            check.behaviour = behaviour
        before = states(ledger, run_id)
        continue_run(practice, ledger, run_id, options, report=lambda _: None, stop=Stop())
        if set(pair) & FAULTS.keys():
            assert states(ledger, run_id) == before
    sent = [line.split("\t")[0] for line in oracle.read_text("ascii").splitlines()]
    assert len(sent) == len(set(sent)) == 4
    assert states(ledger, run_id) == {
        **{f"patient:{n}": "accepted" for n in (1, 2, 4, 5)},
        DENIED: "suppressed",
    }
