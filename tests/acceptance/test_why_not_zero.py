"""Every command that ends with other than 0 says why in one line on stderr, JSON or not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import command_line
import pytest

from serienpost.cli.group import COMMANDS, ELSEWHERE

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Practice

# What a command line of each command needs beside its name.
ARGUMENTS: dict[str, tuple[str, ...]] = {
    "check": ("x",),
    "prepare": ("x",),
    "review": ("x",),
    "preview": ("x",),
    "test": ("x", "--to", "praxis@example.org"),
    "send": ("x", "--yes"),
    "run": ("x", "--yes"),
    "users": ("list",),
    "show": ("x",),
    "report": ("x",),
    "resume": ("x",),
    "pause": ("x",),
    "cancel": ("x",),
    "retry": ("x", "--failed"),
    "resolve": ("x", "--recipient", "1", "--as", "failed"),
    "config": ("show",),
    "suppress": ("list",),
    "export-person": ("patient:1",),
    "erase-person": ("patient:1", "--yes"),
}
WITHOUT_PRACTICE = {"init", "plugins"}
SCRIPTED = {
    4: (
        "outcomes: [{position: [1, 2], outcome: rejected}]",
        "failed: run {run}: 2 messages failed",
    ),
    5: (
        "outcomes: [{position: 1, outcome: unknown}]",
        "in doubt: run {run}: 1 message is in doubt",
    ),
    75: ("rate: [10/hour]", "open: run {run} is paused until "),
}


def said(practice: Practice, *args: str, code: int) -> list[str]:
    """What stands on stderr, with `--json` and without; the JSON says the same."""
    plain = practice(*args)
    done = practice(*args, "--json")
    assert plain.code == done.code == code, plain.out + plain.err
    problems = json.loads(done.out)["problems"]
    lines = done.err.splitlines()
    assert len(lines) == len(problems) > 0, done.err
    for problem, line in zip(problems, lines, strict=True):
        assert " ".join(problem["message"].split()) in line
    assert plain.err.splitlines()[-len(lines) :] == lines
    return lines


@pytest.mark.parametrize("command", sorted(COMMANDS.keys() - ELSEWHERE.keys() - WITHOUT_PRACTICE))
def test_a_refusal_of_any_command_is_heard(null: Practice, command: str) -> None:
    null.edit("serienpost.yaml", "practice: {id:", "practice: {ix:")
    done = null(command, *ARGUMENTS.get(command, ()), "--json")
    assert done.code == 3, done.out
    assert done.err.startswith("error: "), done.err
    assert "ix" in done.err


@pytest.mark.parametrize("command", sorted(COMMANDS.keys() - ELSEWHERE.keys()))
def test_wrong_usage_of_any_command_is_heard(null: Practice, command: str) -> None:
    (line,) = said(null, command, "--no-such-option", code=2)
    assert "--no-such-option" in line


def test_no_command_at_all_shows_the_commands_and_says_so(null: Practice) -> None:
    done = null("suppress")
    assert (done.code, done.out) == (2, "")
    assert "Commands:" in done.err
    assert done.err.splitlines()[-1].startswith("error: name a command")


@pytest.mark.parametrize("code", SCRIPTED)
def test_a_run_that_is_not_well_is_heard(null: Practice, code: int) -> None:
    account, line = SCRIPTED[code]
    null.edit("serienpost.yaml", "null-email, ", f"null-email, {account}, ")
    done = null("send", null.run, "--yes", "--no-wait", "--json")
    assert done.code == code, done.out
    assert done.err.startswith(line.format(run=null.run)), done.err
    assert len(done.err.splitlines()) == 1
    (again,) = said(null, "resume", null.run, "--no-wait", code=code)
    assert again == done.err.strip()


def test_what_cron_leaves_open_is_heard_for_each_run(null: Practice) -> None:
    null.edit("serienpost.yaml", "null-email, ", "null-email, rate: [10/hour], ")
    null.edit("mailings/einladung.yaml", "purpose:", "once_per: none\npurpose:")
    done = null("run", "einladung", "--yes", "--no-wait", "--json")
    second = json.loads(done.out)["run"]
    assert (done.code, len(done.err.splitlines())) == (75, 1)
    null.json("send", null.run, "--yes", "--no-wait", code=75)
    lines = said(null, "resume", "--due", code=75)
    assert [line.split()[2] for line in lines] == [null.run, second]
    assert all("resume --due goes on then" in line for line in lines)


def test_a_bug_is_heard_without_what_it_said(null: Practice) -> None:
    null.install(
        "serienpost-bug",
        "import click\n"
        "from serienpost import hookimpl\n"
        "@click.command()\n"
        "@click.option('--json', is_flag=True)\n"
        "def fall(json):\n"
        "    raise ZeroDivisionError('Ada Abel')\n"
        "@click.command()\n"
        "@click.option('--code', type=int)\n"
        "@click.pass_context\n"
        "def leave(ctx, code):\n"
        "    ctx.exit(code)\n"
        "@hookimpl\n"
        "def serienpost_commands():\n"
        "    return [fall, leave]\n",
    )
    null.edit("serienpost.yaml", "[serienpost-testkit]", "[serienpost-testkit, serienpost-bug]")
    (line,) = said(null, "fall", code=1)
    assert "ZeroDivisionError" in line
    assert "Ada" not in line
    for code in (1, 2, 3, 4, 5, 75, 9):
        done = null("leave", "--code", str(code))
        assert (done.code, len(done.err.splitlines())) == (code, 1), done.err
    assert null("leave", "--code", "0").err == ""


def test_every_practice_is_heard(null: Practice, tmp_path: Path) -> None:
    above = tmp_path / "all"
    for name, account in (
        ("gut", ""),
        ("offen", "rate: [10/hour], "),
        ("fehl", SCRIPTED[4][0] + ", "),
    ):
        one = null.copy(above / name)
        one.edit("serienpost.yaml", "null-email, ", f"null-email, {account}")
        one.edit("mailings/einladung.yaml", "purpose:", "once_per: recipient\npurpose:")
    args = ("--all-practices", str(above), "run", "einladung", "--yes", "--no-wait", "--json")
    done = command_line.run_in(tmp_path, args, {"SERIENPOST_LANG": "en"})
    assert done.code == 75, done.out + done.err
    lines = done.err.splitlines()
    assert [line.split(":")[:2] for line in lines[:2]] == [["fehl", " failed"], ["offen", " open"]]
    assert "practice fehl ended with 4" in lines[2]
    assert "practice offen ended with 75" in lines[3]
    assert len(json.loads(done.out)["problems"]) == 2
