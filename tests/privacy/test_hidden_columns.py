"""Every way to bring a forbidden column into a text by SQL, schema or plugin ends at `check`."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from serienpost.cli.main import run
from serienpost_demo.practice import canary, write_practice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

KINDS = ("email", "sms", "letter")
CONFIG = """\
practice: {id: sonnenschein, name: "Praxis Null"}
database: sqlite:///praxis.db
ledger: sqlite:///versandbuch.db
plugins: [serienpost-practice-db, serienpost-source-query, serienpost-consent-flags,
          serienpost-macros-practice, serienpost-testkit, third-party]
query_tables: [behandlung, harmlos]
schema: schema.yaml
consent: {flags_purposes: [information]}
accounts:
  email: {channel: null-email, sender: "Praxis Null <praxis@example.org>"}
  sms: {channel: null-sms}
  letter: {channel: null-letter}
"null": {default: abstain}
"""
THIRD_PARTY = """
from dataclasses import dataclass

from serienpost import Sensitivity, hookimpl


@dataclass
class Plain:
    name: str
    field: str
    description: str = "Harmless, it says."
    example: str = "Info"
    sensitivity: Sensitivity = Sensitivity.PLAIN
    kinds: frozenset[str] | None = None
    is_dated: bool = False

    @property
    def fields(self):
        return frozenset({self.field})

    def value(self, fields, setting):
        return fields[self.field]


@hookimpl
def serienpost_macros():
    return [Plain("Info", "info"), Plain("Grund", "diagnose"), Plain("Raum", "termin_raum")]
