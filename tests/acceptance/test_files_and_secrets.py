"""Files that leave, are written or are read, and secrets, through the command line."""

from __future__ import annotations

import os
import re
import unicodedata
from typing import TYPE_CHECKING, Any
from zipfile import ZIP_DEFLATED, ZipFile

import openpyxl
import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Practice


def attaching(practice: Practice, written: str) -> None:
    """A mailing with attachments to two patients of one name and a third."""
    (practice.folder / "mailings" / "anhang.yaml").write_text(
        "source: patients\nrows: ['patient:1', 'patient:2', 'patient:3']\naccount: mail\n"
        f"purpose: information\nsubject: x\ntext: 'Guten Tag {{{{Nachname}}}}. {{{{Signatur}}}}'\n"
        f"signature: sonnenschein\nattachments: [{written}]\n",
        "utf-8",
    )


@pytest.mark.parametrize(
    ("written", "move"),
    [
        ("serienpost.yaml", "move serienpost.yaml there"),
        ("versandbuch.db", "move versandbuch.db there"),
        ("praxis.db", "move praxis.db there"),
        ("/etc/hostname", "move the file to anhaenge/hostname"),
        ("../geheim.txt", "move the file to anhaenge/geheim.txt"),
        ("anhaenge/link.txt", "copy the file there"),
        ("buch.db", "never attached"),
        ("buch.db-wal", "never attached"),
        ("buch.db-journal", "never attached"),
        ('"rechnung\\u202efdp.exe"', "rename the file"),
    ],
)
def test_nothing_but_a_file_of_the_folder_is_attached(
    demo: Practice, written: str, move: str
) -> None:
    """The ledger, the practice's database and every other file of the machine."""
    (demo.folder.parent / "geheim.txt").write_text("geheim")
    folder = demo.folder / "anhaenge"
    folder.mkdir(exist_ok=True)
    (folder / "link.txt").symlink_to(demo.folder.parent / "geheim.txt")
    os.link(demo.folder / "versandbuch.db", folder / "mehrere.db")
    (folder / "buch.db").write_bytes((demo.folder / "praxis.db").read_bytes())
    (folder / "buch.db-wal").write_bytes(bytes.fromhex("377f0682002de218"))
    (folder / "buch.db-journal").write_bytes(bytes.fromhex("d9d505f920a163d7"))
    (folder / "rechnung\u202efdp.exe").write_text("x")
    attaching(demo, written)
    problems = demo.refused("check", "anhang")
    assert [p["key"] for p in problems] == ["attachments"]
    assert move in problems[0]["hint"]


@pytest.mark.parametrize("folder", ["vorschau", "Vorschau/x", "Mailings"])
def test_folders_of_people_and_settings_are_none_for_attachments(
    demo: Practice, folder: str
) -> None:
    """In `vorschau` lie complete messages."""
    demo.edit("serienpost.yaml", "\nconsent:", f"\nattachments_folder: {folder}\nconsent:")
    (problem,) = demo.refused("check", "information")
    assert problem["key"] == "attachments_folder"


@pytest.mark.parametrize("folder", ["briefe", "papiere"])
def test_a_folder_that_an_account_writes_to_is_none_for_attachments(
    demo: Practice, folder: str
) -> None:
    """There lie the letters of everybody."""
    (demo.folder / "papiere" / "briefe").mkdir(parents=True)
    (demo.folder / "briefe").mkdir(exist_ok=True)
    for place in (demo.folder / "briefe", demo.folder / "papiere" / "briefe"):
        (place / "lauf.pdf").write_bytes(b"%PDF-1.7 x")
    text = (demo.folder / "serienpost.yaml").read_text("utf-8")
    inner = "" if folder == "briefe" else "papiere/"
    given, count = re.subn(r"\n    folder: \S+", f"\n    folder: {inner}briefe", text)
    assert count == 1
    changed = given.replace("\nconsent:", f"\nattachments_folder: {folder}\nconsent:")
    (demo.folder / "serienpost.yaml").write_text(changed, "utf-8")
    attaching(demo, "lauf.pdf" if folder == "briefe" else "briefe/lauf.pdf")
    (problem,) = demo.refused("check", "anhang")
    assert "serienpost works with" in problem["message"]


