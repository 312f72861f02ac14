"""`demo --serve`: the desk on a demo practice, beside which every account works by hand."""

from __future__ import annotations

import json
import re
import signal
import socket
import stat
import subprocess
import sys
from contextlib import closing
from http.client import HTTPConnection
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conftest import Practice

pytestmark = pytest.mark.timeout(300)
PORTS = ("2525", "2526", "2527")
OPEN = "The desk is open, until Ctrl-C: "


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
            process.terminate()  # it ends what it started; killed, it could not
        process.communicate()


def test_a_practice_is_made_and_its_desk_opened_until_it_is_asked_to_end(tmp_path: Path) -> None:
    """Whoever was told name and password before the last end does not come in any more."""
    said = []
    for asked in (signal.SIGINT, signal.SIGTERM):
        process = start(*(() if said else ("--patients", "60")), cwd=tmp_path)
        said.append(told_until(process, OPEN))
        logins = [logs_in(said[-1], password_in(one)) for one in said]
        process.send_signal(asked)
        out, err = process.communicate(timeout=120)
        assert (process.returncode, err) == (0, "")
        assert out == "Ended. Arrived: 0 e-mails, 0 SMS, 0 e-mails by SendGrid.\n"
        assert logins == [False] * (len(said) - 1) + [True]
        with pytest.raises(OSError, match="refused"):
            logs_in(said[-1], "")
    assert "Made a practice with 60 made-up patients in demo-practice." in said[0]
    assert "Made a practice" not in said[1]
    log = (tmp_path / "demo-practice" / "serienpost-worker.log").read_text("utf-8")
    assert log.count("has ended") == 2
    for path in (tmp_path / "demo-practice").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def password_in(said: str) -> str:
    found = re.search(r"^  password: (\S{19})$", said, re.MULTILINE)
    assert found, said
    return found[1]


def logs_in(said: str, password: str) -> bool:
    """Whether the demo's user comes in by this password."""
    address = said.rsplit(maxsplit=1)[-1].removeprefix("http://")
    form = urlencode({"name": "demo", "password": password, "next": "/"})
    headers = {"sec-fetch-site": "same-origin", "content-type": "application/x-www-form-urlencoded"}
    with closing(HTTPConnection(address)) as client:
        client.request("POST", "/login", form, headers)
        return client.getresponse().status == 303


def test_every_account_of_the_demo_practice_sends(
    beside: Practice, serving: Callable[[], subprocess.Popen[str]]
) -> None:
    process = serving()
    told = told_until(process, OPEN)
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
    inbox = beside.folder / "postfach"
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
    assert not (beside.folder / "postfach").exists()


def test_it_serves_practices_of_this_machine_alone(beside: Practice) -> None:
    beside.edit("serienpost.yaml", "host: 127.0.0.1", "host: mail.example.org")
    beside.edit("serienpost.yaml", "security: none ", "security: tls ")
    process = start(beside.folder.name, cwd=beside.folder.parent)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (3, "")
    assert "the account mail does not hand over to a port of this machine" in err


def test_options_that_do_not_fit_are_refused(beside: Practice) -> None:
    name = beside.folder.name
    for option, why in (
        (("--patients", "60"), f"--patients is for a new practice; {name} is one"),
        (("--json",), "--json does not go with --serve"),
    ):
        process = start(name, *option, cwd=beside.folder.parent)
        out, err = process.communicate(timeout=120)
        assert process.returncode == 2
        assert why in out + err


def test_a_practice_with_an_address_of_somebody_is_none_to_play_with(beside: Practice) -> None:
    beside.edit("serienpost.yaml", "email: praxis@example.org", "email: praxis@example.com.invalid")
    process = start(beside.folder.name, cwd=beside.folder.parent)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (3, "")
    assert "is no demo practice" in err
    assert not (beside.folder / "serienpost-worker.log").exists()
