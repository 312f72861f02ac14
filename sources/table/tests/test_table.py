"""Reading files as practices have them, and whom they permit to write to."""

from __future__ import annotations

import zipfile
from datetime import date
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest
from openpyxl import Workbook
from pydantic import ValidationError

from serienpost import (
    Abstain,
    Allow,
    ConsentQuestion,
    Deny,
    RowRef,
    RowRequest,
    SelectionError,
    SourceError,
)
from serienpost_source_table.check import ColumnCheck
from serienpost_source_table.selection import TableSelection
from serienpost_source_table.source import TableSource

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from serienpost import Context, Row
    from serienpost_testkit.contexts import MakeContext

SOURCE = TableSource()
DUE = date(2026, 3, 2)
COLUMNS = {"Name": "nachname", "PLZ": "plz", "Mail": "email"}
FIELDS = frozenset({"nachname", "plz", "email"})


def selection(file: str, **keys: Any) -> TableSelection:  # noqa: ANN401
    return TableSelection.model_validate({"file": file, "columns": COLUMNS, **keys})


def read(context: Context, file: str, fields: frozenset[str] = FIELDS, **keys: Any) -> list[Row]:  # noqa: ANN401
    selected = selection(file, **keys)
    SOURCE.offers(context, selected)
    batches = SOURCE.rows(context, selected, RowRequest(fields, DUE, batch=2))
    return [row for batch in batches for row in batch]


def test_a_file_with_name_and_place_serves_for_letters(
    context: Context, practice_folder: Path
) -> None:
    columns = {"Name": "nachname", "Weg": "strasse", "PLZ": "plz", "Ort": "ort"}
    (practice_folder / "liste.csv").write_text("Name;Weg;PLZ;Ort\nAbel;Weg 1;01067;Dresden\n")
    selected = SOURCE.selection.model_validate({"file": "liste.csv", "columns": columns})
    offered = SOURCE.offers(context, selected).keys()
    assert {"titel", "adresszusatz", "postfach", "land"} <= offered
    request = RowRequest(frozenset({"nachname", "ort", "land"}), DUE, batch=2)
    ((row,),) = SOURCE.rows(context, selected, request)
    assert row.fields == {"nachname": "Abel", "ort": "Dresden", "land": None}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_csv_as_programs_write_it(
    context: Context, practice_folder: Path, encoding: str, delimiter: str, end: str
) -> None:
    lines = [
        ["Name", "PLZ", "Mail", "Rest"],
        ["Müller-Lüdenscheidt", "01067", "mueller@example.org", ""],
        ['"von ""Groß"""', "99999", "gross@example.org", "egal"],
        ["", "", "", ""],
        ['"Zeile 1\nZeile 2"', "", "", ""],
    ]
    text = end.join(delimiter.join(line) for line in lines) + end
    (practice_folder / "liste.csv").write_bytes(text.encode(encoding))
    rows = read(context, "liste.csv")
    assert [dict(row.fields) for row in rows] == [
        {"nachname": "Müller-Lüdenscheidt", "plz": "01067", "email": "mueller@example.org"},
        {"nachname": 'von "Groß"', "plz": "99999", "email": "gross@example.org"},
        {"nachname": "Zeile 1\nZeile 2", "plz": None, "email": None},
    ]


def test_xlsx(context: Context, practice_folder: Path) -> None:
    book = Workbook()
    book.active.title = "Erstes"
    book.active.append(["Name", "PLZ", "Mail", None])
    book.active.append(["Groß", 1067.0, date(2026, 3, 2)])
    book.active["C2"].number_format = "dd.mm.yyyy"
    book.create_sheet("Zweites").append(["Name", "PLZ", "Mail"])
    book["Zweites"].append(["Klein", "01067", True])
    book.save(practice_folder / "liste.xlsx")
    (first,) = read(context, "liste.xlsx", sheet="Erstes")
    assert first.fields == {"nachname": "Groß", "plz": "1067", "email": "02.03.2026"}
    (second,) = read(context, "liste.xlsx", sheet="Zweites")
    assert second.fields == {"nachname": "Klein", "plz": "01067", "email": "WAHR"}
    with pytest.raises(SourceError, match="several sheets that could be meant"):
        read(context, "liste.xlsx")
    with pytest.raises(SourceError, match="no sheet 'Drittes'"):
        read(context, "liste.xlsx", sheet="Drittes")


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        (b"Name;PLZ;Name;Mail\n", 1, "'Name' stands there twice"),
        (b"Name;PLZ\n", 1, "no header 'Mail'"),
        (b"Name;PLZ;E-Mail\n", 1, "no header 'Mail'"),
        (b"Name;PLZ;Mail\nA;1;a\nB\x81;2;b\n", 3, "neither UTF-8 nor certainly Windows-1252"),
        (b"", None, "no header"),
        (b'Name;PLZ;Mail\n"A;1;a\n', 2, "not CSV"),
    ],
)
def test_bad_csv(
    context: Context, practice_folder: Path, content: bytes, line: int | None, words: str
) -> None:
    (practice_folder / "liste.csv").write_bytes(content)
    with pytest.raises(SourceError, match=words) as refused:
        read(context, "liste.csv")
    (problem,) = refused.value.problems
    assert (problem.file, problem.line) == ("liste.csv", line)