"""
BY_NAME = "SELECT patient_id AS id, diagnose AS info FROM behandlung"
VIEW = "CREATE VIEW harmlos AS SELECT patient_id, diagnose AS notiz, 1 AS zahl FROM behandlung"

HIDDEN = {
    "alias": BY_NAME,
    "part": "SELECT patient_id AS id, substr(diagnose, 1, 3) AS info FROM behandlung",
    "with": "WITH b AS (SELECT patient_id AS id, diagnose AS info FROM behandlung)"
    " SELECT id, info FROM b",
    "with named columns": "WITH b(id, info) AS (SELECT patient_id, diagnose FROM behandlung)"
    " SELECT id, info FROM b",
    "two with": "WITH a AS (SELECT * FROM behandlung), b AS (SELECT patient_id AS id,"
    " upper(diagnose) AS info FROM a) SELECT b.id, b.info FROM b",
    "recursive with": "WITH RECURSIVE r(id, info, n) AS (SELECT patient_id, diagnose, 1"
    " FROM behandlung UNION ALL SELECT id, info, n + 1 FROM r WHERE n < 2)"
    " SELECT DISTINCT id, info FROM r",
    "union": "SELECT id, nachname AS info FROM patient"
    " UNION SELECT patient_id, diagnose FROM behandlung",
    "union in with": "WITH u AS (SELECT id, ort AS info FROM patient UNION ALL"
    " SELECT patient_id, therapie FROM behandlung) SELECT id, info FROM u",
    "except": "SELECT patient_id AS id, diagnose AS info FROM behandlung"
    " EXCEPT SELECT id, ort FROM patient",
    "derived table": "SELECT x.id, x.info FROM (SELECT patient_id AS id, diagnose AS info"
    " FROM behandlung) AS x",
    "join": "SELECT p.id, b.diagnose AS info FROM patient p JOIN behandlung b"
    " ON b.patient_id = p.id",
    "using": "SELECT p.id, b.diagnose AS info FROM (SELECT id, id AS patient_id FROM patient) p"
    " JOIN behandlung b USING (patient_id)",
    "window": "SELECT patient_id AS id, max(diagnose) OVER (PARTITION BY patient_id) AS info"
    " FROM behandlung",
    "lag": "SELECT patient_id AS id, lag(diagnose) OVER (ORDER BY id) AS info FROM behandlung",
    "aggregate": "SELECT patient_id AS id, group_concat(diagnose) AS info FROM behandlung"
    " GROUP BY patient_id",
    "count": "SELECT patient_id AS id, count(diagnose) AS info FROM behandlung GROUP BY patient_id",
    "scalar subquery": "SELECT p.id, (SELECT diagnose FROM behandlung b WHERE b.patient_id = p.id)"
    " AS info FROM patient p",
    "exists": "SELECT p.id, EXISTS (SELECT 1 FROM behandlung b WHERE b.patient_id = p.id"
    " AND b.diagnose LIKE 'F%') AS info FROM patient p",
    "case": "SELECT patient_id AS id, CASE WHEN diagnose LIKE 'F%' THEN 'a' ELSE 'b' END AS info"
    " FROM behandlung",
    "case over a literal": "SELECT patient_id AS id, CASE diagnose WHEN 'x' THEN 'a' END AS info"
    " FROM behandlung",
    "iif": "SELECT patient_id AS id, iif(diagnose = 'x', 'a', 'b') AS info FROM behandlung",
    "comparison": "SELECT patient_id AS id, diagnose = 'x' AS info FROM behandlung",
    "concatenation": "SELECT p.id, p.nachname || b.diagnose AS info FROM patient p"
    " JOIN behandlung b ON b.patient_id = p.id",
    "coalesce": "SELECT p.id, coalesce(NULL, b.diagnose, p.nachname) AS info FROM patient p"
    " JOIN behandlung b ON b.patient_id = p.id",
    "cast": "SELECT patient_id AS id, CAST(diagnose AS TEXT) AS info FROM behandlung",
    "json": "SELECT patient_id AS id, json_object('d', diagnose) AS info FROM behandlung",
    "hex": "SELECT patient_id AS id, hex(diagnose) AS info FROM behandlung",
    "length": "SELECT patient_id AS id, length(diagnose) AS info FROM behandlung",
    "quoted": 'SELECT patient_id AS id, "diagnose" AS "info" FROM "behandlung"',
    "brackets": "SELECT patient_id AS id, [diagnose] AS [info] FROM [behandlung]",
    "capitals": "SELECT PATIENT_ID AS id, DIAGNOSE AS info FROM BEHANDLUNG",
    "schema": "SELECT patient_id AS id, diagnose AS info FROM main.behandlung",
    "view": "SELECT patient_id AS id, notiz AS info FROM harmlos",
    "star of a view": "SELECT h.*, patient_id AS id, notiz AS info FROM harmlos h",
    "comment": "SELECT patient_id AS id, /* nachname */ diagnose AS info FROM behandlung",
    "catalogued name": "SELECT patient_id AS id, diagnose AS termin_raum FROM behandlung",
    "part under a catalogued name": "SELECT patient_id AS id, substr(diagnose, 1, 9)"
    " AS termin_raum FROM behandlung",
    "values": "SELECT id, column2 AS info FROM patient"
    " JOIN (VALUES (1, (SELECT diagnose FROM behandlung)))",
    "row number by": "SELECT patient_id AS id, row_number() OVER (ORDER BY diagnose) AS info"
    " FROM behandlung",
    "filter": "SELECT patient_id AS id, max(id) FILTER (WHERE diagnose = 'x') AS info"
    " FROM behandlung GROUP BY patient_id",
}


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A practice full of canaries, with a third party's plugin on its path."""
    folder = tmp_path_factory.mktemp("hidden") / "praxis"
    (folder / "mailings").mkdir(parents=True)
    (folder / "schema.yaml").write_text("{}\n", "utf-8")
    write_practice(folder / "praxis.db", 20, 7, date(2026, 11, 23), canaries=True)
    with closing(sqlite3.connect(folder / "praxis.db")) as db, db:
        db.execute(VIEW)
    (folder / "serienpost.yaml").write_text(CONFIG, "utf-8")
    site = folder.parent / "site"
    info = site / "third_party-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: third-party\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[serienpost]\nthird-party = third_party\n")
    (site / "third_party.py").write_text(THIRD_PARTY, "utf-8")
    return folder


@pytest.fixture
def call(
    practice: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, dict[str, Any], str]]:
    """Runs a command; gives exit code, document and everything printed."""
    monkeypatch.syspath_prepend(practice.parent / "site")

    def called(*args: str) -> tuple[int, dict[str, Any], str]:
        capsys.readouterr()
        code = run(["-C", str(practice), *args, "--json"])
        said = capsys.readouterr()
        return code, json.loads(said.out), said.out + said.err

    return called


