"""The systemd unit of the manual is one that systemd understands."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from workspace import ROOT

PAGE = (ROOT / "docs" / "workers.md").read_text(encoding="utf-8")
(UNIT,) = re.findall(r"```ini\n(\[Unit\]\n.*?)```", PAGE, re.DOTALL)
PROGRAM = "/opt/serienpost/.venv/bin/serienpost"

ANALYZE = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(
    ANALYZE is None, reason="NOT TESTED: systemd-analyze is not installed, the unit is not verified"
)


def verified(unit: str, folder: Path, name: str = "serienpost-worker.service") -> str:
    """What systemd says against a unit; nothing if all is well."""
    file = folder / name
    file.write_text(unit, encoding="utf-8")
    done = subprocess.run(
        [str(ANALYZE), "verify", "--man=no", "--recursive-errors=no", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert bool(done.returncode) <= bool(done.stderr), "a failure says why"
    lines = [line for line in done.stderr.splitlines() if "serienpost-worker" in line]
    return "\n".join(lines)


def installed(unit: str) -> str:
    """The unit for the program of this environment."""
    program = Path(sys.executable).parent / "serienpost"
    assert program.is_file()
    assert PROGRAM in unit
    return unit.replace(PROGRAM, str(program))


@needs_systemd
def test_the_unit_is_understood(tmp_path: Path) -> None:
    assert verified(installed(UNIT), tmp_path) == ""


@needs_systemd
@pytest.mark.parametrize(
    ("line", "broken"),
    [
        ("Type=exec", "Type=excellent"),
        ("ProtectSystem=strict", "ProtectSystem=rigid"),
        ("RestartPreventExitStatus=2 3", "RestartPreventExit=2 3"),
        (PROGRAM, "/opt/serienpost/nobody"),
    ],
)
def test_a_broken_unit_would_be_found(tmp_path: Path, line: str, broken: str) -> None:
    assert line in UNIT
    unit = UNIT.replace(line, broken)
    assert verified(unit if line == PROGRAM else installed(unit), tmp_path) != ""


def test_the_unit_covers_the_longest_call() -> None:
    from serienpost_channel_sendgrid.channel import SendGridChannel
    from serienpost_channel_smtp.channel import SmtpChannel

    (seconds,) = re.findall(r"^TimeoutStopSec=(\d+)$", UNIT, re.MULTILINE)
    longest = max(one.longest_call for one in (SmtpChannel, SendGridChannel))
    assert int(seconds) > longest


def test_the_unit_does_not_restart_what_stays_wrong() -> None:
    from serienpost.errors import Exit

    (codes,) = re.findall(r"^RestartPreventExitStatus=(.*)$", UNIT, re.MULTILINE)
    assert set(map(int, codes.split())) == {Exit.USAGE, Exit.REFUSED}
