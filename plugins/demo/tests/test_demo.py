"""The `demo` command, through the real command line."""

from __future__ import annotations

import json
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from serienpost_demo.commands import demo_command
from serienpost_demo.walkthrough import _differences

if TYPE_CHECKING:
    from pathlib import Path


def demo(cwd: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "serienpost", "demo", *args],
        cwd=cwd,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_everything_arrives_that_was_accepted(tmp_path: Path) -> None:
    (tmp_path / "demo-practice").mkdir()
    done = demo(tmp_path, "--patients", "70", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    folder = tmp_path / "demo-practice-2"
    assert document["ok"] is True
    assert document["folder"] == folder.name
    assert document["tests"] == 1
    assert document["accepted"] == document["arrived"] > 20
    mails = sorted((folder / "eingang").iterdir())
    assert len(mails) == document["arrived"] + 1
    assert (folder / "bericht.html").is_file()
    assert list((folder / "vorschau").glob("*.eml"))
    for path in (folder, *folder.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    for command in ("check", "prepare", "review", "preview", "test", "send", "show", "report"):
        assert f"$ serienpost -C demo-practice-2 {command}" in done.stderr


def test_only_who_may_be_written_to_got_mail(tmp_path: Path) -> None:
    done = demo(tmp_path, "praxis", "--patients", "60")
    assert done.returncode == 0, done.stderr
    assert "arrived: exactly those." in done.stdout
    with closing(sqlite3.connect(tmp_path / "praxis" / "praxis.db")) as database:
        forbidden = database.execute(
            "SELECT trim(email) FROM patient WHERE id IN (14, 15, 16, 18, 25, 26, 43, 44)"
        ).fetchall()
    mails = b"".join(path.read_bytes() for path in (tmp_path / "praxis" / "eingang").iterdir())
    assert b"martin.vogel@example.org" in mails
    assert [email for (email,) in forbidden if email.encode() in mails] == []


def test_refuses_a_folder_that_is_a_practice_already(tmp_path: Path) -> None:
    (tmp_path / "serienpost.yaml").touch()
    done = demo(tmp_path, str(tmp_path))
    assert done.returncode == 3
    assert "holds serienpost.yaml already" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["serienpost.yaml"]


def test_a_failing_step_is_named_with_its_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("required_plugins: [serienpost-nowhere]\n", "utf-8")
    monkeypatch.setenv("SERIENPOST_POLICY", str(policy))
    done = demo(tmp_path, "praxis", "--patients", "60")
    assert done.returncode == 1
    assert "serienpost-nowhere" in done.stdout
    assert "`serienpost check information` ended with exit code 3" in done.stderr


@pytest.mark.parametrize(
    ("accepted", "arrived", "problems"),
    [
        (["a", "b"], ["b", "a"], []),
        (["a", "b"], ["a"], ["accepted but not arrived: b"]),
        (["a"], ["a", "a"], ["arrived but not accepted, or twice: a"]),
        ([], [], ["no message was accepted (`review` says why)"]),
        (list("abcdefg"), [], ["accepted but not arrived: a, b, c, d, e and 2 more"]),
    ],
)
def test_differences(accepted: list[str], arrived: list[str], problems: list[str]) -> None:
    assert [str(problem) for problem in _differences(accepted, arrived)] == problems


def test_the_command_has_the_name_and_options_of_the_manual() -> None:
    assert demo_command.name == "demo"
    assert {name for option in demo_command.params for name in option.opts} == {
        *("folder", "--patients", "--seed", "--json"),
    }
