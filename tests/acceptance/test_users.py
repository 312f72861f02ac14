"""`users`: by command, with the password from stdin or typed unseen at a terminal."""

from __future__ import annotations

import json
import os
import pty
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

from command_line import spoken
from forked import popen

if TYPE_CHECKING:
    from conftest import Practice

PASSWORD = "vier kleine wörte"


def given(
    practice: Practice, *args: str, line: bytes = f"{PASSWORD}\n".encode(), code: int = 0
) -> dict[str, Any]:
    """The document of a command with `--json` that reads a line of stdin."""
    environment = {**os.environ, **spoken(), "PYTHONUTF8": "1"}
    with popen(environment)(
        [sys.executable, "-m", "serienpost", "-C", str(practice.folder), *args, "--json"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    ) as process:
        out, err = process.communicate(line)
    assert process.returncode == code, err.decode()
    assert b"Traceback" not in err
    document: dict[str, Any] = json.loads(out)
    practice.schemas.check(args, document)
    assert PASSWORD.encode() not in out + err
    return document


def hashes(practice: Practice) -> dict[str, str]:
    with closing(sqlite3.connect(practice.folder / "versandbuch.db")) as db:
        return dict(db.execute("SELECT name, password FROM user"))


def test_users_are_added_listed_changed_and_removed(null: Practice) -> None:
    assert null.json("users", "list")["users"] == []
    added = given(null, "users", "add", "Eva", "--right", "approve")["user"]
    assert (added["name"], added["rights"]) == ("Eva", ["read", "approve"])
    assert given(null, "users", "add", "ada", "--admin")["user"]["rights"] == [
        *("read", "prepare", "approve", "administer")
    ]
    assert given(null, "users", "add", "Kim")["user"]["rights"] == ["read"]
    before = hashes(null)
    assert null.json("users", "change", "eva", "--right", "prepare")["user"]["name"] == "Eva"
    assert hashes(null) == before
    given(null, "users", "change", "EVA", "--password", line=b"ganz anders als eben\r\n")
    assert {name for name, one in hashes(null).items() if one != before[name]} == {"Eva"}
    listed = {one["name"]: one["rights"] for one in null.json("users", "list")["users"]}
    assert listed["Eva"] == ["read", "prepare"]
    assert null.json("users", "remove", "kim")["user"]["name"] == "Kim"
    lines = [(one["action"], one["name"]) for one in null.json("users", "history")["history"]]
    assert lines[:3] == [("remove user", "Kim"), ("change user", "Eva"), ("change user", "Eva")]
    assert "Eva, new password" in null("users", "history").out
    text = null("users", "list").out
    assert "Eva" in text
    assert "Kim" not in text
    assert "read, prepare, approve, administer" in text


def test_who_cannot_be_added_is_told_why(null: Practice) -> None:
    given(null, "users", "add", "ada", "--admin")
    for args in (("users", "add", "os:eva"), ("users", "add", "Ada")):
        assert given(null, *args, code=3)["problems"][0]["message"]
    for line, why in ((b"", "no password"), (b"\n", "too short"), (b"kurz\n", "too short")):
        (problem,) = given(null, "users", "add", "eva", line=line, code=3)["problems"]
        assert why in problem["message"]
    assert list(hashes(null)) == ["ada"]
    assert "last one" in null.refused("users", "remove", "ada")[0]["message"]
    assert "no user" in null.refused("users", "remove", "eva")[0]["message"]


def test_what_is_not_understood_changes_nothing(null: Practice) -> None:
    given(null, "users", "add", "ada", "--admin")
    before = hashes(null)
    assert null.json("users", "change", "ada", code=2)["problems"]
    assert null.json("users", "add", "eva", "--right", "root", code=2)["problems"]
    assert null.json("users", "add", code=2)["problems"]
    assert hashes(null) == before


def test_the_actor_is_who_runs_the_command(null: Practice) -> None:
    given(null, "users", "add", "ada")
    with closing(sqlite3.connect(null.folder / "versandbuch.db")) as db:
        ((who, detail),) = db.execute(
            'SELECT "user", detail FROM journal WHERE action = ?', ("add user",)
        )
    assert who.startswith("os:")
    assert json.loads(detail) == {"name": "ada", "rights": ["read"]}


def test_a_password_is_typed_twice_and_not_seen(null: Practice) -> None:
    typed = [PASSWORD, "falsch geschrieben", PASSWORD, PASSWORD]
    shown = at_a_terminal(null, "users", "add", "ada", typed=typed)
    assert shown.count("Password (is not shown):") == 2
    assert shown.count("Repeat for confirmation:") == 2
    assert "ada is added" in shown
    assert not any(one in shown for one in typed)
    assert list(hashes(null)) == ["ada"]


def at_a_terminal(practice: Practice, *args: str, typed: list[str]) -> str:
    """What a command shows at a terminal, where somebody answers each question with a line."""
    outer, inner = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "serienpost", "-C", str(practice.folder), *args],
        stdin=inner,
        stdout=inner,
        stderr=inner,
        env={**os.environ, "TERM": "dumb", "SERIENPOST_LANG": "en", "PYTHONUTF8": "1"},
        start_new_session=True,  # else the terminal of whoever runs the tests would be asked
    ):
        os.close(inner)
        shown, answers = b"", iter(typed)
        while chunk := _read(outer):
            shown += chunk
            if shown.endswith(b": "):
                os.write(outer, f"{next(answers)}\n".encode())
    os.close(outer)
    return shown.decode()


def _read(outer: int) -> bytes:
    try:
        return os.read(outer, 4096)
    except OSError:  # the other side is closed
        return b""