def write(practice: Path, name: str, kind: str, query: str, text: str, **further: object) -> None:
    head = "" if kind == "sms" else "subject: Gruß\n"
    select = json.dumps({"query": query, **further})
    (practice / "mailings" / f"{name}.yaml").write_text(
        f"source: query\nselect: {select}\naccount: {kind}\npurpose: information\n"
        f'{head}text: "{text} {{{{Praxis}}}}"\n',
        "utf-8",
    )


@pytest.mark.parametrize("form", HIDDEN)
def test_a_hidden_column_ends_at_check(practice: Path, call: Any, form: str) -> None:  # noqa: ANN401
    write(practice, "probe", "email", HIDDEN[form], "{{Info}}")
    for command in ("check", "prepare"):
        code, document, printed = call(command, "probe")
        assert code == 3, form
        assert "a bug" not in printed
        said = " ".join(one["message"] for one in document["problems"])
        assert said.startswith("query: "), said
        assert canary("behandlung", "diagnose", 1)[:6] not in printed
    assert call("runs")[1]["runs"] == []


def test_a_query_has_no_columns_key_any_more(practice: Path, call: Any) -> None:  # noqa: ANN401
    write(practice, "probe", "email", BY_NAME, "{{Raum}}", columns=["info"])
    code, document, _ = call("check", "probe")
    assert code == 3
    said = " ".join(one["message"] for one in document["problems"])
    assert "under schema:" in said
    assert "person: appointment" in said


@pytest.mark.parametrize("kind", KINDS)
def test_a_macro_declared_plain_over_a_diagnosis_ends_at_check(
    practice: Path,
    call: Any,  # noqa: ANN401
    kind: str,
) -> None:
    write(practice, "probe", kind, "SELECT id FROM patient", "{{Grund}}")
    code, document, _ = call("check", "probe")
    assert code == 3
    (problem,) = document["problems"]
    assert (
        "needs field diagnose of class medical, which never enters a mailing"
        in (problem["message"])
    )


def test_a_field_of_an_appointment_leaves_by_its_id(practice: Path, call: Any) -> None:  # noqa: ANN401
    query = "SELECT max(id) AS id FROM termin WHERE patient_id IS NOT NULL GROUP BY patient_id"
    write(practice, "probe", "email", query, "{{Raum}}", person="appointment")
    assert call("check", "probe")[0] == 0


OWN = "patient: {{fields: {{info: {0}}}}}\n"
RENAMED = (
    'patient: {{fields: {{beruf: notiz, info: {{expression: "{0}", class: plain, because: x}}}}}}\n'
)
SCHEMAS = {
    "medical by name": OWN.format("{column: diagnose, class: plain, because: x}"),
    "protected by name": OWN.format("{column: BERUF, class: plain, because: x}"),
    "protected by mapping": "patient: {fields: {beruf: notiz, info: {column: notiz, class: plain,"
    " because: x}}}\n",
    "expression": OWN.format("{expression: lower(beruf), class: plain, because: x}"),
    "case": OWN.format(
        "{expression: CASE WHEN beruf = 'x' THEN 'a' END, class: plain, because: x}"
    ),
    "subselect": OWN.format(
        "{expression: (SELECT max(diagnose) FROM behandlung b WHERE b.patient_id = patient.id),"
        " class: plain, because: x}"
    ),
    "derived table": OWN.format(
        "{expression: (SELECT x.a FROM (SELECT therapie AS a FROM behandlung) x LIMIT 1),"
        " class: plain, because: x}"
    ),
    "looked for further out": RENAMED.format("(SELECT notiz FROM behandler WHERE id = 1)"),
    "a query called like the table": RENAMED.format(
        "CASE WHEN EXISTS (SELECT 1 FROM (SELECT 1 AS z) patient) THEN patient.notiz END"
    ),
    "a star that hides what is compared": RENAMED.format(
        "CASE WHEN EXISTS (SELECT 1 FROM (SELECT * FROM patient) q"
        " WHERE q.notiz = 'x' AND q.id = patient.id) THEN 'ja' END"
    ),
    "another kind of record": OWN.format("{column: nummer, class: plain}").rstrip()
    + "\ninteressent: {fields: {info: {expression: anliegen, class: plain, because: x}}}\n",
}


