"""What `doctor` says about one thing that it looked at."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from serienpost.errors import Problem
from serienpost.redaction import without_passwords
from serienpost.translation import mapped

if TYPE_CHECKING:
    from collections.abc import Iterable

# A shorter sentence says nothing of its own: "is missing".
_FEWEST_WORDS = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: what it is, whether it is in order, what was found, what to do.

    What is missing is in order: nothing was set up for it, or is running, yet.

    Args:
        because: the name of the finding that tells the cause; None for one that has its own.
        keeps_back: the names of those that this one is the cause of.
    """

    name: str
    ok: bool
    text: str
    remedy: str | None = None
    problem: Problem | None = None
    is_missing: bool = False
    because: str | None = None
    keeps_back: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", mapped(self.text, without_passwords))
        if self.remedy:
            object.__setattr__(self, "remedy", mapped(self.remedy, without_passwords))

    @classmethod
    def of(cls, name: str, problem: Problem) -> Finding:
        """A finding that is not in order."""
        return cls(name, False, replace(problem, hint=None).sentence, problem.hint, problem)

    @classmethod
    def missing(
        cls, name: str, text: str, remedy: str | None = None, problem: Problem | None = None
    ) -> Finding:
        """Something that is not there yet, and no mistake."""
        return cls(name, True, text, remedy, problem, is_missing=True)

    def as_problem(self) -> Problem:
        """The same for the list of problems."""
        return self.problem or Problem(self.text, self.remedy, key=self.name)


def with_causes(findings: Iterable[Finding]) -> list[Finding]:
    """The findings, those that only repeat the cause of another one marked with its name.

    A problem repeats another one that is the same at the same place, or nowhere, or that its own
    sentence ends with: "secret X cannot be read: there is no file Y" repeats "there is no file Y".
    Of those the shortest is the cause, and of equal ones the first. Servers that do not run are one
    cause.
    """
    found = list(findings)
    troubled = [number for number, one in enumerate(found) if one.is_missing or not one.ok]

    def rank(number: int) -> tuple[int, int]:
        return len(_said(found[number])), number

    causes = {
        mine: min((n for n in troubled if _repeats(found[mine], found[n])), key=rank, default=mine)
        for mine in troubled
    }
    for mine in sorted(troubled, key=rank):  # a cause before what repeats it
        causes[mine] = causes[causes[mine]]
    bound: dict[int, dict[str, None]] = defaultdict(dict)
    for mine, cause in causes.items():
        if found[mine].name != found[cause].name:
            bound[cause][found[mine].name] = None
    return [
        _explained(one, found[causes.get(number, number)], tuple(bound[number]))
        for number, one in enumerate(found)
    ]


def _explained(one: Finding, cause: Finding, keeps_back: tuple[str, ...]) -> Finding:
    """A finding with what it is the cause of, or that another one is the cause of. What needs a
    thing that is wrong is wrong, too, though its own server may just not run."""
    if one is cause:
        return replace(one, keeps_back=keeps_back) if keeps_back else one
    return replace(one, ok=cause.ok, is_missing=cause.is_missing, because=cause.name)


def _said(one: Finding) -> str:
    return one.problem.message if one.problem else one.text


def _repeats(one: Finding, other: Finding) -> bool:
    """Whether a finding says no more than this other one, or is that one."""
    if one.problem is None or other.problem is None:
        both = one.is_missing and other.is_missing
        return one is other or (both and (one.text, one.remedy) == (other.text, other.remedy))
    mine, cause = one.problem, other.problem
    if mine == cause:
        return True
    if cause.message.count(" ") + 1 < _FEWEST_WORDS:
        return False
    is_same = mine.message == cause.message and None in (mine.file, cause.file)
    return is_same or mine.message.endswith(": " + str.__str__(cause.message))
