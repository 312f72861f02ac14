"""Words planted in data that no message may take, where a run is killed, refused or told to people.

What a whole run by each channel leaves, documents and files: `tests/privacy/test_canaries.py`.
"""

from __future__ import annotations

import re
import signal
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from serienpost_demo.practice import canary, write_practice

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Post, Practice

PATIENTS = 80
WORD = re.compile(rb"kanari[0-9a-f]{12}")
NUMBERS = re.compile(rb"0176 0\d{7}|\+491760\d{7}|030 23125\d{8}|\+493023125\d{8}")
OWN_ADDRESSES = {
    canary("patient", "email", number).partition("@")[0].encode()
    for number in range(1, PATIENTS + 1)
}


def leaked(data: bytes) -> set[bytes]:
    return set(WORD.findall(data)) - OWN_ADDRESSES | set(NUMBERS.findall(data))


def written(folder: Path) -> dict[str, bytes]:
    """All files except the practice's own data."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "praxis.db"]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_nothing_protected_leaves_by_a_killed_run(demo: Practice, post: Post) -> None:
    (demo.folder / "praxis.db").unlink()
    today = datetime.now(ZoneInfo("Europe/Berlin")).date()
    write_practice(demo.folder / "praxis.db", PATIENTS, 7, today, canaries=True)
    said = []

    def run(*args: str, fault: str | None = None) -> None:
        done = demo(*args, fault=fault)
        assert (done.code == -signal.SIGKILL) is (fault is not None)
        said.append(done.out + done.err)
        assert "a bug" not in done.err

    demo.run = demo.json("prepare", "information")["run"]
    run("review", demo.run)
    run("review", demo.run, "--csv", str(demo.folder / "review.csv"))
    run("test", demo.run, "--to", "praxis@example.org", "--recipient", "patient:1")
    post.script.refuse(demo.messages()["patient:2"]["address"])
    run("send", demo.run, "--yes", fault="commit.after_commit:4")
    during = written(demo.folder)
    assert any(name.endswith("-wal") for name in during)
    run("resume", demo.run)
    for command in ("show", "report"):
        run(command, demo.run)
    run("show", demo.run, "--manifest")
    run("doctor")

    mails = post.mails().values()
    assert len(mails) > 20
    arrived = b"".join(caught.data for caught in post.catcher.messages)
    decoded = "".join(
        str(part.get_content())
        for _, mail in mails
        for part in mail.walk()
        if part.get_content_maintype() == "text"
    )
    assert leaked(arrived + decoded.encode()) == set()
    assert leaked("".join(said).encode()) == set()
    for files in (during, written(demo.folder)):
        assert {name: found for name, data in files.items() if (found := leaked(data))} == {}
    assert WORD.findall(arrived)


def test_reports_and_errors_hold_no_addresses(demo: Practice, post: Post) -> None:
    """What goes to stderr, logs and reports names people by their ids only."""
    for message in demo.messages().values():
        if message["address"] and message["no"] % 3 == 0:
            post.script.refuse(message["address"], f"550 5.1.1 <{message['address']}> unknown")
    sent = demo("send", demo.run, "--yes")
    assert sent.code == 4
    told = sent.out + sent.err
    told += demo("show", demo.run).out + demo("show", demo.run, "--json").out
    told += demo("report", demo.run).out
    demo("report", demo.run, "--csv", str(demo.folder / "bericht.csv"))
    told += (demo.folder / "bericht.csv").read_text("utf-8")
    addresses = [patient["email"] for patient in demo.patients("email LIKE '%@example.%'").values()]
    assert [address for address in addresses if address in told] == []
    assert list(demo.folder.glob("*.log")) == []