@pytest.fixture
def schema(practice: Path) -> Iterator[Path]:
    """The practice's schema, to be changed; it says nothing again afterwards."""
    file = practice / "schema.yaml"
    yield file
    file.write_text("{}\n", "utf-8")


@pytest.mark.parametrize("form", SCHEMAS)
def test_a_class_is_kept_under_another_name(schema: Path, call: Any, form: str) -> None:  # noqa: ANN401
    schema.write_text(SCHEMAS[form], "utf-8")
    write(schema.parent, "probe", "email", "SELECT id FROM patient", "{{Info}}")
    for command in ("check", "prepare"):
        code, document, printed = call(command, "probe")
        assert code == 3
        assert "needs" in " ".join(one["message"] for one in document["problems"]), document
        assert canary("behandlung", "diagnose", 1)[:6] not in printed


@pytest.mark.parametrize("form", ["{expression: lower(pferd)}", "{column: pferd, class: identity}"])
def test_an_unmapped_column_needs_a_reason(schema: Path, call: Any, form: str) -> None:  # noqa: ANN401
    name = "info" if "class" in form else "nachname"
    schema.write_text(f"patient: {{fields: {{{name}: {form}}}}}\n", "utf-8")
    write(schema.parent, "probe", "email", "SELECT id FROM patient", "Hallo")
    for command in (("check", "probe"), ("doctor",)):
        code, document, printed = call(*command)
        assert code == 3
        assert 'because: \\"why this tells no more\\"' in printed
    assert {one["line"] for one in document["problems"]} == {1}


def test_a_lowered_class_is_shown(schema: Path, call: Any) -> None:  # noqa: ANN401
    """Typed by the vendor, seen by the practice: in `doctor` and in the manifest."""
    reason = "der Name des Pferdes"
    schema.write_text(
        f"patient: {{fields: {{info: {{expression: substr(sprache, 1) || land, class: contact,"
        f" because: {reason}}}}}}}\n",
        "utf-8",
    )
    assert reason not in call("doctor")[2]
    schema.write_text(
        f"patient: {{fields: {{info: {{expression: length(vertreter_id), class: identity,"
        f" because: {reason}}}}}}}\n",
        "utf-8",
    )
    assert f"field info may leave as identity, because: {reason}" in call("doctor")[2]
    write(schema.parent, "probe", "email", "SELECT id FROM patient", "{{Info}}")
    code, document, _ = call("prepare", "probe", "--summary")
    assert code == 0, document
    fields = call("show", document["run"], "--manifest")[1]["fields"]
    assert {one["because"] for one in fields if one["field"] == "info"} == {reason}
    assert {one["because"] for one in fields if one["field"] != "info"} == {None}


SETTINGS_READ = {
    "as a joined table": "joins: {systemkuerzel: systemkuerzel.kuerzel = 'X'}, fields: {nachname:"
    " {table: systemkuerzel, column: wert}}",
    "as the people": "table: main.Systemkuerzel, id: kuerzel, key_type: text, fields: {nachname:"
    " wert}",
    "in a condition": 'joins: {behandler: "EXISTS (SELECT 1 FROM systemkuerzel WHERE wert LIKE'
    " 'SG.%')\"}, fields: {nachname: {table: behandler, column: nachname}}",
}


@pytest.mark.parametrize("form", SETTINGS_READ)
def test_settings_of_the_practice_software_are_nobodys_data(
    schema: Path,
    call: Any,  # noqa: ANN401
    form: str,
) -> None:
    """Passwords of providers stand there."""
    schema.write_text(f"patient: {{{SETTINGS_READ[form]}}}\n", "utf-8")
    write(schema.parent, "probe", "email", "SELECT id FROM patient", "{{Nachname}}")
    for command in ("check", "prepare"):
        code, document, printed = call(command, "probe")
        assert code == 3
        assert "the settings of the practice software are never read" in printed, document
