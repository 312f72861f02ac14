"""Asks every check the same question and joins the answers: fail closed, allow only by evidence."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from serienpost.contracts.consent import Abstain, Allow, ConsentQuestion, Deny
from serienpost.errors import SerienpostError
from serienpost.timelimit import within

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from serienpost.context import Context
    from serienpost.contracts.consent import ConsentCheck, Verdict

_NOT_OF_PATIENTS = {"suppression", "status", "column"}
"""Checks that never allow a person of the practice's data; without another there is none."""

CHECK_SECONDS = 30.0
"""How long a check may take for one batch of questions."""


class CheckUnavailableError(SerienpostError):
    """A consent check raised, timed out or answered wrongly."""

    def __init__(self, check: str, why: str) -> None:
        super().__init__(f"consent check {check} cannot answer: {why}")
        self.check = check


@dataclass(frozen=True, slots=True)
class Judgement:
    """What all checks together say about one question.

    Args:
        allowed: no Deny, every required check says Allow, and at least one Allow.
        answers: check name -> verdict, in the order asked.
        by: when not allowed, the check that decided: one that denies, a required one that does
            not allow, or `consent` where none allows.
        denial: what it says, with reason and remedy.
    """

    allowed: bool
    answers: tuple[tuple[str, Verdict], ...]
    by: str = ""
    denial: Deny | None = None

    @property
    def code(self) -> str:
        """Check and code of the denial, `flags.flag_no`."""
        return f"{self.by}.{self.denial.code}" if self.denial else ""

    @property
    def reason(self) -> str:
        """Why not, for people."""
        return self.denial.reason if self.denial else ""

    @property
    def evidence(self) -> list[str]:
        """The records that allowed it, each with the check that named it."""
        return [f"{name}: {v.evidence}" for name, v in self.answers if type(v) is Allow]

    @property
    def denials(self) -> list[tuple[str, Deny]]:
        """Every Deny with its check."""
        return [(name, v) for name, v in self.answers if type(v) is Deny]

    def as_json(self) -> list[dict[str, Any]]:
        """The documented form of the answers; a denial that no single check gave comes last."""
        answers = [plain(name, verdict) for name, verdict in self.answers]
        if self.denial and not self.denials:
            answers.append(plain(self.by, self.denial))
        return answers


def judge(
    context: Context,
    questions: Sequence[ConsentQuestion],
    overrides: Sequence[Mapping[str, Any] | None] | None = None,
    *,
    at_door: bool = False,
) -> list[Judgement]:
    """Ask all checks about all questions (of one purpose) and judge each.

    Args:
        context: the practice.
        questions: one per row.
        overrides: per row the recorded override, `{"id", "codes": [[check, code], ...]}`.
        at_door: a check that cannot answer raises instead of counting as a Deny.

    Raises:
        CheckUnavailableError: only `at_door`; nothing was decided.
    """
    if not questions:
        return []
    columns = [
        (check.name, _ask(context, check, questions, at_door=at_door))
        for check in context.registry.consent_checks.values()
    ]
    required = context.config.consent.required(questions[0].purpose)
    names = [name for name, _ in columns]
    judgements = []
    rows = (
        zip(*(column for _, column in columns), strict=True) if columns else [()] * len(questions)
    )
    for index, verdicts in enumerate(rows):
        answers = tuple(zip(names, verdicts, strict=True))
        override = overrides[index] if overrides else None
        if override is not None:
            answers = tuple((name, _overridden(name, v, override)) for name, v in answers)
        judgements.append(_judge(answers, required))
    return judgements


