"""The README is true: its commands run in a fresh folder, one after the other, as shown."""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from workspace import ROOT, members

from serienpost.errors import Exit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

README = (ROOT / "README.md").read_text(encoding="utf-8")
MAILING = "sommerfest"
# Columns of a terminal as it opens.
WIDTH = 80
# The port that the README's mail server takes; another test may hold it.
PORT = "8025"
SERVER = "-m aiosmtpd"


def lines() -> list[tuple[str, list[str]]]:
    """Each line that the README lets somebody type, with the lines that it is said to print."""
    found: list[tuple[str, list[str]]] = []
    for block in re.findall(r"```console\n(.*?)```", README, flags=re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            else:
                found[-1][1].append(line)
    return found


def file_shown(name: str) -> str:
    """The file that the README shows after its name."""
    found = re.search(rf"`{re.escape(name)}`:\n\n```(?:yaml|text)\n(.*?)```", README, re.DOTALL)
    assert found is not None, name
    return found[1]


def account_shown() -> str:
    """The account that the README shows for `serienpost.yaml`."""
    return README.split("```yaml\n")[1].split("```")[0].removeprefix("accounts:\n")


def without_chance(text: str) -> str:
    """The text without what no two runs share: run id, reference, time."""
    text = re.sub(r"\d{8}-[0-9a-z]{4}\b", "RUN", text)
    text = re.sub(r"\b[0-9A-HJKMNP-TV-Z]{12}\b", "REF", text)
    return re.sub(r"\d\d? \w+ \d{4} \d\d:\d\d", "TIME", text)


@dataclass
class Terminal:
    """A terminal of 80 columns in the project folder: a line typed leaves what a shell keeps."""

    folder: Path
    port: str
    activated: bool = False
    run_id: str = "RUN"
    arrived: list[str] = field(default_factory=list)

    def type(self, line: str) -> str:
        """What the line prints; it must succeed."""
        line = re.sub(r"\bRUN\b", self.run_id, line).replace(PORT, self.port)
        keep = f"{line}\nprintf '%s' \"$PWD\" >&3; printf ' %s' \"$VIRTUAL_ENV\" >&3"
        known = {
            k: v for k, v in os.environ.items() if not k.startswith(("SERIENPOST_", "VIRTUAL"))
        }
        reading, writing = os.pipe()
        first = f". {shlex.quote(str(ROOT / '.venv/bin/activate'))}\n" if self.activated else ""
        done = subprocess.run(
            ["bash", "-ec", f"exec 3>&{writing}; {first}{keep}"],
            cwd=self.folder,
            # `make` names what it would do: the environment is there, `make test` is this test.
            env={**known, "COLUMNS": str(WIDTH), "MAKEFLAGS": "n", "SERIENPOST_LANG": "en"},
            pass_fds=(writing,),
            capture_output=True,
            text=True,
            check=False,
        )
        os.close(writing)
        with os.fdopen(reading) as told:
            place, _, environment = told.read().rpartition(" ")
        assert done.returncode == Exit.DONE, f"{line}: {done.stderr}"
        self.folder, self.activated = type(self.folder)(place), bool(environment)
        named = re.search(r"^run +(\S+)", done.stdout, flags=re.MULTILINE)
        self.run_id = named.group(1) if named else self.run_id
        return done.stdout

    @contextmanager
    def serving(self, line: str) -> Iterator[None]:
        """A line of the second terminal, the mail server, which prints what it gets."""
        command = shlex.split(line.partition("#")[0].replace(PORT, self.port))
        printed = self.folder / "printed.txt"
        with printed.open("w") as file:
            server = subprocess.Popen([str(ROOT / command[0]), *command[1:]], stdout=file)
            try:
                while not _listens(int(self.port)):
                    time.sleep(0.05)
                yield
            finally:
                server.terminate()
                server.wait()
        self.arrived = re.findall(r"(?m)^Message-ID: (\S+)", printed.read_text("utf-8"))


def _listens(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The project folder as somebody has it who has just made it: commands write beside it."""
    for name in ("Makefile", "pyproject.toml", ".venv", "scripts"):
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


@pytest.mark.timeout(900)  # some twenty processes, one after the other
def test_every_line_runs_as_shown(project: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        terminal = Terminal(project, str(free.getsockname()[1]))
    typed = lines()
    (server,) = (line for line, _ in typed if SERVER in line)
    practice = project / "praxis"
    with terminal.serving(server):
        for line, shown in typed:
            if line == server:
                settings = practice / "serienpost.yaml"
                given = settings.read_text("utf-8")
                own = re.search(r"(?m)^  mail:\n(?:    .*\n)+", given)
                assert own is not None
                account = account_shown().replace(PORT, terminal.port)
                settings.write_text(given.replace(own[0], account), "utf-8")
                file = practice / "mailings" / f"{MAILING}.yaml"
                file.write_text(file_shown(f"mailings/{MAILING}.yaml"), "utf-8")
                continue
            printed = terminal.type(line)
            if line == "mkdir listen":
                for name in ("serienpost.yaml", "listen/infoabend.csv", "mailings/infoabend.yaml"):
                    text = file_shown(name).replace(PORT, terminal.port)
                    (terminal.folder / name).write_text(text, "utf-8")
            if line.startswith("make "):
                assert printed, line
            given_lines = {each.rstrip() for each in without_chance(printed).splitlines()}
            expected = [without_chance(each).rstrip() for each in shown if each.strip(" .")]
            assert [each for each in expected if each not in given_lines] == []
        for command in cron():
            terminal.type(f"SERIENPOST_PRACTICE={practice} {command}")
    assert "accepted  102" in README
    written = [path for path in practice.rglob("*") if path.parent.name != "mailings"]
    assert [path.name for path in written if path.stat().st_mode & 0o077] == []
    assert len(terminal.arrived) >= 102 + 1 + 1


def cron() -> list[str]:
    """The commands of the crontab."""
    block = README.split("\n## Every day by itself\n")[1].split("```text\n")[1].split("```")[0]
    found = re.findall(r"(?m)^\S+ \S+ \S+ \S+ \S+ +(serienpost .*?) >>", block)
    assert len(found) == len(re.findall("serienpost ", block))
    return found


def test_what_is_typed_fits_a_terminal() -> None:
    assert [line for line, _ in lines() if len(line) + 2 > WIDTH] == []


def test_excerpt_of_the_review_is_real(project: Path) -> None:
    terminal = Terminal(project, PORT, activated=True)
    terminal.type(next(line for line, _ in lines() if " init " in line))
    practice = project / "praxis"
    file = practice / "mailings" / f"{MAILING}.yaml"
    file.write_text(file_shown(f"mailings/{MAILING}.yaml"), "utf-8")
    printed = terminal.type(f"serienpost -C praxis prepare {MAILING}")
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
