"""Whatever happens becomes one exit code and clear lines; who acts is the login."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import pytest

from serienpost.cli import main, practice
from serienpost.cli.practice import login
from serienpost.cli.reply import Reply
from serienpost.errors import ConfigError, Exit, Problem, StillOpenError

if TYPE_CHECKING:
    from conftest import Shell

    from serienpost import Practice


def answers(monkeypatch: pytest.MonkeyPatch, what: object) -> None:
    """Any command line ends like this."""

    def ended(*_: object, **__: object) -> object:
        if isinstance(what, BaseException):
            raise what
        return what

    monkeypatch.setattr(main.cli, "main", ended)


@pytest.mark.parametrize(
    ("end", "code", "line"),
    [
        (Reply(exit=Exit.SOME_FAILED), 4, "failed: some messages failed"),
        (None, 0, ""),
        (ConfigError(Problem("is wrong", "mend it", "a.yaml", 3)), 3, "a.yaml:3: is wrong (mend"),
        (StillOpenError("another process works on it"), 75, "another process works on it"),
        (click.UsageError("no such option"), 2, "no such option"),
        (click.ClickException("cannot"), 3, "cannot"),
        (KeyboardInterrupt(), 3, "stopped; nothing was sent"),
        (click.Abort(), 3, "stopped; nothing was sent"),
        (ZeroDivisionError("Ada Abel"), 1, "a bug in serienpost: ZeroDivisionError"),
        (SystemExit(9), 1, "a bug in serienpost: SystemExit"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else str(value)[:9],
)
def test_each_end_has_its_exit_code(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, end: object, code: int, line: str
) -> None:
    answers(monkeypatch, end)
    found, out, err = shell("runs")
    assert (found, out) == (code, "")
    assert line in err
    assert "Ada" not in err
    assert len(err.splitlines()) == (1 if line else 0)


def test_a_bug_is_in_the_log_of_its_practice_without_what_it_said(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers(monkeypatch, ZeroDivisionError("Ada Abel"))
    assert shell.json("runs")["problems"][0]["hint"].endswith("praxis/serienpost.log")
    log = shell.folder / "serienpost.log"
    text = log.read_text("utf-8")
    assert "ZeroDivisionError" in text
    assert "Ada" not in text
    assert log.stat().st_mode & 0o777 == 0o600


def test_behind_sudo_the_person_acts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_USER", "eva")
    assert login() == "eva"
    monkeypatch.delenv("SUDO_USER")
    monkeypatch.setattr(practice.getpass, "getuser", lambda: "ada")
    assert login() == "ada"

    def unknown() -> str:
        raise OSError("no such user")

    monkeypatch.setattr(practice.getpass, "getuser", unknown)
    assert login().startswith("uid ")


def test_a_command_gets_the_practice_of_its_login_and_closes_it(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUDO_USER", "eva")
    seen: list[Practice] = []
    closed: list[bool] = []

    @click.command(name="look")
    @practice.with_practice
    def look(opened: Practice) -> Reply:
        seen.append(opened)
        monkeypatch.setattr(opened, "close", lambda: closed.append(True))
        return Reply(text=lambda: closed.append(False))

    monkeypatch.setattr(main.cli, "get_command", lambda *_: look)
    assert shell("look")[0] == 0
    assert [(one.actor, one.context.folder) for one in seen] == [("os:eva", shell.folder)]
    assert closed == [False, True], "closed when the reply is written"
