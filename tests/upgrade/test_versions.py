"""Ledgers of versions 0005 and 0006, which commits 6a255a6 and b6d19db wrote: they are used as they
are while a run is open, everything open is delivered to its end, and the tables follow then."""

from __future__ import annotations

import functools
import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from old_practice import (
    ENDED,
    OPEN,
    SQLITE,
    UPGRADE,
    Expected,
    Practice,
    changed,
    keep,
    restore,
    restore_postgresql,
)

from serienpost.ledger.engine import HEAD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from fault_harness.server import Server
    from old_practice import Providers

VERSIONS = ("0005", "0006")
DUE = "2999-12-31"
# In the same year, as the ledger stores times.
FAR = 32_503_676_400_000_000

# Holds one owner's lock, as a process of commit 6a255a6 does that delivers, until its input ends.
OWNER = """\
import sys
from pathlib import Path
from serienpost.ledger.engine import open_engine
from serienpost.ledger.owners import ownership
from serienpost.ledger.store import Ledger
with ownership(Ledger(open_engine(sys.argv[1], Path(sys.argv[2])), "sonnenschein")) as owner:
    print(owner, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="session")
def restored(server: Server) -> Callable[[str], str]:
    """Makes a database with the ledger of a version, to be copied."""

    @functools.cache
    def made(version: str) -> str:
        return restore_postgresql(server, _files(version) / "ledger-postgresql.sql")

    return made


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=["sqlite", "postgresql"])
def practice(
    request: pytest.FixtureRequest, tmp_path: Path, providers: Providers, version: str
) -> Practice:
    """The practice on either ledger, with accounts at the providers here."""
    files = _files(version)
    folder = tmp_path / "praxis"
    shutil.copytree(files / "praxis", folder)
    restore(folder / "praxis.db", files / "praxis.sql")
    url = SQLITE
    if request.param == "sqlite":
        restore(folder / "versandbuch.db", files / "ledger-sqlite.sql")
    else:
        server: Server = request.getfixturevalue("server")
        url = server.url(server.database(request.getfixturevalue("restored")(version)))
    text = (files / f"{request.param}.json").read_text("utf-8")
    made = Practice(folder, url, Expected(**json.loads(text)))
    made.connect(providers)
    return made


def _files(version: str) -> Path:
    return UPGRADE / f"ledger{version}"


def test_every_answer_is_what_it_was(practice: Practice, version: str) -> None:
    before = practice.contents()
    assert changed(practice, practice.expected.answers) == {}
    assert practice.contents() == before
    assert practice.revision() == version


def test_open_runs_come_to_their_end_and_the_tables_follow(
    practice: Practice, providers: Providers, version: str
) -> None:
    """While one is open the ledger stays as it is; calls of the killed process are in doubt."""
    codes = {"mail-sending": 5, "mail-paused": 0, "grid-paused": 0, "letter-paused": 0}
    assert set(practice.expected.labelled(*OPEN)) == set(codes)
    for label, code in codes.items():
        assert practice.revision() == version
        done = practice("resume", practice.run(label), "--json")
        assert (done.code, done.json()["state"]) == (code, "finished"), done.err
    assert sorted(practice.states("mail-sending").values()) == 4 * ["accepted"] + 2 * ["in_doubt"]
    assert {*practice.states("mail-paused").values()} == {"accepted"}
    assert {*practice.states("grid-paused").values()} == {"accepted"}
    assert {*practice.states("letter-paused").values()} == {"accepted"}
    assert providers.taken() == 2 + 2 + 2
    practice.must("runs")
    assert practice.revision() == HEAD
    kept = [label for label in practice.expected.runs if label not in codes]
    shown = [f"show {practice.run(label)} --json" for label in kept]
    assert changed(practice, shown) == {}


def test_a_due_date_that_was_put_off_is_taken_up(
    practice: Practice, providers: Providers, version: str
) -> None:
    """In the old tables, beside runs that a person paused; and in the new ones."""
    accepted = "SELECT no FROM message WHERE state = 'accepted'"
    before = len(practice.rows(accepted))
    done = practice("resume", "--due", "--json")
    assert done.code == 75, done.err
    (row,) = practice.rows("SELECT * FROM due")
    assert (row["due"], row["state"]) == (DUE, "done"), row
    found = practice.rows(f"SELECT state FROM message WHERE run = '{row['run']}'")
    assert [one["state"] for one in found] == ["accepted"] * 3
    assert providers.taken() == len(practice.rows(accepted)) - before > 3
    assert practice.revision() == version


def test_a_due_date_waits_through_the_migration(practice: Practice, providers: Providers) -> None:
    practice.cancel_open()
    practice.must("runs")
    assert practice.revision() == HEAD
    practice.must("resume", "--due")
    (row,) = practice.rows("SELECT * FROM due")
    assert (row["due"], row["state"]) == (DUE, "done"), row
    assert providers.taken() == 3


def test_what_was_prepared_is_sent(practice: Practice, providers: Providers, version: str) -> None:
    """But for letters that name their day, which is over."""
    letters = "letter-prepared"
    for label in set(practice.expected.labelled("prepared")) - {letters}:
        assert practice.must("send", practice.run(label), "--yes")["counts"]["accepted"] == 2
    late = practice("send", practice.run(letters), "--yes")
    assert (late.code, "cannot be sent on another day" in late.err) == (3, True)
    assert providers.taken() == 2
    assert practice.revision() == version


def test_a_person_decides_about_an_old_doubt(practice: Practice, providers: Providers) -> None:
    run = practice.run("mail-doubt")
    practice.must("resolve", run, "--recipient", "patient:44", "--as", "resend")
    practice.must("retry", run, "--failed")
    assert set(practice.states("mail-doubt").values()) == {"accepted"}
    assert providers.taken() == 2


def test_old_runs_are_purged(practice: Practice, version: str) -> None:
    """Also in the tables as they were."""
    keep(practice, messages="1 s", unapproved="1 s")
    expected = practice.expected
    done = practice.must("purge")
    ended, never = len(expected.labelled(*ENDED)), len(expected.labelled("prepared"))
    assert (done["messages"], done["unapproved"]) == (ended, never)
    assert practice.revision() == version
    left = {one["run"] for one in practice.must("runs", "--limit", "100")["runs"]}
    assert left == {practice.run(label) for label in expected.labelled(*OPEN)}


@pytest.fixture
def owner(practice: Practice) -> Iterator[str]:
    """A living process that owns the rows of the run that is being sent."""
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, practice.url, str(practice.folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        assert process.stdout is not None
        name = process.stdout.readline().strip()
        practice.change(
            f"UPDATE message SET owner = '{name}', lease_until = {FAR}"
            " WHERE state IN ('claimed', 'sending')"
        )
        yield name
        process.communicate("")
    assert process.returncode == 0


def owned(practice: Practice) -> object:
    """Whose the messages are, and what was begun with them."""
    contents = practice.contents()
    return contents["message"], contents["attempt"]


def test_nothing_is_taken_over_from_a_living_process(
    practice: Practice, providers: Providers, owner: str, version: str
) -> None:
    """It may be of the old version: whoever comes waits, and the ledger stays as it is. Since 0006
    who delivers is told by a row of its own, which this one has not."""
    run = practice.run("mail-sending")
    before = owned(practice)
    for joins in ([], ["--join"]):
        done = practice("resume", run, "--no-wait", *joins)
        assert done.code == 75, done.out + done.err
        assert version > "0005" or owner.split("-", maxsplit=1)[0] in done.err
        assert len(done.err.splitlines()) == 1, done.err
    assert owned(practice) == before
    assert providers.taken() == 0
    practice.cancel_open("mail-sending")
    practice.must("runs")
    assert practice.revision() == version


def test_the_desk_waits_for_open_runs(practice: Practice, version: str) -> None:
    """What it keeps has no tables yet; a run that is open is not disturbed, and goes to its end."""
    practice.edit("plugins:\n", "plugins:\n  - serienpost-web\n")
    for command in (["users", "list"], ["users", "remove", "Eva"], ["serve", "--port", "0"]):
        done = practice(*command)
        assert (done.code, done.out, len(done.err.splitlines())) == (3, "", 1), (command, done)
        assert "is open" in done.err
    assert practice.revision() == version
    practice.cancel_open()
    assert practice.must("users", "list")["users"] == []
    assert practice.revision() == HEAD


def test_what_comes_by_itself_comes_once(practice: Practice, version: str) -> None:
    """Days that were entered before the tables follow are not entered again, and a dead worker's
    row stands in nobody's way."""
    if version < "0006":
        pytest.skip("that version had no schedules")
    known = practice.rows("SELECT mailing, rule, entered_until FROM schedule")
    assert [row["mailing"] for row in known] == ["mail-monthly"]
    practice.cancel_open()
    for _ in range(2):
        practice("resume", "--due")
        assert practice.revision() == HEAD
    (after,) = practice.rows("SELECT mailing, rule, entered_until FROM schedule")
    assert after["entered_until"] >= known[0]["entered_until"]
    days = practice.rows("SELECT mailing, due FROM due WHERE mailing = 'mail-monthly'")
    assert len({row["due"] for row in days}) == len(days)
    runs = practice.rows("SELECT id FROM run WHERE mailing = 'mail-monthly'")
    assert len(runs) <= len(days)
