"""What a command hands back: an exit code, a JSON document, and how to say it to people."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from serienpost.documents import document
from serienpost.errors import Exit, Problem
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_ = Texts(__name__)


REFUSALS = (Exit.BUG, Exit.USAGE, Exit.REFUSED)

# What is said of an exit code where a command itself does not say why.
_MEANING: dict[int, str] = {
    Exit.BUG: _("a bug"),
    Exit.USAGE: _("wrong usage"),
    Exit.REFUSED: _("refused"),
    Exit.SOME_FAILED: _("some messages failed"),
    Exit.SOME_IN_DOUBT: _("some messages are in doubt"),
    Exit.OPEN: _("something is open"),
}


@dataclass
class Reply:
    """The result of a command.

    Args:
        data: keys of the JSON document beside the fixed ones.
        text: prints the same for people; not called with `--json`.
        exit: exit code.
        problems: why the exit code is not 0; where nobody says, what the code means.
        stream: one key whose list is too long to hold, of plain values or named tuples of such,
            written as it is read.
        told: problems that a notice has said already: in the document, not said again.
        is_scheduled: what is open waits for the time that was asked for, and for nothing else.
    """

    data: Mapping[str, Any] = field(default_factory=dict)
    text: Callable[[], None] = lambda: None
    exit: Exit = Exit.DONE
    problems: tuple[Problem, ...] = ()
    stream: tuple[str, Iterable[Any]] | None = None
    told: tuple[Problem, ...] = ()
    is_scheduled: bool = False

    def __post_init__(self) -> None:
        if self.exit and not (self.problems or self.told):
            said = _MEANING.get(self.exit) or _("ended with {code}", code=int(self.exit))
            self.problems = (Problem(said),)

    def write_json(self) -> None:
        """Write the document to stdout."""
        head: dict[str, Any] = {
            "serienpost": 1,
            "ok": self.exit not in REFUSALS,
            "exit": int(self.exit),
            "problems": [_plain(problem) for problem in (*self.told, *self.problems)],
            **document(self.data),
        }
        out = sys.stdout
        if self.stream is None:
            out.write(json.dumps(head, ensure_ascii=False, indent=1) + "\n")
            return
        key, items = self.stream
        out.write(json.dumps(head, ensure_ascii=False, indent=1)[:-2])
        out.write(f',\n "{key}": [')
        separator = "\n  "
        for item in items:
            out.write(separator + json.dumps(document(item), ensure_ascii=False))
            separator = ",\n  "
        out.write("\n ]\n}\n")


def _plain(problem: Problem) -> dict[str, Any]:
    plain: dict[str, Any] = document(
        {
            "file": problem.file,
            "line": problem.line,
            "key": problem.key and str.__str__(problem.key),
            "message": problem.message,
            "hint": problem.hint,
        }
    )
    return plain
