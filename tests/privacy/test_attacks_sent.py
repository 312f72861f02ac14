"""The same attacks through the command line: mailings are checked, prepared and sent for real.

Texts end at `check`, with file and line. Values stand in the practice's database; what arrives for
them is compared with what arrives for a patient called Müller.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING
from unicodedata import category

import pytest
from attack_corpus.arrivals import Arrived, arrivals
from attack_corpus.attacked import BENIGN, LOGIN, WAYS, Attacked, write_patients
from attack_corpus.attacks import MAIL_ONLY, PROVIDER_TEMPLATES, RUN_VALUES, TEMPLATES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TEXT = "{{Briefanrede}} {{Vorname}} {{Nachname}}, Nummer {{PatientenNr}}, bis bald. {{Praxis}}"
# Whether the subject shows the value -> subject, HTML, text of SendGrid's template.
AT_SENDGRID = {
    False: (
        "Gruß",
        "<p>{{Vorname}} {{{Nachname}}}, Nummer {{PatientenNr}}, bis bald. {{Praxis}}</p>",
        "",
    ),
    True: (
        "An {{{Nachname}}}",
        "<p>{{Briefanrede}} {{Nachname}} bis bald. {{Praxis}}</p>",
        "{{{Vorname}}} {{{Nachname}}}, Nummer {{{PatientenNr}}}, bis bald. {{{Praxis}}}",
    ),
}


@pytest.fixture(scope="module")
def patients(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("attacked") / "praxis.db"
    write_patients(file)
    return file


@pytest.fixture
def practice(
    tmp_path: Path,
    patients: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Attacked]:
    for name, value in LOGIN.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "praxis.db").write_bytes(patients.read_bytes())
    with Attacked(tmp_path, capsys) as running:
        yield running


@pytest.mark.parametrize("way", ["email", "grid", "sms", "letter"])
def test_texts_end_at_check(practice: Attacked, way: str) -> None:
    attacks = TEMPLATES + (MAIL_ONLY if way in ("email", "grid") else [])
    for number, text in enumerate(attacks):
        if way == "sms" and text.startswith("["):
            continue
        attack = text.replace("X", "Vorname")
        practice.mailing(f"t{number}", way, f"Guten Tag,\n\n{attack}\n\n{{{{Praxis}}}}")
        problems = practice("check", f"t{number}", code=3)["problems"]
        assert all(one["file"].endswith(f"t{number}.yaml") for one in problems), attack
        assert all(one["line"] for one in problems), attack
    assert not (practice.folder / "versandbuch.db").exists()


def test_templates_at_sendgrid_end_at_check(practice: Attacked) -> None:
    practice.mailing("brief", "grid-template", TEXT)
    practice.keep("Gruß", "<p>{{Vorname}} {{Praxis}}</p>")
    practice("check", "brief")
    for attack in PROVIDER_TEMPLATES:
        practice.keep("Gruß", f"<p>{attack} {{{{Praxis}}}}</p>")
        problems = practice("check", "brief", code=3)["problems"]
        assert all("Angriff" in one["message"] for one in problems), (attack, problems)
    assert not (practice.folder / "versandbuch.db").exists()


@pytest.mark.parametrize("in_subject", [False, True])
@pytest.mark.parametrize("way", WAYS)
def test_values_leave_as_text_or_not_at_all(practice: Attacked, way: str, in_subject: bool) -> None:
    subject = "An {{Nachname}}" if in_subject else "Gruß"
    practice.mailing("brief", way, TEXT, subject)
    practice.keep(*AT_SENDGRID[in_subject])
    prepared = practice("prepare", "brief")
    rows = {row["id"]: row for row in prepared["recipients"]}
    assert len(rows) == len(RUN_VALUES) + 1
    assert rows[f"patient:{BENIGN}"]["marked"]
    for row in rows.values():
        assert row["allowed"]
        assert row["marked"] or row["unmarked"]["code"] in ("value_refused", "missing_value")
    marked = {id_ for id_, row in rows.items() if row["marked"]}
    assert len(marked) > 20
    practice("send", prepared["run"], "--yes")
    messages = practice("show", prepared["run"])["messages"]
    assert {m["id"] for m in messages if m["state"] == "accepted"} == marked
    compare(arrivals(practice, way), {id_: rows[id_]["address"] for id_ in marked}, way)


def compare(arrived: list[Arrived], expected: dict[str, str], way: str) -> None:
    """One message for everybody marked, to nobody else, made like the one for Müller."""
    if way == "letter":
        first_pages = [one for one in arrived if one.address]
        assert {one.address for one in first_pages} == {"Weg 1\n01067 Dresden"}
        assert len(first_pages) == len(expected)
    else:
        assert Counter(one.address for one in arrived) == Counter(expected.values())
    assert len({one.shape for one in arrived}) == 1
    said = " ".join(" ".join(one.text.split()) for one in arrived)
    assert said.count("bis bald. Praxis Null") == len(expected)
    assert "49" not in said
    assert "{{7*7}}" in said


@pytest.mark.parametrize(
    ("way", "columns"),
    [("email", ["email"]), ("grid", ["email"]), ("sms", ["mobil"]), ("letter", ["strasse", "ort"])],
)
def test_values_as_addresses_reach_nobody_else(
    practice: Attacked, way: str, columns: list[str]
) -> None:
    with closing(sqlite3.connect(practice.folder / "praxis.db")) as db, db:
        for turn, column in enumerate(columns):
            mine = f"id > 1 AND id % {len(columns)} = {turn}"
            db.execute(f"UPDATE patient SET {column} = nachname WHERE {mine}")
        db.execute("UPDATE patient SET nachname = 'Muster' WHERE id > 1")
    practice.mailing("brief", way, "{{Briefanrede}} {{Praxis}}")
    prepared = practice("prepare", "brief")
    reachable = [row for row in prepared["recipients"] if row["reachable"]]
    assert len(prepared["recipients"]) == len(RUN_VALUES) + 1
    for row in reachable:
        unseen = {category(sign) for sign in row["address"].replace("\n", "")}
        assert not unseen & {"Cc", "Cf", "Cs", "Zl", "Zp"}
        assert len(row["address"].split("\n")) == (2 if way == "letter" else 1)
    practice("send", prepared["run"], "--yes")
    arrived = [one.address for one in arrivals(practice, way)]
    if way == "letter":
        marked = [row for row in prepared["recipients"] if row["marked"]]
        assert len(arrived) == len(marked) > 1
    else:
        assert arrived == [row["address"] for row in reachable] == [reachable[0]["address"]]
