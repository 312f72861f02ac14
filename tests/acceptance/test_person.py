"""One person's export holds nobody else, and an erased person is named nowhere.

With the demo's family Hübner: mother 21, father 22, children 23 and 24 (represented by 21), 27 (by
22), all at one address.
"""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Post, Practice

MOTHER, FATHER, LENA, EMIL, JONAS = (f"patient:{n}" for n in (21, 22, 23, 24, 27))
ADDRESS = "familie.huebner@example.org"


def selecting(practice: Practice, text: str) -> str:
    """Prepare the demo's mailing with another selection; returns the run."""
    practice.edit("mailings/information.yaml", "select: {}", text)
    practice.run = practice.json("prepare", "information", "--summary")["run"]
    return practice.run


@pytest.fixture
def family(demo: Practice) -> Practice:
    """A run for the family, of which the first alone gets the message."""
    selecting(
        demo,
        "same_address: one\n"
        f"exclude: [{JONAS}, {MOTHER}/weg]\n"
        f"select: {{ids: [21, {FATHER}, 23, 24, 27]}}",
    )
    return demo


def exported(practice: Practice, person: str) -> dict[str, Any]:
    return practice.json("export-person", person)


def ids_in(value: object) -> set[str]:
    return set(re.findall(r"patient:\d+", json.dumps(value)))


def named(practice: Practice, *texts: str) -> list[tuple[str, str]]:
    """Where in the ledger, apart from the practice's own files, a text stands."""
    pattern = re.compile("|".join(rf"{re.escape(text)}(?!\d)" for text in texts))
    return [
        (table, row)
        for table, rows in practice.contents().items()
        for row in rows
        if pattern.search(row)
    ]


def test_an_export_names_nobody_else(family: Practice, post: Post) -> None:
    family.json("review", family.run, "--exclude", MOTHER)
    family.json("review", family.run, "--include", MOTHER)
    family.json("send", family.run, "--yes")
    for person in (MOTHER, FATHER, LENA, EMIL, JONAS):
        told = exported(family, person)
        assert ids_in(told) == {person}
    reasons = {str(one["text"]) for one in exported(family, FATHER)["messages"]}
    assert "same address as another person" in reasons


def test_a_childs_export_holds_nothing_of_the_representative(demo: Practice, post: Post) -> None:
    text = "text: |\n  {{Briefanrede}}\n  {{Vorname}} {{Nachname}}, {{Email}}\n"
    path = demo.folder / "mailings" / "kind.yaml"
    mailing = (demo.folder / "mailings" / "information.yaml").read_text("utf-8")
    begin = mailing.index("template:") if "template:" in mailing else mailing.index("text:")
    end = mailing.index("\n", begin) + 1
    path.write_text(mailing[:begin] + f"subject: Hinweis\n{text}" + mailing[end:], "utf-8")
    path.write_text(path.read_text("utf-8").replace("select: {}", f"select: {{ids: [{LENA}]}}"))
    run = demo.json("prepare", "kind", "--summary")["run"]
    demo.json("send", run, "--yes")
    of_child = next(m for m in exported(demo, LENA)["messages"] if m["run"] == run)
    assert of_child["macro_values"].get("Vorname") == "Lena"
    assert ADDRESS not in json.dumps(of_child)
    assert "Email" not in of_child["macro_values"]
    assert "Briefanrede" not in of_child["macro_values"]
    of_mother = next(m for m in exported(demo, MOTHER)["messages"] if m["run"] == run)
    assert "Lena" not in json.dumps(of_mother)
    assert of_mother["address"] == ADDRESS
    assert of_mother["macro_values"] is None


def test_an_erased_person_is_named_nowhere(family: Practice) -> None:
    family.json("review", family.run, "--exclude", MOTHER)
    family.json("review", family.run, "--include", MOTHER)
    family.json("test", family.run, "--to", "praxis@example.org", "--recipient", MOTHER)
    assert {table for table, _ in named(family, MOTHER)} >= {"message", "journal", "run"}
    plan = family.json("review", family.run, "--summary")["plan_hash"]
    family.json("erase-person", MOTHER, "--yes")
    assert named(family, MOTHER) == []
    ((header,),) = family.ledger("SELECT header FROM run WHERE id = ?", family.run)
    (block,) = json.loads(header)["blocks"]
    assert [str(one) for one in block["selection"]["ids"][1:]] == [FATHER, "23", "24", "27"]
    assert block["selection"]["ids"][0].startswith("erased:")
    reasons = [row["unmarked"] for row in family.messages().values() if row["unmarked"]]
    assert any("same_address" in reason and "erased:" in reason for reason in reasons)
    assert family.json("review", family.run, "--summary")["plan_hash"] != plan
    assert {FATHER, JONAS} <= family.messages().keys()
    family.json("review", family.run, "--include", JONAS, "--exclude", FATHER)
    family.json("send", family.run, "--yes")
    assert family.messages()[JONAS]["state"] == "accepted"


