"""The `demo` command, through the real command line."""

from __future__ import annotations

import json
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from serienpost import speaking
from serienpost_demo import letter_walk
from serienpost_demo.catcher import Caught
from serienpost_demo.command_line import counts_in_words
from serienpost_demo.commands import demo_command
from serienpost_demo.servers import _started
from serienpost_demo.walkthrough import _differences, _reply, _Run

SCHEMAS = Path(__file__).parents[3] / "docs" / "json"
PLACES = ("printed", "stored")


def demo(cwd: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "serienpost", "demo", *args],
        cwd=cwd,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


@pytest.mark.timeout(300)
def test_everything_arrives_that_was_accepted(tmp_path: Path) -> None:
    (tmp_path / "demo-practice").mkdir()
    done = demo(tmp_path, "--patients", "70", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert mistakes(document) == []
    folder = tmp_path / "demo-practice-2"
    assert document["ok"] is True
    assert document["folder"] == folder.name
    assert document["tests"] == 1
    assert document["accepted"] == document["arrived"] > 20
    sms = document["sms"]
    assert sms["accepted"] == sms["arrived"] > 20
    assert sms["credits"] >= sms["accepted"]
    assert sms["counts"]["delivered"] > sms["counts"]["bounced"] > 0
    letters = document["letters"]
    assert letters["accepted"] == letters["printed"] == letters["stored"] > 5
    assert letters["pages"] >= letters["printed"]
    assert (tmp_path / letters["file"]).is_file()
    grid = document["sendgrid"]
    assert grid["accepted"] == grid["arrived"] > 4
    assert grid["counts"]["bounced"] == 1
    assert grid["requests"] < grid["arrived"]
    mails = sorted((folder / "postfach").iterdir())
    assert len(mails) == document["arrived"] + 1
    received = b"".join(mail.read_bytes() for mail in mails)
    assert b"martin.vogel@example.org" in received
    assert len(forbidden(folder)) == 8
    assert [address for address in forbidden(folder) if address in received] == []
    for name in ("bericht.html", "versandbuch.db"):
        assert (folder / name).is_file()
    assert list((folder / "vorschau").glob("*.eml"))
    for path in (folder, *folder.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    assert [line for line in done.stderr.splitlines() if len(line) > 80] == []
    commands = ("check", "prepare", "review", "preview", "test", "send", "show", "report")
    for command in (*commands, "letters list", "events", "sendgrid templates"):
        assert f"$ serienpost -C demo-practice-2 {command}" in done.stderr


def mistakes(document: dict[str, Any]) -> list[str]:
    """Where the document does not have its documented form."""
    demo, reply = (
        json.loads((SCHEMAS / f"{name}.schema.json").read_text("utf-8"))
        for name in ("demo", "reply")
    )
    known: Registry[Any] = Registry().with_resource(reply["$id"], Resource.from_contents(reply))
    errors = Draft202012Validator(demo, registry=known).iter_errors(document)
    return [f"{error.json_path}: {error.message}" for error in errors]


def forbidden(folder: Path) -> list[bytes]:
    """E-mail addresses of hard cases that must not get the mailing."""
    with closing(sqlite3.connect(folder / "praxis.db")) as database:
        rows = database.execute(
            "SELECT trim(email) FROM patient WHERE id IN (14, 15, 16, 18, 25, 26, 43, 44)"
        )
        return [email.encode() for (email,) in rows]


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


@pytest.mark.parametrize(
    ("arrived", "verdict", "code"),
    [(["<a@x>"], "1 arrived: exactly those.", 0), ([], "0 arrived: not the same.", 1)],
)
def test_the_outcome_in_words(
    arrived: list[str],
    verdict: str,
    code: int,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = _Run("r1", 1, {"accepted": 1}, [{"state": "accepted", "message_id": "<a@x>"}])
    now = datetime.now(UTC)
    caught = [Caught("", (), f"Message-ID: {one}\r\n\r\n".encode(), now) for one in arrived]
    sms = {"accepted": 3, "arrived": 3, "credits": 4.0}
    letters = {"accepted": 2, "printed": 2, "pages": 3, "stored": 2, "file": "briefe/r2.pdf"}
    grid = {"accepted": 5, "arrived": 5, "requests": 1}
    others = {"sms": sms, "letters": letters, "sendgrid": grid}
    reply = _reply(tmp_path, run, caught, others, ())
    reply.text()
    told = capsys.readouterr().out
    assert f"1 messages accepted, {verdict}" in told
    assert "3 SMS accepted, 3 arrived, 4 credits charged." in told
    assert "2 letters accepted, 2 in the file on 3 pages, 2 in the patients' records." in told
    assert "5 e-mails accepted by the made-up SendGrid, 5 arrived; requests: 1." in told
    assert reply.exit == code


@pytest.mark.parametrize(
    ("printed", "stored", "problems"),
    [
        (["p1", "p2"], ["B", "A"], []),
        (["p2", "p1"], ["A", "B"], ["2 letters were accepted, 2 printed: not the same"]),
        (["p1", "p2"], ["A", "A"], ["2 letters were accepted, 2 stored: not the same"]),
        (["p1"], ["A"], [f"2 letters were accepted, 1 {w}: not the same" for w in PLACES]),
    ],
)
def test_differences_of_letters(printed: list[str], stored: list[str], problems: list[str]) -> None:
    found = letter_walk._differences(["p1", "p2"], printed, ["A", "B"], stored)
    assert [str(problem) for problem in found] == problems


def test_counts_are_told_in_the_readers_language() -> None:
    told = counts_in_words({"accepted": 4, "in_doubt": 0, "bounced": 1, "new_state": 2})
    assert told == "accepted 4, returned 1, new_state 2"
    with speaking("de"):
        assert str(told) == "angenommen 4, Rückläufer 1, new_state 2"


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("en", "  127.0.0.1:11  made-up smsCreator  account sms   mailing kurznachricht"),
        ("de", "  127.0.0.1:11  erfundener smsCreator  Konto sms   Serienversand kurznachricht"),
    ],
)
def test_servers_stand_in_columns_in_each_language(language: str, line: str) -> None:
    ports = {"smtp": 9, "smscreator": 11, "sendgrid": 12}
    with speaking(language):
        told = [str(one) for one in _started(ports, Path("postfach"))]
    assert line in told


def test_the_command_has_the_name_and_options_of_the_manual() -> None:
    assert demo_command.name == "demo"
    assert {name for option in demo_command.params for name in option.opts} == {
        *("folder", "--patients", "--seed", "--serve", "--port", "--json"),
    }
