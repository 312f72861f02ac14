"""Bad input of every source through the command line: refused, said clearly, nothing written."""

from __future__ import annotations

import json
import sqlite3
import zipfile
from contextlib import closing
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from openpyxl import Workbook

from serienpost.cli.main import run
from serienpost.run.prepare import freeze as preparing
from serienpost.run.prepare.renderer import RunRenderer
from serienpost_demo.practice import write_practice

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DUE = date(2026, 3, 2)
READER = "leser"
CONFIG = """\
practice: {{id: sonnenschein, name: "Praxis Null"}}
database: "{url}"
ledger: sqlite:///versandbuch.db
plugins: [serienpost-practice-db, serienpost-source-patients, serienpost-source-interessenten,
          serienpost-source-appointments, serienpost-source-query, serienpost-source-table,
          serienpost-consent-flags, serienpost-macros-practice, serienpost-testkit]
accounts:
  mail: {{channel: null-email, sender: "Praxis Null <praxis@example.org>"}}
"null": {{default: abstain}}
"""
MAILING = """\
{select}
account: mail
purpose: information
subject: Gruß
text: "{{{{Briefanrede}}}} {{{{Praxis}}}}"
"""


def query(text: str, **further: object) -> str:
    return f"source: query\nselect: {json.dumps({'query': text, **further})}"


def file(name: str) -> str:
    return f"source: table\nselect: {{file: {name}, columns: {{Mail: email, Name: nachname}}}}"


