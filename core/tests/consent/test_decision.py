"""What all checks together mean, written out as a table; what happens when one cannot answer."""

from __future__ import annotations

import threading
from datetime import date
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from serienpost import Abstain, Allow, ConsentQuestion, Deny
from serienpost.config.models import ConsentConfig
from serienpost.consent import decision
from serienpost.consent.decision import CheckUnavailableError, Decision
from serienpost.consent.decision import decide as decide_on

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from serienpost import Context, Verdict

YES = Allow("patient:1 flag")
NO = Deny("no", "will nicht", "fragen")
SOFT = Deny("soft", "nicht gefragt", "fragen", overridable=True)
NONE = Abstain()
ASK = ConsentQuestion("patient:1", "patient:1", "email", "event", "ada@example.org")
decide = partial(decide_on, judged_on=date(2026, 3, 2))
OVERRIDE = {"id": "REC", "codes": [["flags", "soft"]]}


Override: TypeAlias = dict[str, Any]


class Check:
    """Answers every question alike, or does what the test says."""

    def __init__(self, name: str, answer: Verdict | Callable[[], Any]) -> None:
        self.name = name
        self.answer = answer
        self.asked: list[ConsentQuestion] = []

    def check(self, context: Context, questions: Sequence[ConsentQuestion]) -> Any:  # noqa: ANN401
        self.asked += questions
        return self.answer() if callable(self.answer) else [self.answer] * len(questions)


def _context(*checks: Check, require: Any = (), override: bool = True) -> Context:  # noqa: ANN401
    rule = require if isinstance(require, dict) else {"default": list(require)}
    made: Any = SimpleNamespace(
        registry=SimpleNamespace(consent_checks={check.name: check for check in checks}),
        config=SimpleNamespace(consent=ConsentConfig(require=rule, override=override)),
    )
    return made  # type: ignore[no-any-return]


def _judge(*checks: Check, require: Any = (), override: Override | None = None) -> Decision:  # noqa: ANN401
    (found,) = decide(_context(*checks, require=require), [ASK], [override])
    return found


TABLE: list[tuple[dict[str, Verdict], Sequence[str], Any, bool, str]] = [
    ({"flags": YES}, (), None, True, ""),
    ({"flags": NO}, (), None, False, "flags.no"),
    ({"flags": NONE}, (), None, False, "consent.no_permission"),
    ({"flags": YES, "register": NONE}, (), None, True, ""),
    ({"flags": NONE, "register": YES}, (), None, True, ""),
    ({"flags": YES, "register": NO}, (), None, False, "register.no"),
    ({"flags": NO, "register": YES}, (), None, False, "flags.no"),
    ({"flags": NO, "register": NO}, (), None, False, "flags.no"),
    ({"flags": YES, "register": YES}, ("register",), None, True, ""),
    ({"flags": YES, "register": NONE}, ("register",), None, False, "register.required"),
    ({"flags": NONE, "register": YES}, ("register",), None, True, ""),
    ({"flags": YES, "register": NO}, ("register",), None, False, "register.no"),
    ({"flags": YES}, ("register",), None, False, "register.required"),
    ({"flags": YES, "register": YES}, ("register", "flags"), None, True, ""),
    ({"flags": NONE, "register": YES}, ("register", "flags"), None, False, "flags.required"),
    ({"suppression": NONE}, (), None, False, "consent.no_consent_check"),
    ({"suppression": NONE, "status": NONE}, (), None, False, "consent.no_consent_check"),
    ({"suppression": NO, "flags": YES}, (), None, False, "suppression.no"),
    ({}, (), None, False, "consent.no_consent_check"),
    ({"flags": SOFT}, (), None, False, "flags.soft"),
    ({"flags": SOFT}, (), OVERRIDE, True, ""),
    ({"flags": NO}, (), OVERRIDE, False, "flags.no"),
    ({"flags": NO}, (), {"id": "REC", "codes": [["flags", "no"]]}, False, "flags.no"),
    ({"flags": YES}, (), OVERRIDE, True, ""),
    ({"flags": NONE}, (), OVERRIDE, False, "consent.no_permission"),
    ({"flags": SOFT, "register": SOFT}, (), OVERRIDE, False, "register.soft"),
    ({"flags": SOFT, "register": NO}, (), OVERRIDE, False, "register.no"),
    ({"register": SOFT}, (), OVERRIDE, False, "register.soft"),
    ({"flags": SOFT, "register": NONE}, ("register",), OVERRIDE, False, "register.required"),
    ({"flags": SOFT}, ("flags",), OVERRIDE, True, ""),
]


@pytest.mark.parametrize(("verdicts", "require", "override", "allowed", "code"), TABLE)
def test_the_answers_together(
    verdicts: dict[str, Verdict],
    require: Sequence[str],
    override: Override | None,
    allowed: bool,
    code: str,
) -> None:
    checks = [Check(name, verdict) for name, verdict in verdicts.items()]
    found = _judge(*checks, require=require, override=override)
    assert (found.allowed, found.code) == (allowed, code)
    assert (found.denial is None) is allowed
    if found.denial:
        assert found.reason == found.denial.reason
        assert found.denial.remedy


