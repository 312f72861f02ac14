"""Asks every check the same question and joins the answers: fail closed, allow only by evidence."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from serienpost.consent.address_owners import deny_as_owners, look_ups
from serienpost.contracts.consent import Abstain, Allow, Deny, Verdict
from serienpost.errors import SerienpostError, UnavailableError, cause_of
from serienpost.timelimit import LateError, each_within
from serienpost.translation import Text, Texts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from serienpost.consent.address_owners import LookUp
    from serienpost.context import PracticeContext
    from serienpost.contracts.consent import ConsentCheck, ConsentQuestion

_ = Texts(__name__)

# Checks that never allow a person of the practice's data; without another there is none.
_NOT_OF_PATIENTS = {"suppression", "status", "column"}

# Who decided where no check denies and none allows.
_NOBODY = "consent"

_VERDICTS = {Allow, Deny, Abstain}

# How long a check may take for one batch of questions.
CHECK_SECONDS = 30.0


class CheckUnavailableError(UnavailableError):
    """A consent check raised, timed out or answered wrongly."""

    def __init__(self, check: str, why: str) -> None:
        super().__init__(_("consent check {check} cannot answer: {why}", check=check, why=why))
        self.check = check


class Decision(NamedTuple):
    """What all checks together say about one question.

    All but the verdicts follows from their types alone, whoever is asked about.

    Args:
        allowed: no Deny, every required check says Allow, and at least one Allow.
        names: the checks, in the order asked.
        by: when not allowed, the check that decided: one that denies, a required one that does
            not allow, or `consent` where none allows.
        denying: the position of the check that denies; None where none does.
        lacking: what is said where none denies and it is not allowed all the same.
        verdicts: what each check said.
    """

    allowed: bool
    names: tuple[str, ...]
    by: str = ""
    denying: int | None = None
    lacking: Deny | None = None
    verdicts: tuple[Verdict, ...] = ()

    @property
    def answers(self) -> list[tuple[str, Verdict]]:
        """Check name and verdict, in the order asked."""
        return list(zip(self.names, self.verdicts, strict=True))

    @property
    def denial(self) -> Deny | None:
        """Why not, with reason and remedy; None where allowed."""
        if self.denying is None:
            return self.lacking
        verdict = self.verdicts[self.denying]
        return verdict if isinstance(verdict, Deny) else None

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
        if self.lacking:
            answers.append(plain(self.by, self.lacking))
        return answers


def decide(
    context: PracticeContext,
    questions: Sequence[ConsentQuestion],
    overrides: Sequence[Mapping[str, Any] | None] | None = None,
    *,
    judged_on: date,
    must_answer: bool = False,
) -> list[Decision]:
    """Ask all checks about all questions (of one purpose) and judge each.

    What verdicts mean together depends on their types alone, so it is found out once for each
    combination that occurs.

    Args:
        context: the practice.
        questions: one per row.
        overrides: per row the recorded override, `{"id", "codes": [[check, code], ...]}`.
        judged_on: the practice's date on which the messages leave.
        must_answer: a check that cannot answer raises instead of counting as a Deny: in the
            recheck, and where nobody looks at the review.

    Raises:
        CheckUnavailableError: only with `must_answer`; nothing was decided.
    """
    if not questions:
        return []
    names = tuple(context.registry.consent_checks)
    columns = _ask_with_owners(context, tuple(questions), judged_on, must_answer=must_answer)
    # What the practice does not permit now is not honoured, whenever it was decided.
    permitted = overrides if context.config.consent.override else None
    for index, override in enumerate(permitted or ()):
        if override is not None:
            for name, column in zip(names, columns, strict=True):
                column[index] = _overridden(name, column[index], override)
    known = _ByTypes(names, context.config.consent.required(questions[0].purpose))
    if not columns:
        return [known[()](())] * len(questions)
    types = zip(*(map(type, column) for column in columns), strict=True)
    verdicts = zip(*columns, strict=True)
    decided = (known[each](said) for each, said in zip(types, verdicts, strict=True))
    return [each if each.by != _NOBODY else _explained(each) for each in decided]


def _explained(decision: Decision) -> Decision:
    """The same, with what a check that abstains lacks in place of the general reason."""
    for name, verdict in decision.answers:
        if isinstance(verdict, Abstain) and verdict.otherwise:
            return decision._replace(by=name, lacking=verdict.otherwise)
    return decision


def _ask_with_owners(
    context: PracticeContext,
    questions: tuple[ConsentQuestion, ...],
    judged_on: date,
    *,
    must_answer: bool,
) -> list[list[Verdict]]:
    """The verdicts of each check; rows of people who are not in the master data are answered as
    the owners of their addresses are too."""
    wanted = list(look_ups(context, questions, judged_on))
    if not wanted:
        return _ask(context, questions, must_answer=must_answer)
    jobs = [(_("consent check {name}", name=each.check), each.answer) for each in wanted]
    asked = list(questions)
    owners_of: dict[int, list[int]] = {}
    failed: list[tuple[LookUp, Deny]] = []
    for each, outcome in zip(wanted, each_within(CHECK_SECONDS, jobs), strict=True):
        if outcome.result is None:
            failed.append((each, _failure(each.check, outcome.error, must_answer=must_answer)))
            continue
        for position, owners in zip(each.positions, outcome.result, strict=True):
            owners_of.setdefault(position, []).extend(range(len(asked), len(asked) + len(owners)))
            asked += owners
    columns = _ask(context, tuple(asked), must_answer=must_answer)
    deny_as_owners(columns, owners_of)
    for each, denial in failed:
        column = columns[list(context.registry.consent_checks).index(each.check)]
        for position in each.positions:
            column[position] = denial
    return [column[: len(questions)] for column in columns]


def _ask(
    context: PracticeContext, questions: tuple[ConsentQuestion, ...], *, must_answer: bool
) -> list[list[Verdict]]:
    """The verdicts of each check."""
    checks = list(context.registry.consent_checks.values())
    jobs = [
        (_("consent check {name}", name=check.name), partial(_answers, context, check, questions))
        for check in checks
    ]
    columns = []
    for check, outcome in zip(checks, each_within(CHECK_SECONDS, jobs), strict=True):
        if outcome.result is not None:
            columns.append(outcome.result)
            continue
        failed: Verdict = _failure(check.name, outcome.error, must_answer=must_answer)
        columns.append([failed] * len(questions))
    return columns


def _failure(check: str, error: BaseException | None, *, must_answer: bool) -> Deny:
    """What stands for the answer of a check that has none."""
    assert error is not None  # noqa: S101  # there is no result
    why = error.sentence if isinstance(error, LateError) else cause_of(error)
    if must_answer:
        raise CheckUnavailableError(check, why) from error
    return Deny(
        "check_failed",
        _("the check {check} could not answer ({why})", check=check, why=why),
        _("mend the fault and prepare again"),
    )


def _answers(
    context: PracticeContext, check: ConsentCheck, questions: tuple[ConsentQuestion, ...]
) -> list[Verdict]:
    """What the check says, copied, so that nobody can change it afterwards."""
    try:
        given: object = check.check(context, questions)
    except Exception:
        raise
    except BaseException as error:
        raise SerienpostError(_("it ended with {error}", error=type(error).__name__)) from error
    if inspect.iscoroutine(given):
        given.close()
    if type(given) is not list and type(given) is not tuple:
        raise SerienpostError(_("it did not return a list of verdicts"))
    verdicts = list(given)
    if len(verdicts) != len(questions):
        raise SerienpostError(_("it did not return one verdict per question"))
    if not _are_verdicts(verdicts):
        raise SerienpostError(_("it returned something that is no verdict"))
    return verdicts


def _are_verdicts(given: list[Any]) -> bool:
    """Whether all are verdicts by their exact type, with texts where texts belong."""
    types = set(map(type, given))
    if not types <= _VERDICTS:
        return False
    if Allow in types:
        evidence = [verdict.evidence for verdict in given if type(verdict) is Allow]
        if not (set(map(type, evidence)) <= {str} and all(map(str.strip, evidence))):
            return False
    otherwise = [verdict.otherwise for verdict in given if type(verdict) is Abstain]
    if not set(map(type, otherwise)) <= {Deny, type(None)}:
        return False
    if Deny in types or any(otherwise):
        spoken = [verdict for verdict in (*given, *otherwise) if type(verdict) is Deny]
        denials = {id(verdict): verdict for verdict in spoken}.values()
        texts = {type(t) for deny in denials for t in (deny.reason, deny.remedy)}
        codes = {type(deny.code) for deny in denials}
        flags = {type(deny.overridable) for deny in denials}
        return codes <= {str} and texts <= {str, Text} and flags <= {bool}
    return True


def _overridden(check: str, verdict: Verdict, override: Mapping[str, Any]) -> Verdict:
    """A Deny that this override covers becomes an Allow whose evidence is the override."""
    if type(verdict) is not Deny or not verdict.overridable:
        return verdict
    if [check, verdict.code] not in override["codes"]:
        return verdict
    return Allow(f"override {override['id']}")


_Types: TypeAlias = tuple[type[Verdict], ...]
_Decide: TypeAlias = Callable[[tuple[Verdict, ...]], Decision]


class _ByTypes(dict[_Types, _Decide]):
    """How to decide for each combination of types of verdicts, found out when it first occurs."""

    def __init__(self, names: tuple[str, ...], required: Sequence[str]) -> None:
        super().__init__()
        self._names = names
        self._required = required

    def __missing__(self, types: _Types) -> _Decide:
        decided = _decided(self._names, types, self._required)[:-1]
        self[types] = decide = partial(Decision, *decided)
        return decide


def _decided(names: tuple[str, ...], types: _Types, required: Sequence[str]) -> Decision:
    """The decision that follows from types of verdicts, still without the verdicts."""
    if Deny in types:
        denying = types.index(Deny)
        return Decision(False, names, names[denying], denying)
    said = dict(zip(names, types, strict=True))
    for name in required:
        if said.get(name) is not Allow:
            return Decision(False, names, name, lacking=_required(name))
    if Allow in types:
        return Decision(True, names)
    lacking = _NO_CHECK if set(said) <= _NOT_OF_PATIENTS else _NONE
    return Decision(False, names, _NOBODY, lacking=lacking)


def _required(name: str) -> Deny:
    return Deny(
        "required",
        _("the required check {name} found no permission", name=name),
        _("record a consent, or change consent.require"),
    )


_NO_CHECK = Deny(
    "no_consent_check",
    _("no consent check is set up"),
    _("name one under plugins:, for example serienpost-consent-flags"),
)
_NONE = Deny(
    "no_permission",
    _("no check found a permission for this purpose"),
    _("record a consent for this purpose"),
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
