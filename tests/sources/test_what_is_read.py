"""What stands in the results, and what a whole run leaves alone."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa  # noqa: TID253

from serienpost import RowRequest
from serienpost.config.loading import load_practice
from serienpost.ledger.schema import message
from serienpost.ledger.store import open_ledger
from serienpost.run.prepare.freeze import prepare as prepare_run
from serienpost.service.mailing import checked
from serienpost_demo.catcher import Catcher
from serienpost_practice_db.database import PracticeDb
from serienpost_source_appointments.source import AppointmentsSource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from serienpost import Context

SERIENPOST = Path(sys.executable).with_name("serienpost")
MAILING = """
{select}
account: mail
purpose: information
once_per: none
subject: Hallo
text: Guten Tag
{further}
"""


@pytest.fixture
def result_columns() -> Iterator[set[str]]:
    """The names of the columns of all results from now on."""
    seen: set[str] = set()

    def note(_connection: object, cursor: object, *_: object) -> None:
        seen.update(column[0] for column in getattr(cursor, "description", None) or ())

    sa.event.listen(sa.Engine, "after_cursor_execute", note)
    yield seen
    sa.event.remove(sa.Engine, "after_cursor_execute", note)


def test_a_reminder_by_sms_reads_what_it_needs(
    open_practice: Callable[..., Context], result_columns: set[str]
) -> None:
    source = AppointmentsSource()
    selected = source.selection.model_validate({"day": "tomorrow"})
    request = RowRequest(frozenset({"nachname", "mobil", "termin_beginn"}), date(2026, 3, 2))
    context = open_practice()
    PracticeDb.of(context)
    result_columns.clear()
    assert list(source.rows(context, selected, request))
    assert {"nachname", "mobil", "termin_beginn"} <= result_columns
    assert not {"geburtsdatum", "diagnose", "strasse", "email"} & result_columns
    assert result_columns == {
        "person", "key", "representative", "minor", "appointment", "begins", "to_come",
        "nachname", "mobil", "termin_beginn",
    }  # fmt: skip


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("practice") / "praxis"
    done = subprocess.run(
        [SERIENPOST, "init", folder, "--demo", "--patients", "80"], check=False, capture_output=True
    )
    assert done.returncode == 0, done.stderr
    return folder


def prepare(practice: Path, select: str, further: str = "") -> tuple[int, list[str]]:
    text = MAILING.format(select=select, further=further)
    (practice / "mailings" / "probe.yaml").write_text(text, "utf-8")
    done = subprocess.run(
        [SERIENPOST, "-C", practice, "prepare", "probe", "--summary", "--json"],
        check=False,
        capture_output=True,
        text=True,
    )
    problems = json.loads(done.stdout)["problems"]
    return done.returncode, [f"{p['message']} ({p['hint']})" for p in problems]


def state_of(file: Path) -> tuple[str, int, list[str]]:
    """The file's hash and time of change, and what lies beside it."""
    beside = sorted(path.name for path in file.parent.glob(f"{file.name}?*"))
    return hashlib.sha256(file.read_bytes()).hexdigest(), file.stat().st_mtime_ns, beside


def test_whole_runs_leave_the_practices_database_byte_identical(
    practice: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "praxis"
    shutil.copytree(practice, folder)
    file = folder / "praxis.db"
    with Catcher() as catcher:
        config = folder / "serienpost.yaml"
        config.write_text(config.read_text("utf-8").replace("2525", str(catcher.port)), "utf-8")
        before = state_of(file)
        assert before[2] == []
        for select in (
            "source: patients\nselect: {birthday: this_month}",
            "source: appointments\nselect: {day: +1..+7}",
            "source: query\nselect: {query: SELECT id FROM patient WHERE id < 40}",
        ):
            mailing = folder / "mailings" / f"{select.split()[1]}-probe.yaml"
            mailing.write_text(MAILING.format(select=select, further=""), "utf-8")
            arrived = len(catcher.messages)
            sent = command(folder, "run", mailing.stem, "--yes", "--json")
            assert sent.returncode == 0, sent.stderr
            assert len(catcher.messages) > arrived
            assert state_of(file) == before, select
        run = json.loads(sent.stdout)["run"]
        for args in (("show", run), ("report", run), ("export-person", "patient:2"), ("doctor",)):
            command(folder, *args)
            assert state_of(file) == before, args


def command(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SERIENPOST, "-C", folder, *args], check=False, capture_output=True, text=True
    )


def test_a_whole_reminder_by_sms_reads_what_it_needs(practice: Path, tmp_path: Path) -> None:
    """All statements on the practice's database, consent checks included. The country tells whose
    a number without a country's code is; it is not kept."""
    folder = tmp_path / "praxis"
    shutil.copytree(practice, folder)
    config = folder / "serienpost.yaml"
    written = config.read_text("utf-8")
    written = written.replace("plugins:\n", "plugins:\n  - serienpost-testkit\n")
    written = written.replace("accounts:\n", "accounts:\n  probe: {channel: null-sms}\n")
    config.write_text(written + '\n"null": {default: abstain}\n', "utf-8")
    (folder / "mailings" / "probe.yaml").write_text(
        "source: appointments\nselect: {day: +1..+7}\naccount: probe\npurpose: appointment\n"
        "template: terminerinnerung\n",
        "utf-8",
    )
    seen: set[str] = set()

    def note(connection: sa.Connection, cursor: Any, *_: object) -> None:  # noqa: ANN401
        if "praxis.db" in str(connection.engine.url):
            seen.update(column[0] for column in cursor.description or ())

    sa.event.listen(sa.Engine, "after_cursor_execute", note)
    try:
        with load_practice(folder) as context:
            renderer = checked(context, "probe", datetime.now(context.zone).date())
            run = prepare_run(renderer, open_ledger(context), "test")
            with open_ledger(context).read() as tx:
                marked = tx.all(tx.select(message).where(message.c.run == run, message.c.marked))
    finally:
        sa.event.remove(sa.Engine, "after_cursor_execute", note)
    assert len(marked) > 3
    assert {"mobil", "land", "termin_beginn", "kontakt_sms"} <= seen
    assert not seen & {
        "geburtsdatum", "diagnose", "anamnese", "therapie", "behandlung", "beruf", "email",
        "strasse", "plz", "ort", "adresszusatz", "postfach", "versicherungsnummer",
        "krankenkasse", "terminart", "termin_raum", "termin_dauer", "letzter_besuch",
        "kontakt_email", "kontakt_brief",
    }  # fmt: skip


def test_the_practices_database_stays_as_it_is(practice: Path) -> None:
    file = practice / "praxis.db"
    before = hashlib.sha256(file.read_bytes()).hexdigest()
    for select in (
        "source: patients\nselect: {search: m}",
        "source: interessenten",
        "source: appointments\nselect: {day: +1..+7}",
        "source: query\nselect: {query: SELECT id FROM patient}",
    ):
        assert prepare(practice, select, "limit: 10\norder_by: nachname") == (0, [])
    assert hashlib.sha256(file.read_bytes()).hexdigest() == before
    assert not list(practice.glob("praxis.db?*"))