@pytest.mark.parametrize("row", ["B;2", "B;2;b;zu viel", ";;;;x"])
def test_a_row_of_another_length_is_unreachable_and_the_others_are_read(
    context: Context, practice_folder: Path, row: str
) -> None:
    (practice_folder / "liste.csv").write_text(f"Name;PLZ;Mail\nA;1;a\n{row}\nC;3;c\n", "utf-8")
    first, bad, last = read(context, "liste.csv")
    assert [first.fields["email"], last.fields["email"]] == ["a", "c"]
    assert bad.unreachable
    assert bad.unreachable[0] == "unreadable"
    assert bad.place == "liste.csv, row 3"
    assert set(bad.fields.values()) == {None}


@pytest.mark.parametrize("size", [100_001, 200_000])
@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_a_cell_that_is_too_large_is_named(
    context: Context, practice_folder: Path, size: int, suffix: str
) -> None:
    rows = [["Name", "PLZ", "Mail"], ["A", "1", "x" * 100_000], ["B", "x" * size, "b"]]
    if suffix == "csv":
        (practice_folder / "liste.csv").write_text("\n".join(map(";".join, rows)), "utf-8")
    else:
        book = Workbook()
        for row in rows:
            book.active.append(row)
        for cell in (book.active["C2"], book.active["B3"]):
            cell._value = "x" * (size if cell.row == 3 else 100_000)  # Workbook cuts at 32,767
        book.save(practice_folder / "liste.xlsx")
    with pytest.raises(SourceError, match="column 2 has more than 100,000") as refused:
        read(context, f"liste.{suffix}")
    (problem,) = refused.value.problems
    assert (problem.file, problem.line) == (f"liste.{suffix}", 3)


def test_bad_xlsx(context: Context, practice_folder: Path) -> None:
    file = practice_folder / "liste.xlsx"
    file.write_bytes(b"PK\x03\x04 kein Archiv")
    with pytest.raises(SourceError, match="no readable XLSX"):
        read(context, "liste.xlsx")
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("xl/workbook.xml", "<kaputt")
    with pytest.raises(SourceError, match="no readable XLSX"):
        read(context, "liste.xlsx")
    book = Workbook()
    book.active.append(["Name", "PLZ", "Mail"])
    book.save(file)
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SourceError, match="no readable XLSX"):
        read(context, "liste.xlsx")


@pytest.mark.parametrize("name", ["fehlt.csv", "liste.txt", "."])
def test_files_that_are_none(context: Context, practice_folder: Path, name: str) -> None:
    (practice_folder / "liste.txt").touch()
    with pytest.raises(SourceError):
        read(context, name)


