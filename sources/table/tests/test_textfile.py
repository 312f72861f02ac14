"""Text files: separators, quotes, ends of lines, and what stands above the header."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from serienpost import SourceError
from serienpost_source_table.files import TableFile
from serienpost_source_table.table import Reading

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def table(path: Path, text: str, *, wanted: Iterable[str] = (), **said: object) -> TableFile:
    path = path / "liste.csv"
    path.write_bytes(text.encode())
    return TableFile(path, path.name, reading=Reading(wanted=frozenset(wanted), **said))  # type: ignore[arg-type]


def rows(file: TableFile) -> list[tuple[int, list[str | None]]]:
    return [
        (line.number, [None if cell.fault else cell.text for cell in line.values.values()])
        for line in file.lines()
    ]


ONE = [(2, ["Müller", "a@example.org"])]


@pytest.mark.parametrize("separator", [";", ",", "\t", "|"])
@pytest.mark.parametrize(
    "text",
    [
        "Name{}Mail\nMüller{}a@example.org\n",
        '"Name"{}"Mail"\n"Müller"{}"a@example.org"\n',
        "Name{}Mail\r\nMüller{}a@example.org\r\n",
        "Name{}Mail\rMüller{}a@example.org\r",
        "Name{}Mail\r\nMüller{}a@example.org\n\r\n",
        "Name{}Mail\nMüller{}a@example.org",
        "\ufeffName{}Mail\nMüller{}a@example.org\n\x1a",
    ],
)
def test_the_separator_is_found(tmp_path: Path, text: str, separator: str) -> None:
    file = table(tmp_path, text.replace("{}", separator))
    assert file.header() == ["Name", "Mail"]
    assert rows(file) == ONE


@pytest.mark.parametrize(
    ("header", "row", "expected"),
    [
        ('"Name, Vorname, Titel, Grad";Mail', '"Müller, Änne";a', ["Müller, Änne", "a"]),
        ('"Mail\n(privat)",Name', "a,Müller", ["a", "Müller"]),
        ('Name;"Kurs; Ort; Zeit"', 'Müller;"Yoga; Köln; 9"', ["Müller", "Yoga; Köln; 9"]),
        ("Name;Wunsch", "Müller;Yoga, Pilates, Aquafit, Rücken", None),
        ("Name;Preis;Kurs", "Müller;49,90;Yoga, Rücken", None),
        ("Name,Notiz", '"Müller","sagt: ""gut""; kommt"', ["Müller", 'sagt: "gut"; kommt']),
        ("Name;Notiz", 'Müller;"Zeile 1\r\nZeile 2, und 3"', ["Müller", "Zeile 1\nZeile 2, und 3"]),
        ("Name|Notiz", "Müller|a;b,c", ["Müller", "a;b,c"]),
        ("Name;Notiz", 'Müller;5" Rohr', ["Müller", '5" Rohr']),
        ("Name;Notiz", 'Müller;"""Gruß"""', ["Müller", '"Gruß"']),
    ],
)
def test_signs_within_cells_are_no_separators(
    tmp_path: Path, header: str, row: str, expected: list[str] | None
) -> None:
    file = table(tmp_path, f"{header}\r\n{row}\r\n")
    ((_, texts),) = rows(file)
    assert texts == (expected or row.split(";"))


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;", "sep=;;;", "\ufeffsep=;"])
def test_the_line_of_excel_that_says_the_separator(tmp_path: Path, first: str) -> None:
    file = table(tmp_path, f"{first}\r\nName;Mail, privat\r\nMüller;a,b\r\n")
    assert file.header() == ["Name", "Mail, privat"]
    assert rows(file) == [(3, ["Müller", "a,b"])]


def test_that_line_may_say_any_sign(tmp_path: Path) -> None:
    assert rows(table(tmp_path, "sep=^\nName^Mail\nMüller^a\n")) == [(3, ["Müller", "a"])]
    assert rows(table(tmp_path, "sep=\t\nName\tMail\nMüller\ta\n")) == [(3, ["Müller", "a"])]


@pytest.mark.parametrize("blank", ["\r\n", "\n\n\n", ";\r\n", ";;;;\n\n", '"";""\n', "  \n"])
def test_blank_lines_before_the_header(tmp_path: Path, blank: str) -> None:
    file = table(tmp_path, f"{blank}Name;Mail\nMüller;a@example.org\n")
    assert [texts for _, texts in rows(file)] == [["Müller", "a@example.org"]]
    assert [number for number, _ in rows(file)] == [blank.count("\n") + 2]


TITLES = "Liste vom 1.12.2026\n\nName;Vorname;Mail\nMüller;Änne;a@example.org\n"


def test_titles_above_the_header(tmp_path: Path) -> None:
    assert rows(table(tmp_path, TITLES, header_row=3)) == [(4, ["Müller", "Änne", "a@example.org"])]
    assert table(tmp_path, TITLES, wanted=["Name", "Mail"]).row_with(["Name", "Mail"]) == 3
    with pytest.raises(SourceError, match=r"liste\.csv:3: header_row: no row begins"):
        table(tmp_path, TITLES.replace("\n\n", '\n"\n"\n', 1), header_row=3).header()


def test_of_two_separators_the_one_with_the_headers_is_meant(tmp_path: Path) -> None:
    text = "Nachname, Vorname;Mail\nMüller, Änne;a@example.org\n"
    file = table(tmp_path, text, wanted=["Nachname, Vorname", "Mail"])
    assert rows(file) == [(2, ["Müller, Änne", "a@example.org"])]
    with pytest.raises(SourceError, match="could be separated by ; or ,") as caught:
        table(tmp_path, text).header()
    assert "separator:" in str(caught.value)
    assert rows(table(tmp_path, text, separator=";"))[0][1] == ["Müller, Änne", "a@example.org"]
    assert table(tmp_path, text, separator=",").header() == ["Nachname", "Vorname;Mail"]


def test_a_list_of_one_column(tmp_path: Path) -> None:
    file = table(tmp_path, "Mail\na@example.org\nb@example.org\n", wanted=["Mail"])
    assert [texts for _, texts in rows(file)] == [["a@example.org"], ["b@example.org"]]
    assert rows(table(tmp_path, "Name\nMüller, Änne\n"))[0][1] == ["Müller, Änne"]


@pytest.mark.parametrize(
    ("header", "row", "expected"),
    [
        ("Name;;Mail", "Müller;;a", ["Müller", "a"]),
        ("Name;;Mail", "Müller;egal;a", ["Müller", "a"]),
        ("Name;Mail;;;", "Müller;a;;;", ["Müller", "a"]),
        ("Name;Mail;;;", "Müller;a", ["Müller", "a"]),
        (";Name;Mail", "0;Müller;a", ["Müller", "a"]),
        ("Name;Mail", "Müller;a;;", ["Müller", "a"]),
        ("Name;Mail;;", "Müller;Änne;a;", [None, None]),
        ("Name;Mail", "Müller", [None, None]),
        ("Name;Mail", "Müller;Änne;a", [None, None]),
        ("Name;Mail", 'Müller; "a"', ["Müller", None]),
    ],
)
def test_columns_without_a_header_and_rows_of_another_length(
    tmp_path: Path, header: str, row: str, expected: list[str | None]
) -> None:
    file = table(tmp_path, f"{header}\n{row}\nGroß;x;x;x;\n", separator=";")
    assert rows(file)[0][1] == expected


def test_a_text_that_may_go_on_in_the_next_line(tmp_path: Path) -> None:
    """A line end without quotes cuts the last cell; nobody gets half of a text."""
    file = table(tmp_path, "Name;Ort;Notiz\nA;Ulm;Zeile 1\nund Zeile 2\nB;Ulm;x\n")
    assert rows(file) == [
        (2, ["A", "Ulm", None]),
        (3, [None, None, None]),
        (4, ["B", "Ulm", "x"]),
    ]


def test_a_program_that_leaves_out_empty_cells_at_the_end(tmp_path: Path) -> None:
    text = "Name;Mail;Ort;Notiz\nA;a;Köln;x\nB;b\nC;c;Ulm\nD;;;x\n"
    assert [texts for _, texts in rows(table(tmp_path, text))] == [
        ["A", "a", "Köln", "x"],
        ["B", "b", "", ""],
        ["C", "c", "Ulm", ""],
        ["D", "", "", "x"],
    ]
    # A row that ends with an empty cell says that this one does not.
    (_, a), (_, b), *_ = rows(table(tmp_path, text + "E;e;;\n"))
    assert (a, b) == (["A", "a", "Köln", "x"], [None] * 4)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('Name;Mail\nA;a\n"B;b\nC;c\n', 3, "does not close"),
        ('Name;Mail\nA;a\n"B"x;b\n', 3, "within a quoted cell"),
        ('Name;Mail\nA;a\n"von \\"B\\"";b\n', 3, "within a quoted cell"),
        ('Name;Mail;Ort\nA;a;x\n"B;b;x\nC;c;x\nD";d;x\n', 3, "takes in the next ones"),
        ('Name;Mail;Ort;PLZ\nA;a;x;1\nB;"b;x;2\nC;c";x;3\n', 3, "takes in the next ones"),
        ('Name;Mail;Ort\nA;a;x\nB;b;"x\nC;c;x\nD;d;x"\n', 3, "takes in the next ones"),
        ("Name;Mail;Name\nA;a;b\n", 1, "'Name' stands there twice"),
        ("", None, "holds no header"),
        ("\n\n;;\n", None, "holds no header"),
    ],
)
def test_a_file_that_is_no_table_is_refused_with_its_line(
    tmp_path: Path, text: str, line: int | None, words: str
) -> None:
    with pytest.raises(SourceError, match=words) as caught:
        rows(table(tmp_path, text))
    (problem,) = caught.value.problems
    assert problem.line == line


@pytest.mark.parametrize(
    "text",
    [
        'Name;Mail\nA;a\n"B;b\nC";c\n',
        'Name;Mail\nA;a\nB;"b\nC;c"\n',
        'Name;Mail\nA;a\nB;"b\nC;c\nd"\n',
        'Name;Mail;Ort\nA;a;x\nB;"b;x\nC;c";x\n',
    ],
)
def test_a_row_that_may_be_several_is_not_taken(tmp_path: Path, text: str) -> None:
    """One person's name with the next one's address, or a text with a semicolon in it."""
    first, second = rows(table(tmp_path, text))
    assert first[1][:2] == ["A", "a"]
    assert second == (3, [None] * len(first[1]))


def test_the_line_of_a_row_counts_lines_within_cells(tmp_path: Path) -> None:
    text = 'Name;Notiz\nA;"eins\nzwei\n\nvier"\nB;x\n"C;x\n'
    with pytest.raises(SourceError, match=r"liste\.csv:7: .*does not close"):
        rows(table(tmp_path, text))
    assert [number for number, _ in rows(table(tmp_path, text[:-5]))] == [2, 6]


@pytest.mark.parametrize("text", ["#NV", "#N/A", "#WERT!", "###", "#######", "Fehler:502"])
def test_what_a_spreadsheet_could_not_compute_is_no_value(tmp_path: Path, text: str) -> None:
    assert rows(table(tmp_path, f"Name;Mail\nMüller;{text}\n")) == [(2, ["Müller", None])]


@pytest.mark.parametrize("text", ["#1", "Haus #3", "#Yoga", "Fehler", "F5", "E-Bike"])
def test_what_only_looks_like_it_is_one(tmp_path: Path, text: str) -> None:
    assert rows(table(tmp_path, f"Name;Mail\nMüller;{text}\n")) == [(2, ["Müller", text])]


def test_files_that_were_put_together(tmp_path: Path) -> None:
    one = "\ufeffName;Mail\nMüller;a\n"
    texts = [row for _, row in rows(table(tmp_path, one + one.replace("Müller", "Groß")))]
    assert texts == [["Müller", "a"], ["Name", "Mail"], ["Groß", "a"]]


@pytest.mark.parametrize("name", ["liste.txt", "liste.tsv", "LISTE.CSV"])
def test_other_names_of_text_files(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes("Name\tMail\r\nMüller\ta\r\n".encode("utf-16"))
    assert rows(TableFile(tmp_path / name, name)) == [(2, ["Müller", "a"])]


@pytest.mark.parametrize(
    ("encoding", "notes"),
    [
        ("utf-8", []),
        ("utf-8-sig", []),
        ("cp1252", ["liste.csv: is read as windows-1252"]),
        ("utf-16", ["liste.csv: is read as utf-16"]),
    ],
)
def test_how_a_file_was_read_is_told(tmp_path: Path, encoding: str, notes: list[str]) -> None:
    path = tmp_path / "liste.csv"
    path.write_bytes("Name;Mail\nMüller;a\n".encode(encoding))
    assert TableFile(path, "liste.csv").notes() == notes


@pytest.mark.parametrize(
    ("written", "named"),
    [
        ("E-Mail\xa0privat", "E-Mail privat"),
        ('"E-Mail\n privat"', "E-Mail privat"),
        ("E-Mail  privat", "E-Mail privat"),
        ("\u200bE-Mail privat", "E-Mail privat"),
        ("Gro\u0308\xdfe", "Gr\xf6\xdfe"),
        ('="E-Mail privat"', "E-Mail privat"),
    ],
)
def test_a_header_is_what_is_seen_of_it(tmp_path: Path, written: str, named: str) -> None:
    assert table(tmp_path, f"Name;{written}\nM\xfcller;a\n").header() == ["Name", named]


@pytest.mark.parametrize(
    ("written", "seen"),
    [('="01067"', "01067"), ('"=""01067"""', "01067"), ("=A1", "=A1"), ("'01067", "'01067"),
     ("4,91711E+11", None), ("4.9E+11", None), ("1E5", "1E5"), ("2E-Bike", "2E-Bike")],
)  # fmt: skip
def test_how_spreadsheets_write_numbers_as_text(
    tmp_path: Path, written: str, seen: str | None
) -> None:
    ((_, (text, _)),) = rows(table(tmp_path, f"PLZ;Name\n{written};M\xfcller\n"))
    assert text == seen
