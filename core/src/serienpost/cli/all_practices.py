"""`--all-practices DIR`: one command in every practice folder, each in a process of its own.

A practice whose configuration is broken, whose database is away or whose run waits does not touch
the others.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

import click

from serienpost.cli.language import is_attended
from serienpost.cli.output import say
from serienpost.cli.reply import Reply
from serienpost.errors import Exit, Problem, SerienpostError, worst
from serienpost.translation import Texts, present_language

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_ = Texts(__name__)


# Practices that are worked on at the same time.
AT_ONCE = 4


def in_every_practice(folder: Path, args: Sequence[str], language: str | None = None) -> Reply:
    """Run the command line `args` in every practice below `folder`.

    Args:
        folder: above the practice folders.
        args: the command and what follows it.
        language: in which the practices answer; None for each its own.

    Raises:
        SerienpostError: there is none.
    """
    from serienpost.service.neighbours import folders_below, shared_places

    if args[0] == "worker" and "--check" not in args:
        raise click.UsageError(
            _("a worker serves one practice: start one for each, as workers.md shows")
        )
    found = folders_below(folder)
    if not found:
        raise SerienpostError(
            _("{folder} holds no practice folder", folder=str(folder)),
            hint=_("name the folder above the practice folders"),
        )
    shared = shared_places(found)
    practices = [one for one in found if one not in shared]
    children = Children(language)
    with stopping(children), ThreadPoolExecutor(AT_ONCE) as pool:
        ended = pool.map(lambda practice: children.run(practice, args), practices)
        done = [_shown(each) for each in ended if each]
    reply = _reply(done, len(practices) - len(done), as_json="--json" in args)
    if shared:  # none of these was begun: each would take the other's rows for its own
        reply.problems = (*shared.values(), *reply.problems)
        reply.exit = worst((reply.exit, Exit.REFUSED))
    return reply


def everywhere_command(folder: Path, args: Sequence[str], asked: str | None) -> click.Command:
    """The command that stands for `args` in every practice. They answer in the language that was
    asked for or that the person at the terminal reads, else each in its own."""
    language = present_language() if asked or is_attended() else None
    return click.Command(args[0], callback=lambda: in_every_practice(folder, args, language))


def _shown(done: Done) -> Done:
    """Pass on what a practice's command complained about, with the practice's name before it."""
    for line in done.err.splitlines():
        click.echo(f"{done.folder.name}: {line}", err=True)
    return done


def _reply(done: Sequence[Done], left: int, *, as_json: bool) -> Reply:
    code = worst(each.code if each.code >= 0 else Exit.BUG for each in done)
    if left and code is Exit.DONE:
        code = Exit.OPEN
    practices = [
        {
            "practice": each.folder.name,
            "folder": str(each.folder),
            "exit": each.code,
            "reply": _document(each.out) if as_json else None,
        }
        for each in done
    ]

    def text() -> None:
        for each in done:
            say(_("== {practice}: exit {code}", practice=each.folder.name, code=each.code))
            click.echo(each.out, nl=not each.out.endswith("\n"))

    problems = tuple(_problem(each) for each in done if each.code)
    if left:
        stopped = _.ngettext(
            "stopped; {n} practice was not begun", "stopped; {n} practices were not begun", left
        )
        problems += (Problem(stopped),)
    return Reply({"practices": practices}, text, code, problems)


def _problem(done: Done) -> Problem:
    name, file = done.folder.name, str(done.folder / "serienpost.yaml")
    if done.code < 0:
        ended = _("practice {name} was ended by signal {number}", name=name, number=-done.code)
    else:
        ended = _("practice {name} ended with {code}", name=name, code=done.code)
    return Problem(ended, file=file)


def _document(text: str) -> Any:  # noqa: ANN401  # what a command wrote
    try:
        return json.loads(text)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Done:
    """How the command ended in one practice; `code` is negative where a signal ended it."""

    folder: Path
    code: int
    out: str
    err: str


@dataclass
class Children:
    """The processes under way; none is started after `stop`. They speak `language`, None for each
    its own."""

    language: str | None = None
    running: set[subprocess.Popen[str]] = field(default_factory=set)
    is_stopped: bool = False
    lock: Lock = field(default_factory=Lock)

    def run(self, folder: Path, args: Sequence[str]) -> Done | None:
        """Run the command in this practice to its end; None after `stop`."""
        spoken = {"SERIENPOST_LANG": self.language} if self.language else {}
        with self.lock:
            if self.is_stopped:
                return None
            process = subprocess.Popen(  # noqa: S603  # our own command line
                [sys.executable, "-P", "-m", "serienpost", "-C", str(folder), *args],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                errors="replace",
                env={**os.environ, **spoken},
                start_new_session=True,  # what a terminal sends is passed on by `stop`, once
            )
            self.running.add(process)
        out, err = process.communicate()
        with self.lock:
            self.running.discard(process)
        return Done(folder, process.returncode, out, err)

    def stop(self) -> None:
        """Ask all to end as by SIGTERM; a run then stops after the calls under way."""
        self.is_stopped = True
        for process in list(self.running):
            process.terminate()


@contextmanager
def stopping(children: Children) -> Iterator[None]:
    before = {
        number: signal.signal(number, lambda *_signalled: children.stop())
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
