"""Letters in the patients' records, through the command line."""

from __future__ import annotations

import os
import signal
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pdfplumber
import pytest

if TYPE_CHECKING:
    from conftest import Practice

pytestmark = pytest.mark.timeout(300)
PRACTICE_TIME = ZoneInfo("Europe/Berlin")
YEAR = 365 * 86_400 * 1_000_000
LONG = "\n\n  ".join(f"Absatz {number}: " + "Die Praxis zieht um. " * 25 for number in range(9))
MAILING = f"""\
source: patients
select: {{}}
limit: 4
account: brief
purpose: information
signature: sonnenschein
archive: ask
subject: Neue Sprechzeiten
text: |
  {{% if Anrede == "Frau" %}}

  {LONG}

  {{% else %}}

  Kurz und gut, {{{{Nachname}}}}.

  {{% endif %}}
"""


def prepared(practice: Practice, mailing: str) -> Practice:
    """The practice with another run."""
    (practice.folder / "mailings" / "brief.yaml").write_text(mailing, "utf-8")
    practice.run = str(practice.json("prepare", "brief", "--summary")["run"])
    return practice


@pytest.fixture(scope="session")
def letters_master(demo_master: Practice, tmp_path_factory: pytest.TempPathFactory) -> Practice:
    """The demo practice with a prepared run of letters; copied, never used itself."""
    return prepared(demo_master.copy(tmp_path_factory.mktemp("letters") / "praxis"), MAILING)


@pytest.fixture
def practice(letters_master: Practice, tmp_path: Path) -> Practice:
    """A copy of the demo practice with a prepared run of letters, of one and of two pages."""
    return letters_master.copy(tmp_path / "praxis")


def listed(practice: Practice) -> list[dict[str, Any]]:
    """The run's letters in the records."""
    found: list[dict[str, Any]] = practice.json("letters", "list", "--run", practice.run)["letters"]
    return found


def printed(practice: Practice, path: Path) -> tuple[int, bytes]:
    """How many letters of the run were printed again, and the file."""
    document = practice.json("letters", "print", "--run", practice.run, "--out", str(path))
    return document["letters"], path.read_bytes()


def texts(path: Path) -> list[str]:
    """What stands on each page."""
    with pdfplumber.open(path) as pdf:
        return [page.extract_text() for page in pdf.pages]


def age(practice: Practice) -> None:
    """Let the run have been finished a year ago."""
    with closing(sqlite3.connect(practice.folder / "versandbuch.db")) as db, db:
        db.execute("UPDATE run SET finished_at = finished_at - ?", (YEAR,))


def test_printed_later_is_the_same_letter_also_after_purge(
    practice: Practice, tmp_path: Path
) -> None:
    done = practice.json("send", practice.run, "--yes", "--archive", "entry")
    sent = done["counts"]["accepted"]
    before, after = tmp_path / "before.pdf", tmp_path / "after.pdf"
    letters = listed(practice)
    assert [one["pdf"] for one in letters] == [False] * sent
    made = datetime.fromisoformat(letters[0]["created_at"]).replace(tzinfo=PRACTICE_TIME)
    assert abs(datetime.now(UTC) - made) < timedelta(minutes=10)
    once = printed(practice, before)
    assert once[0] == sent > 2
    pages = texts(before)
    assert pages == texts(practice.folder / "briefe" / f"{practice.run}.pdf")
    assert len(pages) > sent
    assert any("Kurz und gut, " in page for page in pages)

    age(practice)
    assert practice.json("purge")["values"] == 1
    kept = practice.messages().values()
    assert {row[key] for row in kept for key in ("macro_values", "address", "name")} == {None}
    assert practice.ledger("SELECT * FROM asset WHERE run = ?", practice.run) == []
    for path in (practice.folder / "briefe").iterdir():
        path.unlink()
    (practice.folder / "mailings" / "brief.yaml").unlink()
    practice.edit("serienpost.yaml", "closing: ", "closing: Ganz anders, # ")
    assert printed(practice, after) == once


