"""`demo --serve` beside a demo practice: every account works by hand, and it ends when asked."""

from __future__ import annotations

import json
import re
import signal
import socket
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conftest import Practice

pytestmark = pytest.mark.timeout(300)
PORTS = ("2525", "2526", "2527")


def free_ports(count: int) -> list[int]:
    """Ports that nobody has; all are held until the last is chosen."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [each.getsockname()[1] for each in held]
    finally:
        for each in held:
            each.close()


@pytest.fixture
def beside(demo_master: Practice, tmp_path: Path) -> Practice:
    """A practice that `init --demo` made, on ports that nobody has: those of every new one may be
    in use on this machine."""
    made = demo_master.copy(tmp_path / "praxis")
    for old, new in zip(PORTS, free_ports(len(PORTS)), strict=True):
        made.edit("serienpost.yaml", old, str(new))
    return made


def start(*args: str, cwd: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "serienpost", "demo", "--serve", *args],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def told_until(process: subprocess.Popen[str], last: str) -> str:
    """What the process prints up to this line."""
    assert process.stdout
    told = []
    for line in process.stdout:
        told.append(line)
        if line.startswith(last):
            break
    return "".join(told)


@pytest.fixture
def serving(beside: Practice) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []

    def begin() -> subprocess.Popen[str]:
        started.append(start(beside.folder.name, cwd=beside.folder.parent))
        return started[-1]

    yield begin
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_when_asked(
    serving: Callable[[], subprocess.Popen[str]], asked: signal.Signals
) -> None:
    process = serving()
    assert "mail server" in told_until(process, "Ctrl-C ends it.")
    process.send_signal(asked)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (0, "")
    assert out == "Ended. Arrived: 0 e-mails, 0 SMS, 0 e-mails by SendGrid.\n"


def test_every_account_of_the_demo_practice_sends(
    beside: Practice, serving: Callable[[], subprocess.Popen[str]]
) -> None:
    process = serving()
    told = told_until(process, "Ctrl-C ends it.")
    assert "SendGrid keeps the template Neue Sprechzeiten" in told
    shown = json.loads(beside("config", "show", "--json").out)["config"]["accounts"]
    mailings = {"mail": "information", "sms": "kurznachricht", "brief": "rundbrief"}
    mailings["grid"] = "sprechzeiten"
    assert shown.keys() == mailings.keys()
    sent = {}
    for account, mailing in mailings.items():
        assert account in told
        beside.json("check", mailing)
        run = beside.json("prepare", mailing, "--summary")["run"]
        terms = ["--accept-disclaimer"] if account == "grid" else []
        counts = beside.json("send", run, "--yes", *terms)["counts"]
        sent[account] = counts["accepted"]
        assert counts.keys() <= {"accepted", "suppressed"}
        assert sent[account] > 5
    beside.json("doctor")
    beside.json("events")
    inbox = beside.folder / "eingang"
    beside.wait_until(lambda: len(list(inbox.glob("sms-*.txt"))) == sent["sms"])
    beside.wait_until(lambda: len(list(inbox.glob("grid-*.html"))) == sent["grid"])
    assert len(list(inbox.glob("*.eml"))) == sent["mail"]
    assert len(list((beside.folder / "briefe").glob("*.pdf"))) == 1
    for path in (inbox, *inbox.iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (0, "")
    assert out.splitlines()[-1] == (
        f"Ended. Arrived: {sent['mail']} e-mails, {sent['sms']} SMS, "
        f"{sent['grid']} e-mails by SendGrid."
    )


@pytest.mark.parametrize("taken", range(3))
def test_a_port_in_use_is_one_line(beside: Practice, taken: int) -> None:
    text = (beside.folder / "serienpost.yaml").read_text("utf-8")
    ports = re.findall(r"^    (?:port: |base_url: \"http://127.0.0.1:)(\d+)", text, re.MULTILINE)
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        beside.edit("serienpost.yaml", ports[taken], str(port))
        process = start(beside.folder.name, cwd=beside.folder.parent)
        out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (3, "")
    (line,) = err.splitlines()
    assert f"127.0.0.1:{port}" in line
    assert not (beside.folder / "eingang").exists()


def test_it_serves_practices_of_this_machine_alone(beside: Practice) -> None:
    beside.edit("serienpost.yaml", "host: 127.0.0.1", "host: mail.example.org")
    beside.edit("serienpost.yaml", "security: none ", "security: tls ")
    process = start(beside.folder.name, cwd=beside.folder.parent)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (3, "")
    assert "the account mail does not hand over to a port of this machine" in err


def test_it_makes_no_practice(tmp_path: Path) -> None:
    for option in (("--patients", "60"), ("--seed", "2"), ("--json",)):
        process = start(*option, cwd=tmp_path)
        out, err = process.communicate(timeout=120)
        assert process.returncode == 2
        assert f"{option[0]} does not go with --serve" in out + err
    assert list(tmp_path.iterdir()) == []