def _ask(
    context: Context, check: ConsentCheck, questions: Sequence[ConsentQuestion], *, at_door: bool
) -> Sequence[Verdict]:
    try:
        return within(
            CHECK_SECONDS,
            f"consent check {check.name}",
            lambda: _answers(context, check, questions),
        )
    except Exception as error:
        known = isinstance(error, (SerienpostError, TimeoutError))
        why = str(error) if known else type(error).__name__
        if at_door:
            raise CheckUnavailableError(check.name, why) from error
        failed = Deny(
            "check_failed",
            f"die Prüfung {check.name} konnte nicht antworten ({why})",
            "den Fehler beheben und neu vorbereiten",
        )
        return [failed] * len(questions)


def _answers(
    context: Context, check: ConsentCheck, questions: Sequence[ConsentQuestion]
) -> tuple[Verdict, ...]:
    """What the check says, copied, so that nobody can change it afterwards."""
    try:
        given: object = check.check(context, tuple(questions))
    except Exception:
        raise
    except BaseException as error:
        raise SerienpostError(f"it ended with {type(error).__name__}") from error
    if inspect.iscoroutine(given):
        given.close()
    if type(given) is not list and type(given) is not tuple:
        raise SerienpostError("it did not return a list of verdicts")
    verdicts = tuple(given)
    if len(verdicts) != len(questions):
        raise SerienpostError("it did not return one verdict per question")
    if not all(map(_is_verdict, verdicts)):
        raise SerienpostError("it returned something that is no verdict")
    return verdicts


def _is_verdict(verdict: object) -> bool:
    """Whether this is a verdict by its exact type, with texts where texts belong."""
    if type(verdict) is Allow:
        return type(verdict.evidence) is str and bool(verdict.evidence.strip())
    if type(verdict) is Deny:
        texts = (verdict.code, verdict.reason, verdict.remedy)
        return {type(text) for text in texts} == {str} and type(verdict.overridable) is bool
    return type(verdict) is Abstain


def _overridden(check: str, verdict: Verdict, override: Mapping[str, Any]) -> Verdict:
    """A Deny that this override covers becomes an Allow whose evidence is the override."""
    if type(verdict) is not Deny or not verdict.overridable:
        return verdict
    if [check, verdict.code] not in override["codes"]:
        return verdict
    return Allow(f"override {override['id']}")


def _judge(answers: tuple[tuple[str, Verdict], ...], required: Sequence[str]) -> Judgement:
    is_allowed = False
    for name, verdict in answers:
        if type(verdict) is Deny:
            return Judgement(False, answers, name, verdict)
        is_allowed = is_allowed or type(verdict) is Allow
    said = dict(answers) if required or not is_allowed else {}
    for name in required:
        if type(said.get(name)) is not Allow:
            return Judgement(False, answers, name, _required(name))
    if is_allowed:
        return Judgement(True, answers)
    return Judgement(
        False, answers, "consent", _NO_CHECK if set(said) <= _NOT_OF_PATIENTS else _NONE
    )


def _required(name: str) -> Deny:
    return Deny(
        "required",
        f"die vorgeschriebene Prüfung {name} hat keine Erlaubnis gefunden",
        "eine Einwilligung eintragen oder consent.require ändern",
    )


_NO_CHECK = Deny(
    "no_consent_check",
    "keine Einwilligungsprüfung eingerichtet",
    "unter plugins: eine nennen, zum Beispiel serienpost-consent-flags",
)
_NONE = Deny(
    "no_permission",
    "keine Prüfung hat eine Erlaubnis für diesen Zweck gefunden",
    "eine Einwilligung für diesen Zweck eintragen",
)


def plain(name: str, verdict: Verdict) -> dict[str, Any]:
    """One answer in its documented form."""
    if isinstance(verdict, Allow):
        return {
            "check": name,
            "verdict": "allow",
            "code": None,
            "reason": verdict.evidence,
            "remedy": None,
        }
    if isinstance(verdict, Deny):
        return {
            "check": name,
            "verdict": "deny",
            "code": verdict.code,
            "reason": verdict.reason,
            "remedy": verdict.remedy,
        }
    return {"check": name, "verdict": "abstain", "code": None, "reason": None, "remedy": None}