def test_what_is_only_looked_at_is_in_no_record(practice: Practice) -> None:
    practice.json("preview", practice.run)
    practice.json("test", practice.run, "--to", "probe.pdf")
    assert listed(practice) == []
    assert practice.ledger("SELECT * FROM archive") == []


def test_ask_wants_an_answer(practice: Practice) -> None:
    (problem,) = practice.refused("send", practice.run, "--yes")
    assert "--archive" in str(problem)
    assert practice.state() == ("prepared", None)
    practice.json("send", practice.run, "--yes", "--archive", "pdf")
    assert {one["pdf"] for one in listed(practice)} == {True}


def test_who_has_no_record_is_told(practice: Practice) -> None:
    prepared(practice, MAILING.replace("source: patients", "source: interessenten"))
    done = practice.json("send", practice.run, "--yes", "--archive", "entry")
    sent = done["counts"]["accepted"]
    told = practice("show", practice.run).out
    assert f"{sent} persons have no record; nothing was stored for them." in told
    states = [row["state"] for row in practice.ledger("SELECT state FROM archive")]
    assert states == ["no_record"] * sent != []


def test_entries_wait_for_a_database_that_is_away(practice: Practice) -> None:
    """One of the persons is erased meanwhile, which does not hold up the others."""
    away = "karteikarte:\n  database: sqlite:///weg.db"
    practice.edit("serienpost.yaml", away.replace("weg", "praxis"), away)
    done = practice.json("send", practice.run, "--yes", "--archive", "entry")
    sent = done["counts"]["accepted"]
    waiting = f"{sent} messages wait for the records: serienpost resume {practice.run}"
    assert waiting in practice("show", practice.run).out
    age(practice)
    assert practice.json("purge")["values"] == 0, "the values are still needed"
    accepted = (row for row, one in practice.messages().items() if one["state"] == "accepted")
    erased, *others = accepted
    practice.json("erase-person", erased, "--yes")
    practice.edit("serienpost.yaml", away, away.replace("weg", "praxis"))
    assert [one["run"] for one in practice.json("resume", "--due")["runs"]] == [practice.run]
    assert sorted(one["person"] for one in listed(practice)) == sorted(others)
    assert practice.json("resume", "--due")["runs"] == []
    assert practice.json("purge")["values"] == 1


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--out", "x.pdf"], "nothing is named to print"),
        (["4711", "--out", "x.pdf"], "there is no letter 4711"),
        (["--person", "patient:4711", "--out", "x.pdf"], "there is no letter of patient:4711"),
        (["--person", "4711", "--out", "x.pdf"], "4711 is no patient"),
        (["--run", "nope", "--out", "x.pdf"], "there is no run nope"),
    ],
)
def test_nothing_to_print(demo: Practice, args: list[str], message: str) -> None:
    (problem,) = demo.refused("letters", "print", *args)
    assert problem["message"] == message
    assert not (demo.folder / "x.pdf").exists()


def test_a_signal_to_all_processes_fails_no_letter(practice: Practice) -> None:
    """As a service manager sends it."""
    practice.edit("serienpost.yaml", "channel: letter\n", "channel: letter\n    part: 4\n")
    practice = prepared(practice, MAILING.replace("limit: 4", "limit: 40"))
    process = practice.start("send", practice.run, "--yes", "--archive", "entry")
    practice.wait_until(lambda: practice.states().keys() >= {"accepted", "sending"})
    for one in descendants(process.pid):
        os.kill(one, signal.SIGTERM)
    process.terminate()
    assert practice.finish(process).code == 75
    assert {"accepted"} < set(practice.states()) <= {"accepted", "pending", "suppressed"}
    practice.json("resume", practice.run)
    assert set(practice.states()) == {"accepted", "suppressed"}


def descendants(process: int) -> list[int]:
    """Processes that a process started, and those that these started."""
    found = []
    for path in Path(f"/proc/{process}/task").glob("*/children"):
        for child in map(int, path.read_text("ascii").split()):
            found += [child, *descendants(child)]
    return found


