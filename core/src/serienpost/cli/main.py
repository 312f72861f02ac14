"""Runs a command and turns whatever happens into one exit code and clear lines."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from serienpost.cli.complaints import complain, log_bug
from serienpost.cli.group import cli
from serienpost.cli.language import choose_language, let_click_speak
from serienpost.cli.practice import close_practices
from serienpost.cli.reply import Reply
from serienpost.errors import Exit, Problem, SerienpostError
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Sequence

_ = Texts(__name__)


def run(args: Sequence[str]) -> int:
    """Run the command line with these arguments; returns the exit code."""
    as_json = "--json" in args
    try:
        code = _run(args, as_json=as_json)
    except click.exceptions.Exit as stop:
        code = _ended(stop.exit_code)
    except click.UsageError as error:
        code = _usage(error, as_json=as_json)
    except click.ClickException as error:
        code = _refuse(Exit.REFUSED, (Problem(error.format_message()),), as_json=as_json)
    except SerienpostError as error:
        code = _refuse(error.exit_code, error.problems, as_json=as_json)
    except (click.Abort, KeyboardInterrupt):
        code = _refuse(Exit.REFUSED, (Problem(_("stopped; nothing was sent")),), as_json=as_json)
    except BrokenPipeError:
        _give_up_output()
        code = _refuse(Exit.REFUSED, (Problem(_("nobody reads the answer")),), as_json=False)
    except (Exception, SystemExit) as error:  # noqa: BLE001  # the one place for bugs
        code = _refuse(Exit.BUG, (log_bug(error, _folder(args)),), as_json=as_json)
    finally:
        close_practices()
    return code


def _run(args: Sequence[str], *, as_json: bool) -> int:
    let_click_speak()
    choose_language(_given(args, "--lang"), _folder(args), os.environ)
    result = cli.main(list(args), prog_name="serienpost", standalone_mode=False)
    if not isinstance(result, Reply):
        return _ended(result if isinstance(result, int) else Exit.DONE)
    try:
        if as_json:
            result.write_json()
        else:
            result.text()
        sys.stdout.flush()
    except OSError as error:
        return _unwritten(result, error)
    complain(result.exit, result.problems, is_scheduled=result.is_scheduled)
    return result.exit


def _ended(code: int) -> int:
    """The exit code of a command without a reply; other than 0 it says why, too."""
    if code:
        reply = Reply(exit=code)  # type: ignore[arg-type]  # a plugin's command may end with any
        complain(code, reply.problems)
    return code


def _unwritten(reply: Reply, error: OSError) -> Exit:
    """The exit code where a command did what it should, but its answer cannot be written. Who reads
    only the beginning (`| head`) has what they want."""
    _give_up_output()
    complain(reply.exit, reply.problems, is_scheduled=reply.is_scheduled)
    if isinstance(error, BrokenPipeError):
        return reply.exit
    unwritten = Problem(
        _("done, but the answer cannot be written: {error}", error=error.strerror or "")
    )
    complain(Exit.BUG, (unwritten,))
    return reply.exit or Exit.BUG


def _give_up_output() -> None:
    """What is left in the buffer goes nowhere, instead of failing once more at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _usage(error: click.UsageError, *, as_json: bool) -> int:
    hint = None
    if error.ctx is not None:
        hint = f"{error.ctx.command_path} --help"  # typed
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        if not as_json:
            click.echo(error.format_message(), err=True)
        error = click.UsageError(_("name a command"))
    return _refuse(Exit.USAGE, (Problem(error.format_message(), hint),), as_json=as_json)


def _refuse(code: Exit, problems: tuple[Problem, ...], *, as_json: bool) -> int:
    complain(code, problems)
    try:
        if as_json:
            Reply(exit=code, problems=problems).write_json()
            sys.stdout.flush()
    except OSError:
        _give_up_output()
    return code


def _given(args: Sequence[str], *names: str) -> str | None:
    """The value of an option on a command line that is not read yet."""
    for place, word in enumerate(args):
        name, is_joined, value = word.partition("=")
        if name in names:
            return value if is_joined else next(iter(args[place + 1 :]), None)
    return None


def _folder(args: Sequence[str]) -> Path:
    """The practice folder that a command line names."""
    given = _given(args, "-C", "--practice")
    return Path(given or os.environ.get("SERIENPOST_PRACTICE", "."))
