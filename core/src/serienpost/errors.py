"""What can go wrong in a way the user can mend. Anything else is a bug.

Every expected error derives from `SerienpostError`, carries one or more `Problem`s and an exit
code, and is translated into one line per problem at a single place, the edge of the command line.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from serienpost.redaction import redact, without_passwords
from serienpost.translation import Text, Texts, joined, mapped

if TYPE_CHECKING:
    from collections.abc import Iterable

_ = Texts(__name__)


class Exit(IntEnum):
    """Exit codes of the command line."""

    DONE = 0
    BUG = 1
    USAGE = 2
    REFUSED = 3
    SOME_FAILED = 4
    SOME_IN_DOUBT = 5
    OPEN = 75


# Of several runs or practices the first of these counts.
WORST_FIRST = (
    Exit.USAGE,
    Exit.BUG,
    Exit.REFUSED,
    Exit.OPEN,
    Exit.SOME_IN_DOUBT,
    Exit.SOME_FAILED,
    Exit.DONE,
)


def worst(codes: Iterable[int]) -> Exit:
    """The exit code that stands for several."""
    found = set(codes)
    return next((code for code in WORST_FIRST if code in found), Exit.DONE)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: what, where, and what to do about it.

    Never holds a person's data: `message` and `hint` reach logs and terminals. Passwords of URLs
    are masked in all of it.
    """

    message: str
    hint: str | None = None
    file: str | None = None
    line: int | None = None
    key: str | None = None

    def __post_init__(self) -> None:
        for name in ("message", "hint", "key"):
            text = getattr(self, name)
            if text and ("://" in text or "=" in text):
                object.__setattr__(self, name, mapped(text, without_passwords))

    def __str__(self) -> str:
        return str(self.sentence)

    @property
    def sentence(self) -> Text:
        """All of it in one line, to be put into another text."""
        parts = {"file": self.file, "key": self.key, "message": self.message, "hint": self.hint}
        values = {name: part for name, part in parts.items() if part is not None}
        where = f"{{file}}:{self.line}: " if self.line else "{file}: "
        shape = (where if self.file else "") + ("{key}: " if self.key else "") + "{message}"
        return Text("", shape + (" ({hint})" if self.hint else ""), values)


@dataclass(frozen=True, slots=True)
class DraftProblem(Problem):
    """One thing that is wrong with a draft: `file` names the draft, `line` counts within the text
    of the key."""

    @property
    def sentence(self) -> Text:
        """All of it in one line: `draft K7: text, line 3: ...`."""
        place = self.key
        if self.key and self.line:
            place = _("{key}, line {line}", key=self.key, line=self.line)
        return Problem(self.message, self.hint, self.file, None, place).sentence


class SerienpostError(Exception):
    """The command refuses; nothing was sent. Exit code 3 unless a subclass says otherwise."""

    exit_code = Exit.REFUSED

    def __init__(self, *problems: Problem | str, hint: str | None = None) -> None:
        self.problems: tuple[Problem, ...] = tuple(
            Problem(problem, hint) if isinstance(problem, str) else problem for problem in problems
        )
        super().__init__(joined("\n", [problem.sentence for problem in self.problems]))

    @property
    def sentence(self) -> Text:
        """All problems in one line, to be put into another text."""
        return joined("; ", [problem.sentence for problem in self.problems])


class ConfigError(SerienpostError):
    """A file that the user writes (configuration, mailing, schema) is not acceptable."""


class PluginError(SerienpostError):
    """A plugin is missing, broken, or in conflict; names distribution and version."""


class TemplateError(SerienpostError):
    """A template is missing or uses something that the template language does not offer."""


class SourceError(SerienpostError):
    """A source cannot deliver recipients, perhaps only for now: unattended it is asked again."""


class SelectionError(SourceError):
    """A selection asks for what its source does not have; asking again changes nothing."""


class LedgerError(SerienpostError):
    """The ledger cannot be opened, or a command is not allowed in the run's state."""


class LedgerUnavailableError(LedgerError):
    """The ledger cannot be reached, read or written now."""


class StillOpenError(SerienpostError):
    """Messages are recorded, but something is open that another process or a later call ends.

    `run` is the run that it is about, where that is known.
    """

    exit_code = Exit.OPEN
    run: str | None = None


# Errors of a database whose text speaks of the database, not of a row's values (PEP 249).
_OF_A_DATABASE = {"InterfaceError", "OperationalError", "ProgrammingError"}
_QUOTED = re.compile(r"(?<!\w)(['\"`]).*?\1(?!\w)")


def cause_of(error: BaseException) -> str:
    """Why something cannot answer, in one line without anybody's data.

    Our own errors are said as they are. Of others only what the system and a database say is safe;
    the text of any other may name a person, so its class stands for it.
    """
    if isinstance(error, SerienpostError):
        return mapped(error.sentence, redact)
    name = type(error).__name__
    text = ""
    if isinstance(error, OSError) and error.errno is not None:
        text = os.strerror(error.errno)
    elif name in _OF_A_DATABASE:
        said = str(getattr(error, "orig", None) or error).splitlines()
        text = _QUOTED.sub("…", said[0]) if said else ""
    elif error.__cause__ is not None:
        text = cause_of(error.__cause__)
    if isinstance(text, Text):
        return mapped(joined(": ", [name, text]), redact)
    return redact(f"{name}: {text}" if text else name)


class SecretError(SerienpostError):
    """A secret is not in any of the configured stores."""


class UnavailableError(SerienpostError):
    """What must be asked before a message leaves cannot answer now; nothing is decided."""
