"""Runs `serienpost` commands as a person would, and shows what they say."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from textwrap import fill
from typing import TYPE_CHECKING, Any, Protocol

from serienpost import Exit, SerienpostError, Text, Texts, joined, message_state, present_language

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_ = Texts(__name__)

# Counts of rows, as people read them.
_COUNTS = {
    "selected": _.pgettext("count", "selected"),
    "reachable": _.pgettext("count", "reachable"),
    "allowed": _.pgettext("count", "allowed"),
    "marked": _.pgettext("count", "marked"),
}

# What is shown fits a terminal as it opens; what a command says stands two columns further in.
_LINES, _WIDTH = 12, 80
_INDENT = "  "
_WIDE_GAP = re.compile(r"(?<=\S) {3,}")


class Say(Protocol):
    """Prints a line for people."""

    def __call__(self, message: str) -> object: ...


def counts_in_words(counts: Mapping[str, int]) -> Text:
    """What there is of each state, without those that nothing has."""
    found = [(state, number) for state, number in counts.items() if number]
    return joined(
        ", ", [joined(" ", (_COUNTS.get(one) or message_state(one), str(n))) for one, n in found]
    )


class StepFailedError(SerienpostError):
    """A command of the walk-through did not do what it should."""

    exit_code = Exit.BUG


@dataclass(frozen=True, slots=True)
class CommandLine:
    """The `serienpost` command of this installation, on one practice folder."""

    folder: Path
    say: Say
    environment: Mapping[str, str] = field(default_factory=dict)

    def show(self, *args: str) -> None:
        """Run a command and show the first lines of what it says."""
        lines = self._run(*args).stdout.rstrip().splitlines()
        for line in lines[:_LINES]:
            self.say(_shortened(f"{_INDENT}{_WIDE_GAP.sub('  ', line).rstrip()}"))
        if len(lines) > _LINES:
            rest = len(lines) - _LINES
            more = _.ngettext("... {n} more line", "... {n} more lines", rest)
            self.say(f"{_INDENT}{more}")
        self.say("")

    def ask(self, *args: str, also: Sequence[int] = ()) -> dict[str, Any]:
        """Run a command with `--json` and return its document.

        Args:
            args: the command and its arguments.
            also: exit codes beside 0 that are answers, not failures.
        """
        done = self._run(*args, "--json", also=also)
        document = json.loads(done.stdout)
        assert isinstance(document, dict)  # noqa: S101  the documented form
        return document

    def _run(self, *args: str, also: Sequence[int] = ()) -> subprocess.CompletedProcess[str]:
        line = ["-C", str(self.folder), *args]
        for shown in _typed(["$", "serienpost", *map(shlex.quote, line)]):
            self.say(shown)
        done = subprocess.run(  # noqa: S603  our own interpreter and our own arguments
            own_program(self.folder, *args),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            env={**own_environment(), **self.environment},
            check=False,
        )
        if done.returncode not in (0, *also):
            for text in (done.stdout, done.stderr):
                if text.strip():
                    self.say(text.rstrip())
            raise StepFailedError(
                _(
                    "`{command}` ended with exit code {code}",
                    command=f"serienpost {shlex.join(args)}",
                    code=done.returncode,
                ),
                hint=_("its output stands above"),
            )
        return done


def own_program(folder: Path, *args: str) -> list[str]:
    """The `serienpost` command of this installation on a practice folder."""
    return [sys.executable, "-P", "-m", "serienpost", "-C", str(folder), *args]


def own_environment() -> dict[str, str]:
    """Of this process, with the present language and the width that is left."""
    return {
        **os.environ,
        "PYTHONUTF8": "1",
        "COLUMNS": str(_WIDTH - len(_INDENT)),
        "SERIENPOST_LANG": present_language(),
    }


def _typed(words: Sequence[str]) -> Iterator[str]:
    """A command line as one types it, over several lines where it is too long for one."""
    line = words[0]
    for word in words[1:]:
        if len(f"{line} {word} \\") > _WIDTH:
            yield f"{line} \\"
            line = f"{_INDENT}{_INDENT}{word}"
        else:
            line += f" {word}"
    yield line


def folded(text: str) -> str:
    """Text for people, its lines folded at the width of a terminal; a path stays whole."""
    return "\n".join(
        fill(
            line,
            _WIDTH,
            subsequent_indent=" " * (len(line) - len(line.lstrip())),
            break_long_words=False,
            break_on_hyphens=False,
        )
        if len(line) > _WIDTH and not line.startswith("$ ")
        else line
        for line in str(text).split("\n")
    )


def _shortened(line: str) -> str:
    return line if len(line) <= _WIDTH else f"{line[: _WIDTH - 1]}…"
