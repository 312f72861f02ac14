"""`--all-practices`: what is wrong in one practice does not stop the others."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from serienpost.cli.main import run
from serienpost.errors import Exit
from serienpost.translation import speak

if TYPE_CHECKING:
    from pathlib import Path

GOOD = "practice: {name: Praxis}\n"
BROKEN = "practice: {nane: Praxis}\n"


@pytest.fixture
def above(tmp_path: Path) -> Path:
    """Three practice folders, the second of them broken, and something else."""
    for name, text in {"nord": GOOD, "ost": BROKEN, "sued": GOOD}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "serienpost.yaml").write_text(text, "utf-8")
    (tmp_path / "archiv").mkdir()
    return tmp_path


def test_each_practice_has_its_own_document(
    above: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(["--all-practices", str(above), "config", "show", "--json"])
    said = capsys.readouterr()
    document = json.loads(said.out)
    assert code == document["exit"] == Exit.REFUSED
    assert document["ok"] is False
    assert [(each["practice"], each["exit"]) for each in document["practices"]] == [
        ("nord", 0),
        ("ost", 3),
        ("sued", 0),
    ]
    (problem,) = document["problems"]
    assert problem["message"] == "practice ost ended with 3"
    assert document["practices"][0]["reply"]["config"]["practice"]["name"] == "Praxis"
    assert document["practices"][1]["reply"]["problems"]


def test_people_see_the_name_of_the_practice(
    above: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["--all-practices", str(above), "runs"]) == Exit.REFUSED
    said = capsys.readouterr()
    assert [line for line in said.out.splitlines() if line.startswith("==")] == [
        "== nord: exit 0",
        "== ost: exit 3",
        "== sued: exit 0",
    ]
    assert "ost: error: " in said.err


@pytest.mark.parametrize("first", [["--lang", "de"], []])
def test_practices_answer_in_the_language_asked_for_else_in_their_own(
    above: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    first: list[str],
) -> None:
    monkeypatch.delenv("SERIENPOST_LANG", raising=False)
    monkeypatch.setattr("serienpost.cli.language.is_attended", lambda: False)
    monkeypatch.setattr("serienpost.cli.all_practices.is_attended", lambda: False)
    (above / "sued" / "serienpost.yaml").write_text(f"language: en\n{GOOD}", "utf-8")
    try:
        run([*first, "--all-practices", str(above), "config", "show"])
    finally:
        speak("en")
    heads = [line for line in capsys.readouterr().out.splitlines() if "practice.name" not in line]
    shown = [line.split() for line in heads if line.startswith(("Schlüssel", "key"))]
    assert shown == [["Schlüssel", "Wert"], ["Schlüssel", "Wert"] if first else ["key", "value"]]


def test_all_well_is_zero(above: Path) -> None:
    shutil.rmtree(above / "ost")
    assert run(["--all-practices", str(above), "runs"]) == Exit.DONE


def test_a_wrong_command_is_wrong_usage(above: Path) -> None:
    assert run(["--all-practices", str(above), "no-such-command"]) == Exit.USAGE


def test_a_folder_without_practices_is_refused(
    above: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["--all-practices", str(above / "archiv"), "runs"]) == Exit.REFUSED
    assert "holds no practice folder" in capsys.readouterr().err


def test_a_signal_is_passed_on(above: Path) -> None:
    (above / "ost" / "serienpost.yaml").unlink()
    plugin = above / "site"
    (plugin / "lazy-1.0.dist-info").mkdir(parents=True)
    (plugin / "lazy-1.0.dist-info" / "METADATA").write_text("Name: lazy\nVersion: 1.0\n")
    (plugin / "lazy-1.0.dist-info" / "entry_points.txt").write_text("[serienpost]\nlazy = lazy\n")
    (plugin / "lazy.py").write_text(
        "import pathlib, time, click\n"
        "from serienpost import hookimpl\n"
        "@click.command\n"
        "def sleep():\n"
        f"    (pathlib.Path({str(above)!r}) / f'started-{{time.time_ns()}}').touch()\n"
        "    time.sleep(60)\n"
        "@hookimpl\n"
        "def serienpost_commands():\n"
        "    return [sleep]\n"
    )
    for name in ("nord", "sued"):
        (above / name / "serienpost.yaml").write_text(f"{GOOD}plugins: [lazy]\n", "utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "serienpost", "--all-practices", str(above), "sleep"],
        env={"PYTHONPATH": str(plugin)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until = time.monotonic() + 60
    while len(list(above.glob("started-*"))) < 2 and time.monotonic() < until:
        time.sleep(0.05)
    process.terminate()
    out, err = process.communicate(timeout=60)
    ended = [f"== {name}: exit {-signal.SIGTERM}" for name in ("nord", "sued")]
    assert [line for line in out.splitlines() if line] == ended, err
    assert process.returncode == Exit.BUG


@pytest.mark.parametrize(
    "ledger",
    [
        ("sqlite:///../versandbuch.db", "sqlite:///../nord/../versandbuch.db"),
        ("postgresql://a@db/post", "postgresql+psycopg://b@db/post"),
    ],
)
def test_two_folders_with_one_id_on_one_ledger_are_not_begun(
    above: Path, capsys: pytest.CaptureFixture[str], ledger: tuple[str, str]
) -> None:
    (above / "west").mkdir()
    (above / "west/serienpost.yaml").write_text(GOOD, "utf-8")
    for folder, url in zip(("nord", "ost"), ledger, strict=True):
        text = f"practice: {{name: Praxis, id: mitte}}\nledger: {url}\n"
        (above / folder / "serienpost.yaml").write_text(text, "utf-8")
    code = run(["--all-practices", str(above), "config", "show", "--json"])
    document = json.loads(capsys.readouterr().out)
    assert code == document["exit"] == Exit.REFUSED
    assert [each["practice"] for each in document["practices"]] == ["sued", "west"]
    for problem, folder, other in zip(
        document["problems"], ("nord", "ost"), ("ost", "nord"), strict=True
    ):
        assert problem["file"] == str(above / folder / "serienpost.yaml")
        assert str(above / other) in problem["message"]
        assert "another practice: id" in problem["hint"]
    (above / "ost/serienpost.yaml").write_text(
        f"practice: {{name: Praxis, id: ost}}\nledger: {ledger[1]}\n", "utf-8"
    )
    assert run(["--all-practices", str(above), "config", "show", "--json"]) == Exit.DONE


def test_doctor_says_that_a_neighbour_has_its_id_on_its_ledger(
    above: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder in ("nord", "ost"):
        text = f"{GOOD}ledger: sqlite:///{above}/versandbuch.db\n"
        (above / folder / "serienpost.yaml").write_text(text, "utf-8")
    assert run(["-C", str(above / "nord"), "doctor", "--json"]) == Exit.REFUSED
    checks = json.loads(capsys.readouterr().out)["checks"]
    assert [one for one in checks if str(above / "ost") in one["text"] and not one["ok"]]
    assert run(["-C", str(above / "sued"), "doctor", "--json"]) == Exit.DONE


def test_a_worker_serves_one_practice(above: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--all-practices", str(above), "worker"]) == Exit.USAGE
    assert "start one for each" in capsys.readouterr().err
