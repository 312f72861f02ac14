"""One ledger, one lock: whatever path leads to it, and never in a database of somebody else."""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conftest import Practice

LEDGER = "ledger: sqlite:///versandbuch.db"
# Without these even root needs the permission that a file's mode gives.
WITHOUT_PRIVILEGES = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"]


def can_mount() -> bool:
    """Whether this user may mount something for one process alone."""
    found = shutil.which("unshare") and shutil.which("mount")
    return (
        bool(found)
        and not subprocess.run(
            ["unshare", "-m", "true"], capture_output=True, check=False
        ).returncode
    )


def second_path(practice: Practice, make: Callable[[Path, Path], object]) -> None:
    """Let `ledger:` name another path to the same file."""
    other = practice.folder / "anderswo"
    other.mkdir()
    make(practice.folder / "versandbuch.db", other / "buch.db")
    practice.edit("serienpost.yaml", LEDGER, "ledger: sqlite:///anderswo/buch.db")


@contextmanager
def delivering(practice: Practice) -> Iterator[None]:
    """A process that is in the middle of the run, for as long as the block lasts."""
    practice.edit(
        "serienpost.yaml",
        'slots: 4, sender: "Praxis Null <',
        'slots: 1, rate: [3/hour], sender: "Praxis Null <',
    )
    process = practice.start("send", practice.run, "--yes")
    practice.wait_until(lambda: sum(practice.oracle().values()) == 3)
    try:
        yield
    finally:
        process.terminate()
        practice.finish(process)


def test_a_link_to_the_ledger_meets_the_lock_of_who_delivers(null: Practice) -> None:
    with delivering(null):
        second_path(null, lambda file, link: link.symlink_to(file))
        null.edit("serienpost.yaml", "rate: [3/hour], ", "")
        done = null("resume", null.run)
        assert (done.code, "already being delivered" in done.err) == (75, True), done.err
        assert sum(null.oracle().values()) == 3
    null.json("resume", null.run)
    assert set(null.oracle().values()) == {1}
    assert len(null.oracle()) == 40


def test_a_ledger_with_two_names_is_refused(null: Practice) -> None:
    second_path(null, os.link)
    for command in (("send", null.run, "--yes"), ("show", null.run), ("purge",)):
        (problem,) = null.refused(*command)
        assert "2 names (hard links)" in problem["message"]
        assert "-samefile" in problem["hint"]
        assert problem["key"] == "ledger"
    assert null.oracle() == {}


def test_a_ledger_takes_no_parameters(null: Practice) -> None:
    """With `?nolock=1` processes would not see each other."""
    null.edit("serienpost.yaml", LEDGER, f"{LEDGER}?nolock=1&uri=true")
    (problem,) = null.refused("show", null.run)
    assert "takes no parameters" in problem["message"]


@pytest.mark.parametrize("spelling", ["praxis.db", "./mailings/../praxis.db", "link.db"])
def test_the_practices_own_database_is_no_ledger(demo: Practice, spelling: str) -> None:
    (demo.folder / "link.db").symlink_to("praxis.db")
    demo.edit("serienpost.yaml", LEDGER, f"ledger: sqlite:///{spelling}")
    before = (demo.folder / "praxis.db").read_bytes()
    (problem,) = demo.refused("prepare", "information")
    assert (problem["key"], "database are the same" in problem["message"]) == ("ledger", True)
    assert (demo.folder / "praxis.db").read_bytes() == before
    assert [path.name for path in demo.folder.glob("praxis.db*")] == ["praxis.db"]


def test_a_database_of_another_program_is_no_ledger(null: Practice) -> None:
    with closing(sqlite3.connect(null.folder / "andere.db")) as db:
        db.execute("CREATE TABLE kunde (id INTEGER PRIMARY KEY)")
    before = (null.folder / "andere.db").read_bytes()
    null.edit("serienpost.yaml", LEDGER, "ledger: sqlite:///andere.db")
    (problem,) = null.refused("runs")
    assert "it holds other tables" in problem["message"]
    assert (null.folder / "andere.db").read_bytes() == before


@pytest.mark.parametrize("other", ["serienpost.yaml", "mailings", "andere.db", "pipe"])
def test_what_is_no_ledger_keeps_its_rights(null: Practice, other: str) -> None:
    """As where `ledger:` names a file of another user, or `/dev/null`."""
    with closing(sqlite3.connect(null.folder / "andere.db")) as db:
        db.execute("CREATE TABLE kunde (id INTEGER PRIMARY KEY)")
    os.mkfifo(null.folder / "pipe")
    path = null.folder / other
    path.chmod(0o755)
    null.edit("serienpost.yaml", LEDGER, f"ledger: sqlite:///{other}")
    (problem,) = null.refused("runs")
    assert problem["key"] == "ledger"
    assert str(path) in problem["message"] or "no ledger" in problem["message"]
    assert path.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize(
    ("key", "file"),
    [
        ("null.consent", "consent.jsonl"),
        ("null.consent", "./mailings/../consent.jsonl"),
        ("null.consent", "link.jsonl"),
        ("accounts.mail.oracle", "oracle.tsv"),
        ("null.gone", "gone.json"),
        ("checkpoint", "anderswo.mark"),
    ],
)
@pytest.mark.parametrize("is_there", [True, False])
def test_a_file_that_another_key_names_is_no_ledger(
    null: Practice, key: str, file: str, *, is_there: bool
) -> None:
    """An empty one too: it would become the ledger, and what the key is for would end."""
    null.edit("serienpost.yaml", "accounts:\n", "checkpoint: anderswo.mark\naccounts:\n")
    (null.folder / "link.jsonl").symlink_to("consent.jsonl")
    path = null.folder / file
    if not path.is_symlink():
        path.unlink(missing_ok=True)
    if is_there:
        path.write_bytes(b"")
    before = sorted(one.name for one in null.folder.iterdir())
    null.edit("serienpost.yaml", LEDGER, f"ledger: sqlite:///{file}")
    (problem,) = null.refused("runs")
    assert problem["key"] == "ledger"
    assert f"and {key} are the same file" in problem["message"]
    assert sorted(one.name for one in null.folder.iterdir()) == before


