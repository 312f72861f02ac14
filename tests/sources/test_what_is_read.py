"""What stands in the results, what a whole preparation leaves alone, and what it refuses."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa  # noqa: TID253

from serienpost import RowRequest
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


def runs(practice: Path) -> int:
    done = subprocess.run(
        [SERIENPOST, "-C", practice, "runs", "--json"], check=False, capture_output=True
    )
    return len(json.loads(done.stdout)["runs"])


BAD = (
    ("source: patients\nselect: {lastname: M}", "did you mean 'last_name'"),
    ("source: patients\nselect: {last_visit_before: 2026-02-30}", "no date"),
    ("source: appointments\nselect: {day: 2026-02-30}", "write today"),
    ("source: query\nselect: {query: SELECT 1 AS id; SELECT 2 AS id}", "2 statements"),
    ("source: query\nselect: {query: ATTACH 'x' AS y}", "more than read"),
    ("source: query\nselect: {query: SELECT id FROM fehlt}", "no table fehlt"),
    ("source: table\nselect: {file: fehlt.csv}", "no such file"),
    ("source: patients\nselect: {}\norder_by: nachnahme", "did you mean nachname"),
    ("source: patients\nselect: {}\nexclude_recipients_of: einladun", "did you mean"),
)


def test_bad_input_is_refused_and_leaves_no_run(practice: Path) -> None:
    for select, words in BAD:
        code, problems = prepare(practice, select)
        assert code == 3, select
        assert any(words in problem for problem in problems), problems
    assert runs(practice) == 0


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