def test_requirements_are_by_purpose() -> None:
    rule = {"default": [], "marketing": ["register"]}
    context = _context(Check("flags", YES), Check("register", NONE), require=rule)
    assert decide(context, [ASK])[0].allowed
    marketing = ConsentQuestion("patient:1", "patient:1", "email", "marketing", "a@example.org")
    assert decide(context, [marketing])[0].code == "register.required"


def test_evidence_names_every_check_that_allowed() -> None:
    found = _judge(Check("flags", YES), Check("register", Allow("doc 7")), Check("status", NONE))
    assert found.evidence == ["flags: patient:1 flag", "register: doc 7"]
    assert _judge(Check("flags", SOFT), override=OVERRIDE).evidence == ["flags: override REC"]


def test_the_documented_form_names_check_and_verdict() -> None:
    found = _judge(Check("flags", YES), Check("register", NO), Check("status", NONE))
    assert [(a["check"], a["verdict"], a["code"]) for a in found.as_json()] == [
        ("flags", "allow", None),
        ("register", "deny", "no"),
        ("status", "abstain", None),
    ]
    assert found.as_json()[1]["reason"] == "will nicht"
    assert [name for name, _ in found.denials] == ["register"]


def test_all_questions_are_asked_at_once_and_answered_apart() -> None:
    questions = [
        ConsentQuestion(f"patient:{n}", f"patient:{n}", "email", "event", "x") for n in range(5)
    ]
    flags = Check("flags", lambda: [YES, NO, YES, NONE, SOFT])
    found = decide(_context(flags), questions, [None, None, None, None, OVERRIDE])
    assert [one.allowed for one in found] == [True, False, True, False, True]
    assert flags.asked == questions


def test_no_questions_ask_nobody() -> None:
    flags = Check("flags", lambda: 1 / 0)
    assert decide(_context(flags), [], must_answer=True) == []
    assert flags.asked == []


class Truthy:
    def __bool__(self) -> bool:
        return True


class BetterAllow(Allow):
    """Looks like a verdict, is none."""


async def _later() -> list[Verdict]:
    return [YES]


def _raise(error: BaseException) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


FAULTS: dict[str, Callable[[], Any]] = {
    "raises": _raise(RuntimeError("Ada Muster")),
    "exits": _raise(SystemExit(0)),
    "None": lambda: None,
    "True": lambda: True,
    "too few": list,
    "too many": lambda: [YES, YES],
    "a dict": lambda: {"patient:1": YES},
    "a set": lambda: {YES},
    "a text": lambda: "j",
    "a generator": lambda: (verdict for verdict in [YES]),
    "bare True": lambda: [True],
    "bare None": lambda: [None],
    "something truthy": lambda: [Truthy()],
    "a subclass": lambda: [BetterAllow("x")],
    "the class": lambda: [Allow],
    "a coroutine": _later,
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_check_that_cannot_answer_denies_in_the_review(fault: str) -> None:
    found = _judge(Check("flags", YES), Check("broken", FAULTS[fault]))
    assert (found.allowed, found.code) == (False, "broken.check_failed")
    assert "Ada" not in found.reason


@pytest.mark.parametrize("fault", FAULTS)
def test_a_check_that_cannot_answer_stops_in_the_recheck(fault: str) -> None:
    context = _context(Check("flags", NO), Check("broken", FAULTS[fault]))
    with pytest.raises(CheckUnavailableError, match="consent check broken cannot answer") as caught:
        decide(context, [ASK], must_answer=True)
    assert caught.value.check == "broken"
    assert "Ada" not in str(caught.value)


@pytest.mark.parametrize("fault", FAULTS)
def test_no_override_covers_a_check_that_cannot_answer(fault: str) -> None:
    override = {"id": "REC", "codes": [["broken", "check_failed"]]}
    assert not _judge(Check("broken", FAULTS[fault]), override=override).allowed


def test_a_check_that_is_too_slow_does_not_hold_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(decision, "CHECK_SECONDS", 0.05)
    late = threading.Event()
    slow = Check("slow", lambda: [YES] if late.wait(10) else [])
    found = _judge(Check("flags", YES), slow)
    assert found.code == "slow.check_failed"
    assert "0.05 seconds" in found.reason
    with pytest.raises(CheckUnavailableError, match="did not answer within"):
        decide(_context(slow), [ASK], must_answer=True)
    late.set()


def test_the_recheck_judges_like_the_review() -> None:
    for verdicts, require, override, _, _ in TABLE:
        checks = [Check(name, verdict) for name, verdict in verdicts.items()]
        context = _context(*checks, require=require)
        (review,) = decide(context, [ASK], [override])
        (again,) = decide(context, [ASK], [override], must_answer=True)
        assert again == review