ENDLESS = (
    "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT max(n) AS id FROM r"
)
BAD = {
    "filter of patients": ("source: patients\nselect: {lastname: M}", "did you mean 'last_name'"),
    "filter of interessenten": ("source: interessenten\nselect: {stat: neu}", "'status'"),
    "filter of appointments": ("source: appointments\nselect: {days: today}", "did you mean 'day'"),
    "filter of a query": ("source: query\nselect: {querry: SELECT}", "did you mean 'query'"),
    "filter of a table": ("source: table\nselect: {fiel: a.csv}", "did you mean 'file'"),
    "30 February": ("source: patients\nselect: {last_visit_before: 2026-02-30}", "is no date"),
    "30 February as birthday": (
        'source: patients\nselect: {birthday: "02-30..03-01"}',
        "there is no day 02-30",
    ),
    "31 November": ("source: appointments\nselect: {day: 2026-11-31}", "write today"),
    "29 February of a common year": (
        "source: appointments\nselect: {day: 2027-02-29}",
        "write today",
    ),
    "order": ("source: patients\norder_by: nachnahme", "did you mean 'nachname'"),
    "forbidden order": ("source: patients\norder_by: geburtsdatum", "geburtsdatum"),
    "earlier mailing": ("source: patients\nexclude_recipients_of: einladun", "einladun"),
    "two statements": (query("SELECT id FROM patient; SELECT 1 AS id"), "2 statements"),
    "one hidden": (
        query("SELECT 1 AS id; -- \n DELETE FROM patient"),
        "statements",
    ),
    "INSERT": (query("INSERT INTO patient (id) VALUES (1)"), "must not stand"),
    "INSERT RETURNING": (
        query("INSERT INTO patient (id) VALUES (1) RETURNING id"),
        "must not stand",
    ),
    "INSERT in WITH": (
        query("WITH x AS (INSERT INTO patient (id) VALUES (1) RETURNING id) SELECT id FROM x"),
        "query: ",
    ),
    "ATTACH": (query("ATTACH DATABASE 'x.db' AS x"), "must not stand"),
    "PRAGMA": (query("PRAGMA journal_mode = DELETE"), "must not stand"),
    "PRAGMA as a table": (
        query("SELECT cid AS id FROM pragma_table_info('patient')"),
        "name tables",
    ),
    "VACUUM INTO": (query("VACUUM INTO 'x.db'"), "query: "),
    "COPY": (query("COPY patient TO '/tmp/x'"), "query: "),
    "COPY PROGRAM": (query("COPY patient TO PROGRAM 'cat'"), "query: "),
    "pg_read_file": (query("SELECT pg_read_file('/etc/passwd') AS id"), "pg_read_file"),
    "load_extension": (query("SELECT load_extension('x') AS id"), "load_extension"),
    "endless query": (query(ENDLESS, seconds=1), "took too long"),
    "endless join": (
        query("SELECT count(*) AS id FROM patient a, patient b, patient c, patient d", seconds=1),
        "took too long",
    ),
    "a function that is none of ours": (query("SELECT hex(id) AS id FROM patient"), "hex must not"),
    "no such table": (query("SELECT id FROM patiente"), "the table patiente"),
    "columns of a query": (
        query("SELECT id, nachname FROM patient", columns=["nachname"]),
        "chooses people",
    ),
    "no such column": (query("SELECT id FROM patient WHERE nachnahme = 'x'"), "nachnahme"),
    "no id": (query("SELECT nummer FROM patient"), "no column id"),
    "no parameter": (query("SELECT id FROM patient WHERE id < :x"), "differ in x"),
    "no query file": (query("abfragen/x.sql"), "no file abfragen/x.sql"),
    "duplicate header": (file("twice.csv"), "'Mail' stands there twice"),
    "undecodable byte": (file("byte.csv"), "neither UTF-8 nor certainly Windows-1252"),
    "open quote": (file("quote.csv"), "is not CSV"),
    "no header": (file("empty.csv"), "no header"),
    "other header": (file("other.csv"), "no header 'Mail'"),
    "broken zip": (file("zip.xlsx"), "no readable XLSX"),
    "half a zip": (file("half.xlsx"), "no readable XLSX"),
    "zip without sheets": (file("bare.xlsx"), "no readable XLSX"),
    "zip with broken XML": (file("xml.xlsx"), "no readable XLSX"),
    "no file": (file("nix.csv"), "no such file"),
    "a folder": (file("mailings"), "no such file"),
    "another type": (file("a.ods"), "neither .csv nor .xlsx"),
}
WITHOUT_PLACE = ("the practice's database", "there is no mailing")
ROWS = {"duplicate header": 1, "undecodable byte": 3, "open quote": 2, "other header": 1}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("bad") / "praxis"
    (made / "mailings").mkdir(parents=True)
    write_practice(made / "praxis.db", 1500, 7, DUE)
    (made / "serienpost.yaml").write_text(CONFIG.format(url="sqlite:///praxis.db"), "utf-8")
    texts = {
        "twice.csv": b"Mail;Name;Mail\n",
        "byte.csv": b"Mail;Name\na@x.org;A\nb@x.org;B\x81\n",
        "quote.csv": b'Mail;Name\n"a@x.org;A\n',
        "empty.csv": b"",
        "other.csv": b"E-Mail;Name\n",
        "zip.xlsx": b"PK\x03\x04 kein Archiv",
        "a.ods": b"",
    }
    for name, data in texts.items():
        (made / name).write_bytes(data)
    Workbook().save(made / "half.xlsx")
    whole = (made / "half.xlsx").read_bytes()
    (made / "half.xlsx").write_bytes(whole[: len(whole) // 2])
    for name, member, text in (("bare.xlsx", "x.txt", "x"), ("xml.xlsx", "xl/workbook.xml", "<k")):
        with zipfile.ZipFile(made / name, "w") as archive:
            archive.writestr(member, text)
    return made


@pytest.fixture
def call(folder: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., dict[str, Any]]:
    """Writes the mailing, prepares it, gives the document; it must be refused without a trace."""

    def called(select: str, code: int = 3) -> dict[str, Any]:
        (folder / "mailings" / "probe.yaml").write_text(MAILING.format(select=select), "utf-8")
        capsys.readouterr()
        ended = run(["-C", str(folder), "prepare", "probe", "--summary", "--json"])
        said = capsys.readouterr()
        assert ended == code, said.out + said.err
        assert "Traceback" not in said.out + said.err
        document: dict[str, Any] = json.loads(said.out)
        return document

    return called


def written(folder: Path) -> list[str]:
    """Everything that the ledger holds of runs."""
    ledger = folder / "versandbuch.db"
    if not ledger.exists():
        return []
    with closing(sqlite3.connect(ledger)) as db:
        return [
            repr(row)
            for table in ("run", "message", "asset", "journal", "once")
            for row in db.execute(f"SELECT * FROM {table}")
        ]


@pytest.mark.parametrize("case", BAD)
def test_bad_input(folder: Path, call: Any, case: str) -> None:  # noqa: ANN401
    select, words = BAD[case]
    before = (folder / "praxis.db").read_bytes()
    problems = call(select)["problems"]
    said = [" ".join(filter(None, (p["key"], p["message"], p["hint"]))) for p in problems]
    assert any(words in one for one in said), said
    assert all(p["file"] or p["message"].startswith(WITHOUT_PLACE) for p in problems), problems
    if case in ROWS:
        assert [problem["line"] for problem in problems] == [ROWS[case]]
    assert written(folder) == []
    assert (folder / "praxis.db").read_bytes() == before
    assert {path.name for path in folder.glob("praxis.db*")} == {"praxis.db"}


@pytest.fixture
def database(folder: Path) -> Any:  # noqa: ANN401
    """The practice's file, to be damaged; it is whole again afterwards."""
    path = folder / "praxis.db"
    whole = path.read_bytes()
    yield path
    path.unlink(missing_ok=True)
    path.write_bytes(whole)


def test_a_file_with_damaged_pages(folder: Path, call: Any, database: Path) -> None:  # noqa: ANN401
    data = bytearray(database.read_bytes())
    data[4096:] = bytes(byte ^ 0x55 for byte in data[4096:])
    database.write_bytes(data)
    (problem,) = call("source: patients")["problems"]
    assert "is damaged" in problem["message"]
    assert "backup" in problem["hint"]
    assert written(folder) == []


@pytest.mark.parametrize("content", [b"", b"kein SQLite, aber lang genug" * 200])
def test_a_file_that_is_no_database(
    folder: Path,
    call: Any,  # noqa: ANN401
    database: Path,
    content: bytes,
) -> None:
    database.write_bytes(content)
    problems = call("source: patients")["problems"]
    assert all(problem["message"] for problem in problems)
    assert written(folder) == []
    assert database.read_bytes() == content


def test_a_file_cut_off_in_the_middle_of_a_run(
    folder: Path,
    call: Any,  # noqa: ANN401
    database: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at_second_batch(monkeypatch, lambda: database.write_bytes(database.read_bytes()[:4096]))
    (problem,) = call("source: patients")["problems"]
    assert "is damaged" in problem["message"] or "stopped answering" in problem["message"]
    assert written(folder) == []


def test_a_server_that_goes_away_in_the_middle_of_a_run(
    folder: Path,
    call: Any,  # noqa: ANN401
    filled: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import psycopg

    def cut() -> None:
        with psycopg.connect(filled(), autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s",
                [READER],
            )

    config = folder / "serienpost.yaml"
    at_second_batch(monkeypatch, cut)
    config.write_text(CONFIG.format(url=filled(READER)), "utf-8")
    try:
        (problem,) = call("source: patients")["problems"]
    finally:
        config.write_text(CONFIG.format(url="sqlite:///praxis.db"), "utf-8")
    assert "stopped answering" in problem["message"]
    assert READER not in problem["message"]
    assert written(folder) == []


def at_second_batch(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """Read in small batches; before the second is written, something happens."""
    review, request, seen = preparing.review_rows, RunRenderer.request, []

    def reviewed(*args: Any, **named: Any) -> Any:  # noqa: ANN401
        seen.append(args)
        if len(seen) == 2:
            happens()
        return review(*args, **named)

    monkeypatch.setattr(preparing, "review_rows", reviewed)
    monkeypatch.setattr(RunRenderer, "request", lambda *args: replace(request(*args), batch=10))
