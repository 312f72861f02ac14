"""The scripts behind make say clearly what is wrong and never turn a failure into success."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from workspace import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def run(script: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROOT / script, *arguments],
        cwd=ROOT,
        env=os.environ | {"STAGE_LOG": ""} | environment,
        check=False,
        capture_output=True,
        text=True,
    )


def program(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def test_setup_refuses_an_old_python_in_one_line(tmp_path: Path) -> None:
    old = program(tmp_path / "python3", 'if [ "$1" = -V ]; then echo Python 3.9.2; else exit 1; fi')
    done = run("scripts/setup", old)
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert "Python 3.9.2 is too old; install Python 3.11 or newer" in line


def test_setup_names_a_missing_python_in_one_line() -> None:
    done = run("scripts/setup", "python-that-is-not-there")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "no python-that-is-not-there found" in line


def test_setup_says_what_makes_virtual_environments(tmp_path: Path) -> None:
    bare = program(
        tmp_path / "python3",
        'case "$2" in *ensurepip*) exit 1;; *executable*) echo "$0";; esac',
    )
    program(tmp_path / "apt-get", "exit 100")
    program(tmp_path / "sudo", "exit 1")
    done = run("scripts/setup", bare, PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "install python3-venv" in line


def test_no_collected_tests_is_a_failure_in_words(tmp_path: Path) -> None:
    done = run("scripts/tests", str(tmp_path))
    assert done.returncode == 5
    assert "no tests were collected" in done.stderr


def test_skips_are_listed(tmp_path: Path) -> None:
    test = tmp_path / "test_skips.py"
    test.write_text("import pytest\n\ndef test_it():\n    pytest.skip('no printer')\n", "utf-8")
    done = run("scripts/tests", str(test))
    assert done.returncode == 0
    assert "no printer" in done.stdout


def test_stage_passes_on_the_status_and_writes_the_log(tmp_path: Path) -> None:
    log = tmp_path / "stages"
    assert run("scripts/stage", "good", "60", "true", STAGE_LOG=str(log)).returncode == 0
    assert (
        run("scripts/stage", "bad", "60", "sh", "-c", "exit 7", STAGE_LOG=str(log)).returncode == 7
    )
    assert (
        run("scripts/stage", "no", "60", "sh", "-c", "exit 77", STAGE_LOG=str(log)).returncode == 0
    )
    good, bad, skipped = log.read_text(encoding="utf-8").splitlines()
    assert skipped.endswith("  skipped")
    assert good.startswith("good")
    assert good.endswith("s of   60 s  ok")
    assert bad.endswith("FAILED (7)")


def test_stage_shows_a_missed_budget() -> None:
    done = run("scripts/stage", "slow", "0", "sleep", "0.1")
    assert done.returncode == 0
    assert "ok, over budget" in done.stdout


def test_ci_runs_the_commands_of_the_readme() -> None:
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "make check" in ci
    assert "\nmake test" in ci


def test_temporary_files_go_where_they_are_told(tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    test = tmp_path / "test_place.py"
    test.write_text("def test_it(tmp_path):\n    print(tmp_path)\n", "utf-8")
    done = run("scripts/tests", "-s", str(test), TMPDIR=str(place), PYTEST_DEBUG_TEMPROOT="")
    assert done.returncode == 0
    assert f"{place}/pytest-of-" in done.stdout


def test_a_program_from_elsewhere_needs_no_package(tmp_path: Path) -> None:
    """Was: asked dpkg for nodejs, which a machine with another node does not have."""
    program(tmp_path / "node", "exit 0")
    program(tmp_path / "apt-get", f"touch {tmp_path}/asked; exit 100")
    way = f"{tmp_path}:{os.environ['PATH']}"
    done = run("scripts/packages", "node=nodejs", f"{tmp_path}=fonts-none", "sh", PATH=way)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not (tmp_path / "asked").exists()


def test_a_missing_program_is_installed_from_its_package(tmp_path: Path) -> None:
    program(tmp_path / "id", "echo 0")
    program(tmp_path / "apt-get", f'echo "$@" >> {tmp_path}/asked')
    way = f"{tmp_path}:{os.environ['PATH']}"
    done = run("scripts/packages", "sh", "not-there=nodejs", f"{tmp_path}/x=fonts", PATH=way)
    assert (done.returncode, done.stdout) == (0, "installing nodejs fonts by apt-get\n")
    assert (tmp_path / "asked").read_text("utf-8").split()[-2:] == ["nodejs", "fonts"]


def test_who_may_not_install_is_told_what_to_install(tmp_path: Path) -> None:
    program(tmp_path / "id", "echo 1000")
    way = f"{tmp_path}:{os.environ['PATH']}"
    done = run("scripts/packages", "not-there=nodejs", "neither", PATH=way)
    assert done.returncode == 1
    assert done.stderr == "install nodejs neither first (apt-get install nodejs neither)\n"