def test_one_persons_file_goes_to_nobody_else(demo: Practice) -> None:
    """Both are called the same; until now each got the other's report."""
    folder = demo.folder / "anhaenge" / "befunde"
    folder.mkdir(parents=True)
    demo.change("UPDATE patient SET nachname = 'Schmidt' WHERE id IN (1, 2)")
    demo.change(
        "UPDATE patient SET email = 'a' || id || '@example.org', kontakt_email = 'ja',"
        " verstorben = 0, gesperrt = 0, geburtsdatum = '1970-01-01', vertreter_id = NULL"
        " WHERE id IN (1, 2, 3)"
    )
    demo.change("UPDATE patient SET nachname = 'Weber' WHERE id = 3")
    for name in ("Schmidt", "Weber"):
        (folder / f"{name}.txt").write_text("Befund")
    attaching(demo, "'befunde/{{Nachname}}.txt'")
    found = {row["id"]: row for row in demo.json("prepare", "anhang")["recipients"]}
    for person in ("patient:1", "patient:2"):
        assert found[person]["unmarked"]["code"] == "attachment"
        assert "belongs to several people" in found[person]["unmarked"]["reason"]
    assert found["patient:3"]["marked"] is True


def decomposed(name: str) -> str:
    """As macOS writes it."""
    changed = unicodedata.normalize("NFD", name)
    assert changed != name
    return changed


def test_a_file_is_found_however_its_umlauts_are_encoded(demo: Practice) -> None:
    """What came from macOS was not there."""
    place = demo.folder / "anhaenge" / decomposed("für alle")
    place.mkdir(parents=True)
    (place / decomposed("Änderung.txt")).write_text("x")
    attaching(demo, "'für alle/Änderung.txt'")
    assert demo("check", "anhang").code == 0
    (place / "Änderung.txt").write_text("y")
    (problem,) = demo.refused("check", "anhang")
    assert "is there twice" in problem["message"]


def test_a_persons_file_is_found_however_its_umlauts_are_encoded(demo: Practice) -> None:
    folder = demo.folder / "anhaenge" / "befunde"
    folder.mkdir(parents=True)
    names = {1: "Müller", 2: "Größe", 3: decomposed("Jäger")}
    for number, name in names.items():
        demo.change(
            "UPDATE patient SET nachname = ?, email = 'a' || id || '@example.org',"
            " kontakt_email = 'ja', verstorben = 0, gesperrt = 0, geburtsdatum = '1970-01-01',"
            " vertreter_id = NULL WHERE id = ?", name, number)  # fmt: skip
    (folder / decomposed("Müller.txt")).write_text("Befund 1")
    for name in ("Größe.txt", decomposed("Größe.txt")):
        (folder / name).write_text("Befund 2")
    (folder / "Jäger.txt").write_text("Befund 3")
    attaching(demo, "'befunde/{{Nachname}}.txt'")
    found = {row["id"]: row for row in demo.json("prepare", "anhang")["recipients"]}
    assert found["patient:1"]["marked"] is True
    assert found["patient:3"]["marked"] is True
    assert found["patient:2"]["marked"] is False
    assert "in two ways" in str(found["patient:2"])


def test_a_ledger_that_others_can_read_is_closed_and_said(demo: Practice) -> None:
    ledger = demo.folder / "versandbuch.db"
    ledger.chmod(0o644)
    done = demo("runs")
    assert "now its owner alone can" in done.err
    assert ledger.stat().st_mode & 0o077 == 0
    assert demo("runs").err == ""


@pytest.mark.parametrize("command", ["review", "report"])
def test_a_planted_link_is_not_written_through(demo: Practice, command: str) -> None:
    """Its name could be foreseen, and what lay behind it was overwritten."""
    theirs = demo.folder.parent / "theirs"
    theirs.write_text("")
    out = demo.folder / "out"
    out.mkdir()
    for name in ("liste.csv", ".liste.csv.part"):
        (out / name).symlink_to(theirs)
    assert demo(command, demo.run, "--csv", str(out / "liste.csv")).code == 0
    assert theirs.read_text() == ""


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://post:ge/heim@127.0.0.1/praxis",
        "postgresql://127.0.0.1/praxis?user=post&password=heim",
        "postgresql://post%3Aheim@127.0.0.1/praxis",
        "postgresql://post:mein heim@127.0.0.1/praxis",
        "postgresql:///praxis?host=127.0.0.1&password = heim",
        "postgresql:/post:heim@127.0.0.1/praxis",
    ],
)
@pytest.mark.parametrize("command", [("doctor",), ("runs",), ("config", "show")])
def test_a_password_in_a_url_is_refused_and_not_shown(
    demo: Practice, url: str, command: tuple[str, ...]
) -> None:
    demo.edit("serienpost.yaml", "\ndatabase: sqlite:///praxis.db", f'\ndatabase: "{url}"')
    for args in (command, (*command, "--json")):
        done = demo(*args)
        assert done.code == 3
        assert "a password does not stand in a URL" in done.out + done.err
        assert "heim" not in done.out + done.err