@pytest.mark.parametrize(
    "columns",
    [
        {"a": "geburtsdatum"},
        {"a": "diagnose"},
        {"a": "kurs"},
        {"a": {"field": "email", "class": "plain"}},
        {"a": {"field": "kurs", "class": "medical"}},
        {"a": "email", "b": "email"},
        {"a": "termin_beginn", "b": "termin_beginn", "c": "termin_beginn"},
    ],
)
def test_columns_that_must_not_leave(columns: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        SOURCE.selection.model_validate({"file": "x.csv", "columns": columns})


def test_people_with_an_id_are_read_from_the_practice(
    context: Context, practice_folder: Path, add: Callable[..., None]
) -> None:
    add("patient", id=1, nachname="Stammdaten", email="stamm@example.org")
    add("interessent", id=1, nachname="Interessiert")
    text = "Nr;Name;PLZ;Mail;Kurs\n1;Falsch;1;falsch@example.org;Rücken\n"
    text += "interessent:1;x;;;\npatient:1;doppelt;;;\n99;fort;;;\n;Nur hier;2;hier@example.org;\n"
    (practice_folder / "liste.csv").write_text(text, "utf-8")
    columns = {**COLUMNS, "Nr": "id", "Kurs": {"field": "kurs", "class": "plain"}}
    rows = read(context, "liste.csv", FIELDS | {"kurs"}, columns=columns)
    assert [row.person_id for row in rows[:3]] == ["patient:1", "interessent:1", "patient:99"]
    assert rows[0].fields == {
        "nachname": "Stammdaten", "plz": None, "email": "stamm@example.org", "kurs": "Rücken"
    }  # fmt: skip
    assert rows[1].fields["nachname"] == "Interessiert"
    assert rows[2].unreachable
    assert rows[2].unreachable[0] == "vanished"
    assert rows[3].person_id.startswith("table:")
    assert rows[3].fields["email"] == "hier@example.org"


def test_who_cannot_be_told_is_nobody_else(context: Context, practice_folder: Path) -> None:
    """A row whose id is a formula without a result is no stranger of the list."""
    book = Workbook()
    book.active.append(["Nr", "Name", "PLZ", "Mail"])
    book.active.append(["=1+1", "Abel", "01067", "a@example.org"])
    book.save(practice_folder / "liste.xlsx")
    (row,) = read(context, "liste.xlsx", columns={**COLUMNS, "Nr": "id"})
    assert row.unreachable
    assert "formula" in row.unreachable[1]


def test_the_failures_of_a_report_are_a_valid_file(
    context: Context, practice_folder: Path, add: Callable[..., None]
) -> None:
    add("patient", id=17, nachname="Nochmal")
    text = "id;row;state;code;reason\r\npatient:17;patient:17/termin:9;failed;550;\r\n"
    (practice_folder / "fehler.csv").write_text(text, "utf-8")
    (row,) = read(context, "fehler.csv", frozenset({"nachname"}), columns={})
    assert (row.id, row.fields) == ("patient:17", {"nachname": "Nochmal"})


def ask(context: Context, person: str, purpose: str = "event") -> object:
    question = ConsentQuestion(person, person, "email", purpose, "a@example.org")
    return ColumnCheck().check(context, [question])[0]


def test_permission_only_by_the_column(context: Context, practice_folder: Path) -> None:
    file = practice_folder / "liste.csv"
    file.write_text("Name;PLZ;Mail;Ok\nA;;a@x.org;Ja\nB;;b@x.org;nein\nC;;c@x.org;\n", "utf-8")
    yes, no, empty = read(context, "liste.csv", consent_column="Ok")
    allowed = ask(context, yes.person_id)
    assert isinstance(allowed, Allow)
    assert allowed.evidence.endswith(" row 2")
    for row in (no, empty):
        denied = ask(context, row.person_id)
        assert isinstance(denied, Deny)
        assert (denied.code, denied.overridable) == ("column_not_yes", False)
    assert ask(context, "patient:1") == Abstain()


def test_a_yes_covers_what_the_people_agreed_to(context: Context, practice_folder: Path) -> None:
    (practice_folder / "liste.csv").write_text("Name;PLZ;Mail;Ok\nA;;a@x.org;ja\n", "utf-8")
    (row,) = read(context, "liste.csv", consent_column="Ok")
    for purpose in ("appointment", "recall", "birthday", "event", "information"):
        assert isinstance(ask(context, row.person_id, purpose), Allow)
    for purpose in ("marketing", "survey", "newsletter"):
        silent = ask(context, row.person_id, purpose)
        assert isinstance(silent, Abstain)
        assert silent.otherwise is not None
        assert "column_purposes" in silent.otherwise.remedy


def test_a_list_may_be_for_one_purpose_alone(context: Context, practice_folder: Path) -> None:
    (practice_folder / "liste.csv").write_text("Name;PLZ;Mail;Ok\nA;;a@x.org;ja\n", "utf-8")
    keys = {"consent_column": "Ok", "column_purposes": ["marketing"]}
    (row,) = read(context, "liste.csv", **keys)
    assert isinstance(ask(context, row.person_id, "marketing"), Allow)
    assert isinstance(ask(context, row.person_id, "event"), Abstain)


@pytest.mark.parametrize("entry", ["vielleicht", "12.03.2026", "ja, bis 2027", "2", "ja?", "#NV"])
def test_neither_yes_nor_no_is_refused_with_its_row(
    context: Context, practice_folder: Path, entry: str
) -> None:
    text = f"Name;PLZ;Mail;Ok\nB;;b@x.org;ja\nA;;a@x.org;{entry}\n"
    (practice_folder / "liste.csv").write_text(text, "utf-8")
    _, row = read(context, "liste.csv", consent_column="Ok")
    denied = ask(context, row.person_id)
    assert isinstance(denied, Deny)
    assert (denied.code, denied.overridable) == ("column_unclear", False)
    assert denied.reason.startswith("The column “Ok” holds ")
    assert denied.reason.endswith(" (row 3).")


def test_without_a_column_nobody_is_permitted(context: Context, practice_folder: Path) -> None:
    (practice_folder / "liste.csv").write_text("Name;PLZ;Mail\nA;;a@x.org\n", "utf-8")
    (row,) = read(context, "liste.csv")
    verdict = ask(context, row.person_id)
    assert isinstance(verdict, Abstain)
    assert verdict.otherwise is not None
    assert "consent_column" in verdict.otherwise.remedy


def test_a_changed_file_permits_nobody(context: Context, practice_folder: Path) -> None:
    file = practice_folder / "liste.csv"
    file.write_text("Name;PLZ;Mail;Ok\nA;;a@x.org;ja\n", "utf-8")
    (row,) = read(context, "liste.csv", consent_column="Ok")
    selected = selection("liste.csv", consent_column="Ok")
    ref, request = RowRef(row.person_id, None, None), RowRequest(frozenset({"email"}), DUE)
    assert SOURCE.current(context, selected, [ref], request)[0].fields == {"email": "a@x.org"}
    file.write_text("Name;PLZ;Mail;Ok\nB;;a@x.org;ja\n", "utf-8")
    gone = SOURCE.current(context, selected, [ref], request)[0].gone
    assert gone
    assert gone[0] == "file_changed"
    denied = ask(context, row.person_id)
    assert isinstance(denied, Deny)
    assert denied.code == "file_changed"


def test_a_file_that_is_away_says_nothing_about_anybody(
    context: Context, practice_folder: Path
) -> None:
    file = practice_folder / "liste.csv"
    file.write_text("Name;PLZ;Mail;Ok\nA;;a@x.org;ja\n", "utf-8")
    (row,) = read(context, "liste.csv", consent_column="Ok")
    file.unlink()
    selected = selection("liste.csv", consent_column="Ok")
    request = RowRequest(frozenset({"email"}), DUE)
    with pytest.raises(SourceError):
        SOURCE.current(context, selected, [RowRef(row.person_id, None, None)], request)
    with pytest.raises(SourceError):
        ask(context, row.person_id)


def test_a_key_keeps_a_persons_id_whatever_changes_around(
    context: Context, practice_folder: Path
) -> None:
    file = practice_folder / "liste.csv"
    file.write_text("Nr;Name;PLZ;Mail;Ok\n7;A;;a@x.org;ja\n8;B;;b@x.org;ja\n", "utf-8")
    keys = {"key": "Nr", "consent_column": "Ok"}
    before = {row.fields["email"]: row.person_id for row in read(context, "liste.csv", **keys)}
    file.write_text("Nr;Name;PLZ;Mail;Ok\n9;C;;c@x.org;ja\n8;B;;b@x.org;ja\n7;A;;a@x.org;nein\n")
    after = {row.fields["email"]: row.person_id for row in read(context, "liste.csv", **keys)}
    assert {mail: after[mail] for mail in before} == before
    assert len(set(after.values())) == 3
    assert isinstance(ask(context, before["b@x.org"]), Allow)
    assert isinstance(ask(context, before["a@x.org"]), Deny)
    selected, request = selection("liste.csv", **keys), RowRequest(frozenset({"email"}), DUE)
    (state,) = SOURCE.current(context, selected, [RowRef(before["a@x.org"], None, None)], request)
    assert state.fields == {"email": "a@x.org"}
    (other,) = SOURCE.current(context, selected, [RowRef("table:0123", None, None)], request)
    assert other.gone


def test_a_key_says_nothing_about_who_it_is(context: Context, practice_folder: Path) -> None:
    (practice_folder / "liste.csv").write_text("Name;PLZ;Mail\nA;;a@x.org\n", "utf-8")
    (row,) = read(context, "liste.csv", key="Mail")
    assert "a@x.org" not in row.person_id


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("7;A;;a@x.org\n;B;;b@x.org\n", 3, "has no key"),
        ("7;A;;a@x.org\n8;B;;b@x.org\n7;C;;c@x.org\n", 4, "the same key as row 2"),
    ],
)
def test_a_key_that_tells_nobody_apart_is_refused(
    context: Context, practice_folder: Path, text: str, line: int, said: str
) -> None:
    (practice_folder / "liste.csv").write_text(f"Nr;Name;PLZ;Mail\n{text}", "utf-8")
    with pytest.raises(SelectionError) as caught:
        read(context, "liste.csv", key="Nr")
    (problem,) = caught.value.problems
    assert (problem.file, problem.line) == ("liste.csv", line)
    assert said in problem.message