def test_an_id_that_begins_like_the_erased_one_stays(demo: Practice) -> None:
    run = selecting(demo, "exclude: [patient:21]\nselect: {ids: [2, 21]}")
    demo.json("erase-person", "patient:2", "--yes")
    assert named(demo, "patient:2") == []
    ((header,),) = demo.ledger("SELECT header FROM run WHERE id = ?", run)
    assert json.loads(header)["exclude"] == ["patient:21"]
    rows = [message["row"] for message in exported(demo, "patient:21")["messages"]]
    assert rows.count("patient:21") == 2


def test_who_is_only_named_in_a_selection_can_be_erased(demo: Practice) -> None:
    nobody = "patient:999999"
    selecting(demo, f"exclude: [{nobody}]\nselect: {{ids: [2, {nobody}]}}")
    assert named(demo, nobody)
    assert demo.json("erase-person", nobody, "--yes")["messages"] == 0
    assert named(demo, nobody) == []
    demo.refused("erase-person", nobody, "--yes")


def test_a_selection_by_an_address_is_erased_with_the_person(demo: Practice) -> None:
    ((address,),) = demo.ledger(
        "SELECT address FROM message WHERE run = ? AND person = 'patient:1'", demo.run
    )
    selecting(demo, f"select: {{search: '{address}'}}")
    assert named(demo, address)
    demo.json("erase-person", "patient:1", "--yes")
    assert named(demo, address) == []


def test_a_reason_to_pause_that_names_a_person_is_erased(null: Practice) -> None:
    null.json("send", null.run, "--yes", "--no-wait")
    text = "row patient:17 would now read differently"
    with closing(sqlite3.connect(null.folder / "versandbuch.db")) as db, db:
        db.execute("UPDATE run SET reason_text = ?", (text,))
    null.json("erase-person", "patient:17", "--yes")
    assert named(null, "patient:17") == []


def test_the_export_of_who_is_in_a_run_twice(demo: Practice) -> None:
    """Once with an occasion, once without: the id of one row is that of the person."""
    birthday = '{source: patients, ids: [21], birthday: "01-01..12-31"}'
    demo.edit("mailings/information.yaml", "source: patients\n", "")
    selecting(demo, f"select:\n  - {{source: patients, ids: [21]}}\n  - {birthday}")
    found = [m["row"] for m in exported(demo, MOTHER)["messages"] if m["run"] == demo.run]
    assert min(found) == MOTHER
    assert len(found) == 2


KEYS = ("A1", "A1.5", "A[1]", "A*", "A/2", "A_2", "A 0", "B, C")


@pytest.fixture
def textual(demo: Practice) -> Practice:
    """A run to people whose keys hold more than digits, previewed; the last shares an address."""
    (demo.folder / "schema.yaml").write_text(
        "patient: {id: nummer, key_type: text}\n", encoding="utf-8"
    )
    demo.edit(
        "serienpost.yaml",
        "\ndatabase: sqlite:///praxis.db",
        "\ndatabase: sqlite:///praxis.db\nschema: schema.yaml",
    )
    for number, key in enumerate(KEYS, 1):
        demo.change(
            "UPDATE patient SET nummer = ?, email = ?, kontakt_email = 'ja', verstorben = 0,"
            " gesperrt = 0, geburtsdatum = '1970-01-01', vertreter_id = NULL WHERE id = ?",
            key,
            f"p{min(number, 7)}@example.org",
            number,
        )
    rows = json.dumps([f"patient:{key}" for key in KEYS])
    selecting(demo, f"same_address: one\nrows: {rows}\nselect: {{}}")
    assert demo("preview", demo.run, "--all").code == 0
    return demo


def previews(practice: Practice) -> dict[str, set[str]]:
    """The previewed addresses and their files: of each row the message and the page to look at."""
    found: dict[str, set[str]] = {}
    for file in (practice.folder / "vorschau" / practice.run).glob("*.eml"):
        address = re.search(r"p\d@example\.org", file.read_text("utf-8"))
        assert address, file.name
        found[address[0]] = {one.name for one in file.parent.glob(f"{file.stem}.*")}
    return found


def test_every_row_has_a_preview_of_its_own(textual: Practice) -> None:
    found = previews(textual)
    assert sorted(found) == [f"p{n}@example.org" for n in range(1, 8)]
    assert {Path(name).suffix for names in found.values() for name in names} == {".eml", ".html"}
    folder = textual.folder / "vorschau" / textual.run
    assert {path.name for path in folder.iterdir()} == set().union(*found.values())
    assert len(set().union(*found.values())) == 14


@pytest.mark.parametrize("number", range(1, 8))
def test_erasing_takes_the_previews_of_that_person_alone(textual: Practice, number: int) -> None:
    """Whatever signs the key holds; `A*` is no pattern."""
    before = previews(textual)
    done = textual("erase-person", f"patient:{KEYS[number - 1]}", "--yes")
    assert done.code == 0, done.err
    gone = before.pop(f"p{number}@example.org")
    assert previews(textual) == before
    left = {path.name for path in (textual.folder / "vorschau" / textual.run).iterdir()}
    assert not gone & left


def test_an_export_hides_ids_with_blanks(textual: Practice) -> None:
    (message,) = exported(textual, "patient:B, C")["messages"]
    assert message["text"] == "same address as another person"
    assert message["id"] == "patient:B, C"
    assert "patient:B, C" in json.dumps(message["consent"])
    assert "patient:A" not in json.dumps(message)