def selecting(practice: Practice, source: str, select: str) -> None:
    practice.edit("mailings/information.yaml", "select: {}", f"select: {select}")
    practice.edit("mailings/information.yaml", "source: patients", f"source: {source}")


def test_a_workbook_that_unpacks_to_too_much_is_refused(demo: Practice) -> None:
    book = openpyxl.Workbook()
    book.active["A1"], book.active["A2"] = "E-Mail", "a@example.org"
    book.save(demo.folder / "plain.xlsx")
    sheet = "xl/worksheets/sheet1.xml"
    with (
        ZipFile(demo.folder / "plain.xlsx") as plain,
        ZipFile(demo.folder / "liste.xlsx", "w", ZIP_DEFLATED) as archive,
    ):
        for name in plain.namelist():
            if name != sheet:
                archive.writestr(name, plain.read(name))
        with archive.open(sheet, "w") as part:
            begin, end, rest = plain.read(sheet).partition(b"</sheetData>")
            part.write(begin)
            for _ in range(300):
                part.write(b'<row><c t="inlineStr"><is><t>a</t></is></c></row>' * 20_000)
            part.write(end + rest)
    assert (demo.folder / "liste.xlsx").stat().st_size < 3_000_000
    selecting(demo, "table", "{file: liste.xlsx, columns: {E-Mail: email}}")
    (problem, *_) = demo.refused("check", "information")
    assert "unpacks to more than 250 MB" in problem["message"]


def test_a_search_with_a_control_character_is_refused(demo: Practice) -> None:
    selecting(demo, "patients", '{search: "a\\e[2Jb"}')
    (problem,) = demo.refused("check", "information")
    assert "control character" in problem["message"]
    assert "\x1b" not in str(problem)


CODES = "\x1b]0;x\x07\x1b[2J\u202e"


@pytest.mark.parametrize(
    "line", [f'"x{CODES}": 1', f'attachments: ["a{CODES}.txt"]', f'template: "{CODES}"']
)
def test_a_problem_holds_no_escape_code(demo: Practice, line: str) -> None:
    """A configuration of somebody else must not write to the terminal what it obeys."""
    for code, escaped in (("\x1b", "\\e"), ("\x07", "\\a"), ("\u202e", "\\u202e")):
        line = line.replace(code, escaped)
    file = demo.folder / "mailings" / "information.yaml"
    text = file.read_text("utf-8").replace("template: neue-sprechzeiten\n", "")
    file.write_text(f"{text}{line}\n", "utf-8")
    done = demo("check", "information")
    assert done.code == 3
    assert "error: " in done.err
    assert not {"\x1b", "\x07", "\u202e"} & set(done.out + done.err)


def test_the_name_of_a_file_holds_no_escape_code(demo: Practice) -> None:
    (demo.folder / "mailings" / f"a{CODES}.yaml").write_text("x", "utf-8")
    done = demo("check", "nothing")
    assert done.code == 3
    assert not {"\x1b", "\x07", "\u202e"} & set(done.out + done.err)


def test_a_port_that_is_none_is_one_line(demo: Practice) -> None:
    demo.edit(
        "serienpost.yaml",
        "\ndatabase: sqlite:///praxis.db",
        "\ndatabase: postgresql://127.0.0.1:heim/praxis",
    )
    (problem,) = demo.refused("check", "information")
    assert "is not a database URL" in problem["message"]


def named(practice: Practice, name: str) -> dict[str, Any]:
    practice.change("UPDATE patient SET nachname = ? WHERE id = 1", name)
    practice.edit("mailings/information.yaml", "select: {}", "rows: ['patient:1']\nselect: {}")
    practice.run = practice.json("prepare", "information", "--summary")["run"]
    return practice.patients("id = 1")["patient:1"]


def test_a_name_of_absurd_length_does_not_widen_the_table(demo: Practice) -> None:
    named(demo, "x" * 5000)
    printed = demo("review", demo.run).out
    assert 100 < printed.count("x") < 1000
    assert "…" in printed


def test_an_exported_table_holds_no_escape_code(demo: Practice, tmp_path: Path) -> None:
    named(demo, "Schmidt\x1b]0;x\x07\x9b2J\u202e")
    assert demo("review", demo.run, "--csv", str(tmp_path / "liste.csv")).code == 0
    text = (tmp_path / "liste.csv").read_text("utf-8")
    assert "Schmidt" in text
    assert not any(sign in text for sign in "\x1b\x07\x9b\u202e")
