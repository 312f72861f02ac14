"""The README is true: its commands run in a fresh folder, one after the other, as shown."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from typing import TYPE_CHECKING

from workspace import ROOT, members

from serienpost.errors import Exit
from serienpost_demo.catcher import Catcher

if TYPE_CHECKING:
    from pathlib import Path

README = (ROOT / "README.md").read_text(encoding="utf-8")
MAILING = "sommerfest"
# Commands of the README that set up the terminal, the folder or the mail server.
BY_HAND = {"make", ".", "cd", ".venv/bin/python"}


def steps() -> list[tuple[list[str], list[str]]]:
    """Each serienpost command of the README with the lines that it is said to print."""
    chapter = README.split("\n## The first mailing in five minutes\n")[1].split("\n## ")[0]
    found: list[tuple[list[str], list[str]]] = []
    for block in re.findall(r"```console\n(.*?)```", chapter, flags=re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((shlex.split(line[2:]), []))
            else:
                found[-1][1].append(line)
    return [step for step in found if step[0][0] not in BY_HAND]


def mailing() -> str:
    """The mailing file that the README shows."""
    shown = README.split(f"`mailings/{MAILING}.yaml`:\n\n```yaml\n")[1]
    return shown.split("```")[0]


def without_chance(text: str) -> str:
    """The text without what no two runs share: run id, reference, time."""
    text = re.sub(r"\d{8}-[0-9a-z]{4}\b", "RUN", text)
    text = re.sub(r"\b[0-9A-HJKMNP-TV-Z]{12}\b", "REF", text)
    return re.sub(r"\d{4}-\d\d-\d\dT[0-9:+]+", "TIME", text)


def run(command: list[str], folder: Path) -> str:
    """The output of a serienpost command in this folder, which must succeed."""
    script = str(ROOT / ".venv" / "bin" / command[0])
    done = subprocess.run(
        [script, *command[1:]],
        cwd=folder,
        env={**os.environ, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == Exit.DONE, done.stderr
    return done.stdout


def test_first_mailing_runs_as_shown(tmp_path: Path) -> None:
    (init, _), *rest = steps()
    run(init, tmp_path)
    practice = tmp_path / "praxis"
    (practice / "mailings" / f"{MAILING}.yaml").write_text(mailing(), encoding="utf-8")
    settings = practice / "serienpost.yaml"
    run_id = "RUN"
    with Catcher() as catcher:
        given = settings.read_text(encoding="utf-8")
        settings.write_text(given.replace("port: 2525", f"port: {catcher.port}"), encoding="utf-8")
        for command, shown in rest:
            printed = run([run_id if word == "RUN" else word for word in command], practice)
            named = re.search(r"^run +(\S+)", printed, flags=re.MULTILINE)
            run_id = named.group(1) if named else run_id
            lines = {line.rstrip() for line in without_chance(printed).splitlines()}
            expected = [without_chance(line).rstrip() for line in shown if line.strip(" .")]
            assert [line for line in expected if line not in lines] == []
        arrived = len(catcher.messages)
    assert "accepted    102" in README
    written = [path for path in practice.rglob("*") if path.parent.name != "mailings"]
    assert [path.name for path in written if path.stat().st_mode & 0o077] == []
    assert arrived == 102 + 1


def test_excerpt_of_the_review_is_real(tmp_path: Path) -> None:
    (init, _), *_ = steps()
    run(init, tmp_path)
    practice = tmp_path / "praxis"
    (practice / "mailings" / f"{MAILING}.yaml").write_text(mailing(), encoding="utf-8")
    printed = run(["serienpost", "prepare", MAILING], practice)
    cells = [re.split(r"  +", line.rstrip()) for line in printed.splitlines()]
    excerpt = README.split("```text\n")[1].split("```")[0].splitlines()
    assert [line for line in excerpt if re.split(r"  +", line.rstrip()) not in cells] == []


def test_every_member_and_exit_code_is_in_a_table() -> None:
    rows = [
        f"| {member.name} | `{member.folder.relative_to(ROOT).as_posix()}` |"
        for member in members()
    ]
    assert [row for row in rows if row not in README] == []
    assert [code.value for code in Exit if f"\n| {code.value} | " not in README] == []
