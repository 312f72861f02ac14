"""What `doctor` says about one thing that it looked at."""

from __future__ import annotations

from dataclasses import dataclass, replace

from serienpost.errors import Problem
from serienpost.redaction import without_passwords


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: what it is, whether it is in order, what was found, what to do.

    What is missing is in order: nothing was set up for it, or is running, yet.
    """

    name: str
    ok: bool
    text: str
    remedy: str | None = None
    problem: Problem | None = None
    is_missing: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", without_passwords(self.text))
        if self.remedy:
            object.__setattr__(self, "remedy", without_passwords(self.remedy))

    @classmethod
    def of(cls, name: str, problem: Problem) -> Finding:
        """A finding that is not in order."""
        return cls(name, False, str(replace(problem, hint=None)), problem.hint, problem)

    @classmethod
    def missing(cls, name: str, text: str, remedy: str | None = None) -> Finding:
        """Something that is not there yet, and no mistake."""
        return cls(name, True, text, remedy, is_missing=True)

    def as_problem(self) -> Problem:
        """The same for the list of problems."""
        return self.problem or Problem(self.text, self.remedy, key=self.name)
