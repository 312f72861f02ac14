"""Lines on stderr that say why a command, or a worker, did not do what it should."""

from __future__ import annotations

import os
import traceback
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import click

from serienpost.cli.output import clean
from serienpost.errors import Exit, Problem
from serienpost.plugin_attribution import plugin_behind
from serienpost.translation import Texts

_ = Texts(__name__)


def complain(code: int, problems: tuple[Problem, ...], *, is_scheduled: bool = False) -> None:
    """Say on stderr why the command ends as it does, JSON or not: one line for each problem."""
    word, colour = _SCHEDULED if is_scheduled else _WORDS.get(code, _ERROR)
    for problem in problems:
        line = f"{click.style(str(word), fg=colour, bold=True)}: {clean(problem)}"
        with suppress(OSError):  # nobody listens there; the exit code is left
            click.echo(line, err=True)


# How a line begins whose command did not fail as a whole.
_WORDS: dict[int, tuple[str, str]] = {
    Exit.SOME_FAILED: (_.pgettext("exit", "failed"), "red"),
    Exit.SOME_IN_DOUBT: (_.pgettext("exit", "in doubt"), "yellow"),
    Exit.OPEN: (_.pgettext("exit", "open"), "yellow"),
}
_SCHEDULED = _.pgettext("exit", "scheduled"), "green"
_ERROR = _.pgettext("exit", "error"), "red"


def log_bug(error: BaseException, folder: Path, reference: str = "") -> Problem:
    """Write where it happened to the log, without the error's text, which may name a person.

    Args:
        error: the bug.
        folder: of the practice.
        reference: an id under which somebody was told of it.
    """
    kind = type(error).__name__
    culprit = plugin_behind(error) or "serienpost"
    frames = "".join(traceback.format_tb(error.__traceback__))
    log = (folder if (folder / "serienpost.yaml").is_file() else Path.cwd()) / "serienpost.log"
    try:
        with os.fdopen(
            os.open(log, os.O_CREAT | os.O_APPEND | os.O_WRONLY | os.O_NOFOLLOW, 0o600), "a"
        ) as file:
            head = " ".join(filter(None, (datetime.now(UTC).isoformat(), culprit, kind, reference)))
            file.write(f"{head}\n{frames}\n")
    except OSError:
        return Problem(
            _(
                "a bug in {culprit}: {kind}; the log {log} cannot be written",
                culprit=culprit,
                kind=kind,
                log=str(log),
            )
        )
    what = _("a bug in {culprit}: {kind}", culprit=culprit, kind=kind)
    return Problem(what, _("details in {log}", log=str(log)))