@pytest.mark.parametrize("again", [["cancel"], ["resume", "--due"]], ids=" ".join)
def test_what_a_cancelled_run_made_before_is_in_a_file_and_the_records(
    practice: Practice, again: list[str]
) -> None:
    practice.edit(
        "serienpost.yaml", "channel: letter\n", "channel: letter\n    part: 2\n    processes: 1\n"
    )
    practice = prepared(practice, MAILING.replace("archive: ask", "archive: entry"))
    practice("send", practice.run, "--yes", fault="commit.after_commit:3")
    assert practice.states() == {"accepted": 2, "sending": 2}
    practice("cancel", practice.run, fault="cancel.after_commit")
    assert practice.state()[0] == "cancelled"
    told = practice.json(*again, *([practice.run] if again == ["cancel"] else []))
    assert told["ok"]
    assert practice.states() == {"accepted": 2, "cancelled": 2}
    (file,) = (practice.folder / "briefe").glob("*.pdf")
    with pdfplumber.open(file) as pdf:
        assert len(pdf.pages) in (2, 3, 4)
    assert len(listed(practice)) == 2
    assert sorted(path.name for path in (practice.folder / "briefe").iterdir()) == [
        f"{practice.run}.csv",
        f"{practice.run}.pdf",
    ]


def test_what_cannot_be_finished_stays_open(practice: Practice) -> None:
    practice = prepared(practice, MAILING.replace("archive: ask", "archive: entry"))
    final = practice.folder / "briefe" / f"{practice.run}.pdf"
    final.mkdir(parents=True)
    done = practice("send", practice.run, "--yes")
    assert (done.code, practice.state()) == (75, ("sending", None))
    assert "cannot be written" in done.err
    final.rmdir()
    practice.json("resume", practice.run)
    assert final.is_file()


def test_no_file_of_the_practice_is_overwritten(practice: Practice) -> None:
    names = ("versandbuch.db", "praxis.db", "serienpost.yaml")
    before = [(practice.folder / name).read_bytes() for name in names[1:]]
    for name in names:
        path = str(practice.folder / name)
        practice.refused("test", practice.run, "--to", path)
        (problem,) = practice.refused("review", practice.run, "--csv", path)
        assert "another kind of file" in problem["message"]
    practice.refused("test", practice.run, "--to", "me@example.org")
    assert [(practice.folder / name).read_bytes() for name in names[1:]] == before
    assert practice.state() == ("prepared", None)


def test_doctor_looks_at_the_records(demo: Practice) -> None:
    def found(code: int) -> list[bool]:
        checks = demo.json("doctor", code=code)["checks"]
        return [one["ok"] for one in checks if one["name"] == "archive karteikarte"]

    assert found(0) == [True]
    demo.edit(
        "serienpost.yaml",
        "karteikarte:\n  database: sqlite:///praxis.db",
        "karteikarte:\n  database: sqlite:///weg.db",
    )
    assert found(3) == [False]


def test_the_review_names_pages_and_sheets(practice: Practice) -> None:
    practice.edit("serienpost.yaml", "channel: letter\n", "channel: letter\n    duplex: true\n")
    practice = prepared(practice, MAILING)
    rows = practice.json("review", practice.run)["recipients"]
    costs = [row["cost"] for row in rows if row["marked"]]
    pages, sheets = (sum(cost[key] for cost in costs) for key in ("pages", "sheets"))
    assert pages > sheets > 0
    assert f"{pages} pages on {sheets} sheets" in practice("review", practice.run).out


FULL_DISK = """\
import sys

if "serienpost_channel_letter.worker" in sys.orig_argv:
    from serienpost_channel_letter.weasy import WeasyEngine

    def lay_out(self, letter):
        raise OSError(28, "No space left on device")

    WeasyEngine.lay_out = lay_out
"""


def test_a_machine_that_cannot_lay_out_says_so(demo: Practice) -> None:
    """It is neither the letters' fault nor the account's limits."""
    site = demo.folder.parent / "voll"
    site.mkdir()
    (site / "sitecustomize.py").write_text(FULL_DISK, "utf-8")
    demo.env["PYTHONPATH"] = str(site)
    (problem,) = demo.refused("prepare", "rundbrief", "--summary")
    assert "No space left on device" in problem["message"]
    assert "letter_seconds" not in (problem["hint"] or "")
