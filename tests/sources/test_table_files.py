"""Lists as practices have them, through the command line: read as a person sees them, or not."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

import pytest
from openpyxl import Workbook
from openpyxl.chart import BarChart

from serienpost.cli.main import run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CONFIG = """\
practice: {id: sonnenschein, name: "Praxis Null"}
ledger: sqlite:///versandbuch.db
plugins: [serienpost-source-table, serienpost-macros-practice, serienpost-testkit]
accounts:
  mail: {channel: null-email, sender: "Praxis Null <praxis@example.org>"}
"null": {default: abstain}
"""
MAILING = """\
source: table
select:
  file: %s
  columns: {Nachname: nachname, E-Mail: email, Kurs: {field: kurs, class: plain}}
  consent_column: Einwilligung
%saccount: mail
purpose: information
subject: Gruß
text: "Guten Tag {{Nachname}}, bis bald im Kurs {{kurs}}. {{Praxis}}"
"""
HEADER = ["Nachname", "E-Mail", "Kurs", "Einwilligung"]
PEOPLE = [
    ["Müller, Dr.", "mueller@example.org", "Yoga", "ja"],
    ["Weiß", "weiss@example.org", "Rücken", "ja"],
    ["Öhler", "oehler@example.org", "Yoga", "nein"],
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "praxis"
    (made / "mailings").mkdir(parents=True)
    (made / "serienpost.yaml").write_text(CONFIG, "utf-8")
    return made


@pytest.fixture
def call(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, dict[str, Any], str]]:
    """Runs a command on a mailing that reads a file; gives exit code, document, what people see."""

    def called(command: str, file: str, **keys: object) -> tuple[int, dict[str, Any], str]:
        lines = "".join(f"  {name}: {json.dumps(value)}\n" for name, value in keys.items())
        (folder / "mailings" / "probe.yaml").write_text(MAILING % (file, lines), "utf-8")
        capsys.readouterr()
        ended = run(["-C", str(folder), command, "probe", "--json"])
        document = json.loads(capsys.readouterr().out)
        assert run(["-C", str(folder), command, "probe"]) == ended
        said = capsys.readouterr()
        assert "bug" not in said.err
        return ended, document, said.out + said.err

    return called


def csv_text(separator: str = ";", end: str = "\r\n") -> str:
    def quoted(text: str) -> str:
        return f'"{text}"' if separator in text else text

    lines = [separator.join(map(quoted, row)) for row in [HEADER, *PEOPLE]]
    return end.join([*lines, ""])


def marked(document: dict[str, Any]) -> list[tuple[str, bool]]:
    return [(row["name"], row["marked"]) for row in document["recipients"]]


MARKED = [("Dr. Müller", True), ("Weiß", True), ("Öhler", False)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("separator", [";", ",", "\t"])
def test_text_files(folder: Path, call: Any, encoding: str, separator: str) -> None:  # noqa: ANN401
    (folder / "liste.csv").write_bytes(csv_text(separator).encode(encoding))
    code, document, shown = call("prepare", "liste.csv")
    assert code == 0
    assert marked(document) == MARKED
    name = {"cp1252": "windows-1252", "utf-16": "utf-16"}.get(encoding)
    notes = [f"liste.csv: is read as {name}"] if name else []
    assert document["read"] == notes
    assert all(note in shown for note in notes)
    code, document, shown = call("check", "liste.csv")
    assert code == 0
    assert all(note in document["notes"] and note in shown for note in notes)


@pytest.mark.parametrize("encoding", ["mac_roman", "cp850"])
def test_encodings_that_are_not_certain_are_asked_for(
    folder: Path,
    call: Any,  # noqa: ANN401
    encoding: str,
) -> None:
    (folder / "liste.csv").write_bytes(csv_text().encode(encoding))
    for command in ("check", "prepare"):
        code, document, shown = call(command, "liste.csv")
        assert code == 3
        (problem,) = document["problems"]
        assert (problem["file"], problem["line"]) == ("liste.csv", 2)
        assert "encoding: NAME" in problem["hint"]
        assert f"{encoding.replace('_', '-')}: Mül" in problem["hint"]
        assert "Müller" not in shown
    code, document, _ = call("prepare", "liste.csv", encoding=encoding)
    assert (code, marked(document)) == (0, MARKED)


def test_each_key_that_says_how_a_file_is_read(folder: Path, call: Any) -> None:  # noqa: ANN401
    text = "Liste vom 1.12.2026;;;\n\n" + csv_text("^")
    (folder / "liste.csv").write_bytes(text.encode("utf-16-le"))
    keys = {"encoding": "utf-16-le", "separator": "^", "header_row": 3}
    code, document, shown = call("prepare", "liste.csv", **keys)
    assert (code, marked(document)) == (0, MARKED), shown
    book = Workbook()
    book.active.title = "Alt"
    sheet = book.create_sheet("Neu")
    for made, people in ((book.active, PEOPLE[:1]), (sheet, PEOPLE)):
        made.append(["Liste vom 1.12.2026"])
        for row in [HEADER, *people]:
            made.append(row)
    book.save(folder / "liste.xlsx")
    code, document, shown = call("prepare", "liste.xlsx", sheet="Neu", header_row=2)
    assert (code, marked(document)) == (0, MARKED), shown
    assert call("check", "liste.xlsx", sheet="Neu", header_row=2)[0] == 0


def test_a_title_above_the_header_is_asked_for(folder: Path, call: Any) -> None:  # noqa: ANN401
    (folder / "liste.csv").write_text("Liste vom 1.12.2026\n\n" + csv_text(), "utf-8")
    code, document, _ = call("check", "liste.csv")
    assert code == 3
    assert "header_row: 3" in document["problems"][0]["hint"]


@pytest.mark.parametrize("dimension", ["A1", "A1:D2", "A1:XFD1048576", None])
def test_nobody_is_missing_whatever_a_sheet_says_of_its_size(
    folder: Path,
    call: Any,  # noqa: ANN401
    dimension: str | None,
) -> None:
    book = Workbook()
    for row in [HEADER, *PEOPLE]:
        book.active.append(row)
    book.save(folder / "ganz.xlsx")
    written = f'<dimension ref="{dimension}"/>' if dimension else ""
    with ZipFile(folder / "ganz.xlsx") as old, ZipFile(folder / "liste.xlsx", "w") as new:
        for name in old.namelist():
            text = old.read(name).decode()
            new.writestr(name, re.sub(r"<dimension[^>]*>", written, text))
    code, document, shown = call("prepare", "liste.xlsx")
    assert (code, marked(document)) == (0, MARKED), shown


def charts(path: Path) -> None:
    book = Workbook()
    book.create_chartsheet("Diagramm").add_chart(BarChart())
    del book["Sheet"]
    book.save(path)


COMPOUND = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(4000)
OTHERS: dict[str, tuple[Callable[[Path], object], str]] = {
    "charts alone": (charts, "only charts"),
    "password": (
        lambda path: path.write_bytes(COMPOUND + "EncryptedPackage".encode("utf-16-le")),
        "protected by a password",
    ),
    "old Excel": (lambda path: path.write_bytes(COMPOUND), "an old Excel file"),
    "web page": (lambda path: path.write_bytes(b"<html><table></table></html>"), "a web page"),
    "text": (lambda path: path.write_text(csv_text()), "call it .csv"),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_what_is_no_list_is_called_what_it_is(folder: Path, call: Any, kind: str) -> None:  # noqa: ANN401
    make, words = OTHERS[kind]
    make(folder / "liste.xlsx")
    for command in ("check", "prepare"):
        code, document, shown = call(command, "liste.xlsx")
        assert code == 3
        (problem,) = document["problems"]
        assert problem["file"] == "liste.xlsx"
        assert problem["hint"]
        assert words in shown


def test_what_a_person_does_not_see_is_left_out_and_told(folder: Path, call: Any) -> None:  # noqa: ANN401
    book = Workbook()
    book.active.title = "Infoabend"
    for row in [HEADER, *PEOPLE, ["Verborgen", "v@example.org", "Yoga", "ja"]]:
        book.active.append(row)
    book.active.row_dimensions[5].hidden = True
    book.active.append(["Fehler", "f@example.org", "#N/A", "ja"])
    book.active["C6"].data_type = "e"
    book.create_sheet("Alt").append(HEADER)
    book["Alt"].sheet_state = "hidden"
    book.save(folder / "liste.xlsx")
    for command in ("check", "prepare"):
        code, document, shown = call(command, "liste.xlsx")
        assert code == 0
        for words in ("'Infoabend' is read", "1 row hidden by hand or by a filter left out: 5",
                      "'Alt' (hidden)"):  # fmt: skip
            assert words in shown
        assert "Verborgen" not in shown
    *people, bad = document["recipients"]
    assert [(row["name"], row["marked"]) for row in people] == MARKED
    assert not bad["reachable"]
    assert "#NV" in bad["unreachable_reason"]
    assert "row 6" in bad["unreachable_reason"]
    assert document["counts"]["reachable"] == 3


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (csv_text().replace("Rücken;ja", "Rücken"), 3),
        (csv_text().replace("Rücken", "Rücken; Yoga"), 3),
        (csv_text().replace("Rücken", "#NV"), 3),
        (csv_text().replace("Weiß", "WeiÃŸ"), 3),
        (csv_text().replace("Weiß;", 'Weiß; "x";').replace(";Rücken", ""), 3),
    ],
)
def test_a_bad_row_is_shown_and_the_others_are_written_to(
    folder: Path,
    call: Any,  # noqa: ANN401
    text: str,
    line: int,
) -> None:
    (folder / "liste.csv").write_bytes(text.encode())
    code, document, _ = call("prepare", "liste.csv")
    assert code == 0
    first, bad, last = document["recipients"]
    assert (first["marked"], last["reachable"]) == (True, True)
    assert (bad["marked"], bool(bad["reachable"])) == (False, False)
    assert f"row {line}" in bad["unreachable_reason"]


def test_a_run_says_what_its_list_lacked_in_the_readers_language(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever prepared it: reasons of rows and what was read are kept by message and values."""
    book = Workbook()
    book.active.title = "Infoabend"
    for row in [HEADER, *PEOPLE, ["Fehler", "f@example.org", "#N/A", "ja"]]:
        book.active.append(row)
    book.active["C5"].data_type = "e"
    book.save(folder / "liste.xlsx")
    (folder / "mailings" / "probe.yaml").write_text(MAILING % ("liste.xlsx", ""), "utf-8")

    def document(language: str, *args: str) -> dict[str, Any]:
        monkeypatch.setenv("SERIENPOST_LANG", language)
        capsys.readouterr()
        run(["-C", str(folder), *args, "--json"])
        return dict(json.loads(capsys.readouterr().out))

    number = document("de", "prepare", "probe")["run"]
    shown = {language: document(language, "review", number) for language in ("en", "de")}
    assert {
        language: one["recipients"][-1]["unreachable_reason"] for language, one in shown.items()
    } == {
        "en": "The column “Kurs” holds the error #NV; write the value itself into the cell."
        " (liste.xlsx, row 5)",
        "de": "In der Spalte „Kurs“ steht der Fehler #NV; den Wert selbst in die Zelle schreiben."
        " (liste.xlsx, Zeile 5)",
    }
    assert {language: one["read"] for language, one in shown.items()} == {
        "en": ["liste.xlsx: the sheet 'Infoabend' is read"],
        "de": ["liste.xlsx: das Blatt „Infoabend“ wird gelesen"],
    }
    manual = document("de", "sources", "table")["source"]
    assert manual["title"] == "Zeilen einer CSV- oder XLSX-Datei"
    assert "Die Datei, .csv oder .xlsx" in manual["filters"][0]["description"]