def test_an_empty_file_that_no_key_names_becomes_the_ledger(null: Practice) -> None:
    """A process that was killed as it made the ledger left it so."""
    (null.folder / "neu.db").touch()
    null.edit("serienpost.yaml", LEDGER, "ledger: sqlite:///neu.db")
    assert null.json("runs")["runs"] == []


@pytest.mark.skipif(not can_mount(), reason="needs a mount namespace of its own")
def test_a_ledger_that_is_mounted_by_itself_is_refused(null: Practice) -> None:
    """As `docker run -v FILE:FILE` does: log, locks and marks would lie beside each of the two."""
    second_path(null, lambda _, place: place.touch())
    mount = 'mount --bind "$1/versandbuch.db" "$1/anderswo/buch.db" && shift && exec "$@"'
    command = [sys.executable, "-m", "serienpost", "-C", str(null.folder), "runs"]
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", mount, "sh", str(null.folder), *command],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 3, done.stdout + done.stderr
    assert "buch.db is mounted by itself" in done.stderr
    assert "mount the folder" in done.stderr
    assert [one.name for one in (null.folder / "anderswo").iterdir()] == ["buch.db"]


def unprivileged(practice: Practice, *args: str) -> tuple[int, list[str]]:
    """Run a command as a user whom modes of files bind; its exit code and lines on stderr."""
    command = [sys.executable, "-m", "serienpost", "-C", str(practice.folder), *args]
    if os.geteuid() == 0:
        command = [*WITHOUT_PRIVILEGES, *command]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    return done.returncode, done.stderr.splitlines()


@pytest.mark.skipif(
    os.geteuid() == 0 and shutil.which("setpriv") is None, reason="root may write everything"
)
@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("versandbuch.db", "versandbuch.db cannot be written"),
        ("", "versandbuch.db can be neither written nor read"),
    ],
)
def test_a_ledger_that_cannot_be_written_is_one_line(null: Practice, path: str, line: str) -> None:
    """What only reads goes on where SQLite can: it must make a file in the folder for that."""
    place = null.folder / path
    mode = place.stat().st_mode
    place.chmod(mode & ~0o222)
    try:
        for command in (("prepare", "einladung"), ("send", null.run, "--yes"), ("purge",)):
            code, lines = unprivileged(null, *command)
            assert (code, len(lines)) == (3, 1), lines
            assert line in lines[0]
        if path:
            reading = (("runs",), ("show", null.run), ("review", null.run), ("report", null.run))
            for command in reading:
                assert unprivileged(null, *command) == (0, []), command
    finally:
        place.chmod(mode)
    assert null.oracle() == {}


def test_a_newer_ledger_is_one_line_for_every_command(null: Practice) -> None:
    with closing(sqlite3.connect(null.folder / "versandbuch.db")) as db, db:
        db.execute("UPDATE alembic_version SET version_num = '0999'")
    for command in (
        ("send", null.run, "--yes"),
        ("show", null.run),
        ("resume", "--due"),
        ("purge",),
    ):
        done = null(*command)
        (line,) = done.err.splitlines()
        assert (done.code, done.out) == (3, "")
        assert str(null.folder / "versandbuch.db") in line
        assert "newer than this serienpost" in line
        assert "install the newer serienpost" in line


OF_A_DESK = (
    *("user", "session", "failed_login", "selection", "selected", "draft", "uploaded", "task"),
)


def test_an_older_ledger_waits_for_a_process_that_still_works_with_it(null: Practice) -> None:
    """As when an older serienpost only prepares: no run is open, and its tables are its own."""
    with closing(sqlite3.connect(null.folder / "versandbuch.db")) as db, db:
        db.execute("UPDATE alembic_version SET version_num = '0002'")
        for column in ("archive", "edition", "first_part", "files"):
            db.execute(f"ALTER TABLE run DROP COLUMN {column}")
        db.execute("DROP INDEX message_part")
        later = "due", "worker", "schedule", "notification", "chore", *OF_A_DESK
        for table in later:
            db.execute(f'DROP TABLE "{table}"')
        db.execute("ALTER TABLE message ADD COLUMN attachments JSON")
    folder = null.folder / "versandbuch.db.owners"
    folder.mkdir(exist_ok=True)
    with (folder / "4711-0123456789AB").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        done = null("runs")
        assert (done.code, done.out) == (75, "")
        (line,) = done.err.splitlines()
        assert "is of version 0002 and process 4711 works with it" in line
        assert null.ledger("SELECT version_num FROM alembic_version")[0][0] == "0002"
    assert null.json("runs")["runs"][0]["run"] == null.run