@pytest.mark.parametrize(
    ("header", "row", "keys", "is_stable"),
    [
        ("Name", "A", {}, False),
        ("Name", "A", {"key": "Name"}, True),
        ("id", "1", {}, True),
        ("id", "", {}, False),
        ("Nr", "1", {"id": "Nr"}, True),
    ],
)
def test_it_says_whether_ids_are_stable(
    context: Context,
    practice_folder: Path,
    header: str,
    row: str,
    keys: dict[str, str],
    is_stable: bool,
) -> None:
    (practice_folder / "liste.csv").write_text(f"{header};Mail\n{row};a@x.org\n", "utf-8")
    selected = TableSelection.model_validate(
        {"file": "liste.csv", "columns": {"Mail": "email"}, **keys}
    )
    remedy = SOURCE.unstable_ids(context, selected)
    assert (remedy is None) == is_stable
    assert is_stable or "key:" in str(remedy)


@pytest.mark.parametrize(
    "keys",
    [
        {"id": "A", "key": "A"},
        {"columns": {"A": "id"}, "key": "A"},
        {"columns": {"A": "id"}, "id": "B"},
    ],
)
def test_a_column_is_either_an_id_or_a_key(keys: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        SOURCE.selection.model_validate({"file": "x.csv", **keys})


def test_the_column_with_ids_may_have_any_header(
    context: Context, practice_folder: Path, add: Callable[..., None]
) -> None:
    add("patient", id=17, nachname="Stammdaten")
    (practice_folder / "liste.csv").write_text("Nr;Name\n17;Anders\n", "utf-8")
    (row,) = read(context, "liste.csv", columns={"Name": "nachname"}, id="Nr")
    assert (row.person_id, row.fields["nachname"]) == ("patient:17", "Stammdaten")
    with pytest.raises(SelectionError, match="no header 'Nummer'"):
        read(context, "liste.csv", columns={"Name": "nachname"}, id="Nummer")


def test_runs_of_an_earlier_serienpost_find_their_rows(
    context: Context, practice_folder: Path
) -> None:
    (practice_folder / "liste.csv").write_text("Nr;Name;PLZ;Mail\n7;A;;a@x.org\n", "utf-8")
    named = b"liste.csv\x1f7"  # the file and the key
    earlier = f"table:{sha256(named).hexdigest()[:16]}"
    request = RowRequest(frozenset({"email"}), DUE)
    selected = selection("liste.csv", key="Nr")
    (state,) = SOURCE.current(context, selected, [RowRef(earlier, None, None)], request)
    assert state.fields == {"email": "a@x.org"}


def test_each_row_is_found_in_the_file_of_its_own_selection(
    make_context: MakeContext, practice_folder: Path
) -> None:
    text = "Name;PLZ;Mail;Zweite\nA;;a@x.org;b@x.org\n"
    for file in ("eins.csv", "zwei.csv"):
        (practice_folder / file).write_text(f"{text}{file};;c@x.org;\n", "utf-8")
    (practice_folder / "drei.csv").write_bytes((practice_folder / "eins.csv").read_bytes())
    blocks = [
        selection("eins.csv"),
        selection("zwei.csv"),
        selection("drei.csv", columns={"Name": "nachname", "Zweite": "email"}),
    ]
    request = RowRequest(frozenset({"email"}), DUE)
    selecting, rechecking = make_context(), make_context()
    refs = [
        [RowRef(row.person_id, None, None) for batch in batches for row in batch]
        for batches in [SOURCE.rows(selecting, block, request) for block in blocks]
    ]
    found = [
        [(state.gone or ("",))[0] or state.fields for state in states]
        for states in [
            SOURCE.current(rechecking, block, asked, request)
            for block, asked in zip(blocks, refs, strict=True)
        ]
    ]
    assert found == [
        [{"email": "a@x.org"}, {"email": "c@x.org"}],
        [{"email": "a@x.org"}, {"email": "c@x.org"}],
        [{"email": "b@x.org"}, {"email": None}],
    ]
    (changed, _) = SOURCE.current(rechecking, blocks[1], refs[0], request)
    assert changed.gone
    assert changed.gone[0] == "file_changed"


def test_a_no_in_one_column_of_a_file_is_no_yes_in_another(
    context: Context, practice_folder: Path
) -> None:
    (practice_folder / "liste.csv").write_text("Name;PLZ;Mail;A;B\nA;;a@x.org;nein;ja\n", "utf-8")
    for columns in ("AB", "BA"):
        for column in columns:
            (row,) = read(context, "liste.csv", consent_column=column)
        denied = ask(context, row.person_id)
        assert isinstance(denied, Deny)
        assert denied.code == "column_not_yes"
