"""XLSX files as a person sees them: what stands in the cells, and what is hidden."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
import xlsxwriter  # type: ignore[import-untyped]
from openpyxl import Workbook
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.chart import BarChart

from serienpost import SourceError
from serienpost_source_table.files import TableFile
from serienpost_source_table.table import Reading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from serienpost_source_table.cells import Cell

HEADER = ["Name", "PLZ", "Mail"]
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def table(path: Path, *, wanted: Iterable[str] = (), **said: object) -> TableFile:
    return TableFile(path, path.name, reading=Reading(wanted=frozenset(wanted), **said))  # type: ignore[arg-type]


def rows(file: TableFile) -> list[list[str | None]]:
    """The texts of each row, None where a cell cannot be taken."""
    return [
        [None if cell.fault else cell.text for cell in line.values.values()]
        for line in file.lines()
    ]


def saved(tmp_path: Path, fill: Callable[[Workbook], None]) -> Path:
    book = Workbook()
    fill(book)
    path = tmp_path / "liste.xlsx"
    book.save(path)
    return path


def one_cell(tmp_path: Path, value: object, number_format: str | None = None) -> Cell:
    """What is read of a cell that openpyxl wrote."""

    def fill(book: Workbook) -> None:
        book.active.append(["Wert", "Ende"])
        book.active.append([value, "x"])
        if number_format:
            book.active["A2"].number_format = number_format

    (line,) = table(saved(tmp_path, fill)).lines()
    return line.values["Wert"]


def raw(
    path: Path,
    rows_xml: str,
    *,
    strings: str = "",
    styles: str = "",
    book: str = "",
    sheets: str = '<sheet name="Tabelle1" sheetId="1" r:id="r1"/>',
    beside: str = "",
    before: str = "",
    namespace: str = MAIN,
    office: str = OFFICE,
    relations: str = "",
) -> Path:
    """An XLSX file of these pieces of XML, without what is optional."""
    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/'
        'content-types"><Default Extension="xml" ContentType="application/xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="r" '
        f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{namespace}" xmlns:r="{office}">{book}'
        f"<sheets>{sheets}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}">'
        f'<Relationship Id="r1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="r2" Type="{office}/sharedStrings" Target="/xl/sharedStrings.xml"/>'
        f'<Relationship Id="r3" Type="{office}/styles" Target="styles.xml"/>{relations}'
        "</Relationships>",
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{namespace}">{before}'
        f"<sheetData>{rows_xml}</sheetData>{beside}</worksheet>",
        "xl/sharedStrings.xml": f'<sst xmlns="{namespace}">{strings}</sst>',
        "xl/styles.xml": f'<styleSheet xmlns="{namespace}">{styles}</styleSheet>',
    }
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text.encode())
    return path


def text_row(number: int, *texts: str, more: str = "") -> str:
    cells = "".join(f'<c t="inlineStr"><is><t>{text}</t></is></c>' for text in texts)
    return f'<row r="{number}"{more}>{cells}</row>'


def changed(path: Path, part: str, change: Callable[[str], str]) -> Path:
    """The same file with another text of one of its parts."""
    with ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts[part] = change(parts[part].decode()).encode()
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return path


@pytest.mark.parametrize(
    ("value", "number_format", "text", "known"),
    [
        (1067, "00000", "01067", Decimal(1067)),
        (1067, "General", "1067", Decimal(1067)),
        (1067, '"D-"00000', "D-01067", Decimal(1067)),
        (1067.0, "[<=99999]00000;General", "01067", Decimal(1067)),
        (3511234567, '0000" / "0000000', "0351 / 1234567", Decimal(3511234567)),
        (17112345678, "General", "17112345678", Decimal(17112345678)),
        (49.9, "General", "49,9", Decimal("49.9")),
        (49.9, '#,##0.00\\ "€"', "49,90 €", Decimal("49.90")),
        (1234.5, "#,##0.00\\ [$€-407]", "1.234,50 €", Decimal("1234.50")),
        (-1234.5, '#,##0.00 "€";[Red]-#,##0.00 "€"', "-1.234,50 €", Decimal("-1234.50")),
        (0.1 + 0.2, "General", "0,3", Decimal("0.3")),
        (1 / 3, "General", "0,333333333", Decimal("0.333333333")),
        (49.6, "0", "50", Decimal(50)),
        (0.19, "0%", "19%", Decimal("0.19")),
        (0.075, "0.0%", "7,5%", Decimal("0.075")),
        (3, '0" Stück"', "3 Stück", Decimal(3)),
        (0, '0;-0;"entfällt"', "entfällt", None),
        (5, ";;;", "", None),
        (1234567.891, "#,##0.0,", "1.234,6", Decimal(1234600)),
        (1234567.891, '0.00,," Mio."', "1,23 Mio.", Decimal(1230000)),
        (1234567.891, "0,.0", "1234,6", Decimal(1234600)),
        (True, None, "WAHR", True),
        (False, None, "FALSCH", False),
        ("01067", "@", "01067", None),
        ("Müller", '"Frau "@', "Frau Müller", None),
        ("  Groß \n", None, "Groß", None),
    ],
)
def test_a_cell_is_read_as_its_number_format_shows_it(
    tmp_path: Path, value: object, number_format: str | None, text: str, known: object
) -> None:
    cell = one_cell(tmp_path, value, number_format)
    assert (cell.text, cell.value, cell.fault) == (text, known, None)


DAY = datetime(2026, 12, 2, 9, 0)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("value", "number_format", "text", "known"),
    [
        (DAY, "dd.mm.yyyy hh:mm", "02.12.2026 09:00", DAY),
        (DAY, "yyyy-mm-dd h:mm:ss", "2026-12-02 9:00:00", DAY),
        (DAY, "dd/mm/yyyy h:mm", "02.12.2026 9:00", DAY),
        (DAY, 'dddd", den "d. mmmm yyyy', "Mittwoch, den 2. Dezember 2026", DAY.date()),
        (DAY, "ddd d. mmm yy", "Mi 2. Dez 26", DAY.date()),
        (DAY, "[$-F800]dddd, mmmm dd, yyyy", "Mittwoch, 2. Dezember 2026", DAY.date()),
        (DAY, "[$-409]d-mmm-yyyy", "2-Dec-2026", DAY.date()),
        (DAY, "[$-en-GB]d mmm yyyy", "2 Dec 2026", DAY.date()),
        (DAY, "[$-de-DE]d. mmmm yyyy;@", "2. Dezember 2026", DAY.date()),
        (DAY, "[$-1010407]d. mmmm yyyy;@", "2. Dezember 2026", DAY.date()),
        (date(2027, 1, 2), "[$-C07]d. mmmm yyyy", "2. Jänner 2027", date(2027, 1, 2)),
        (date(2027, 1, 2), "[$-de-AT]d. mmm yyyy", "2. Jän 2027", date(2027, 1, 2)),
        (DAY, "[$-x-sysdate]dddd, mmmm dd, yyyy", "Mittwoch, 2. Dezember 2026", DAY.date()),
        (DAY, "[$-x-systime]h:mm:ss AM/PM", "09:00:00", time(9)),
        (DAY, "h:mm AM/PM", "9:00 AM", time(9)),
        (DAY, "mmmm yyyy", "Dezember 2026", None),
        (DAY.date(), "mm-dd-yy", "02.12.2026", DAY.date()),
        (DAY.date(), "dd.mm.yy", "02.12.26", DAY.date()),
        (time(9, 5), "hh:mm", "09:05", time(9, 5)),
        (timedelta(hours=26, minutes=30), "[h]:mm", "26:30", None),
        (timedelta(minutes=90), "[mm]:ss", "90:00", None),
        (date(1900, 1, 1), "dd.mm.yyyy", "01.01.1900", date(1900, 1, 1)),
    ],
)
def test_a_day_is_read_as_it_is_shown_and_no_more_is_known_of_it(
    tmp_path: Path, value: object, number_format: str, text: str, known: object
) -> None:
    cell = one_cell(tmp_path, value, number_format)
    assert (cell.text, cell.value, cell.fault) == (text, known, None)


def test_days_of_the_macintosh_calendar(tmp_path: Path) -> None:
    path = raw(
        tmp_path / "liste.xlsx",
        text_row(1, "Tag") + '<row><c s="0"><v>44896.375</v></c></row>',
        styles='<cellXfs><xf numFmtId="22"/></cellXfs>',
        book='<workbookPr date1904="1"/>',
    )
    assert rows(table(path)) == [["02.12.2026 09:00"]]


@pytest.mark.parametrize(
    ("written", "text"),
    [("2026-12-02", "02.12.2026"), ("2026-12-02T09:00:00", "02.12.2026 09:00"), ("heute", None)],
)
def test_days_that_are_written_as_such(tmp_path: Path, written: str, text: str | None) -> None:
    row = f'<row><c t="d"><v>{written}</v></c></row>'
    assert rows(table(raw(tmp_path / "liste.xlsx", text_row(1, "Tag") + row))) == [[text]]


@pytest.mark.parametrize(
    ("value", "number_format"),
    [
        (491711234567, "General"),
        (4.91711234567e11, "0.00E+00"),
        (12345678901234567, "0"),
        (1.5, "# ?/?"),
        (DAY, "[$-411]ggge mmmm"),
        (DAY, "e-mm-dd"),
        (DAY, "[$-1070000]dd.mm.yyyy"),
        (DAY, "[$-D000000]dd.mm.yyyy"),
        (DAY, "[$-fr-FR]d mmmm yyyy"),
        (-1.5, "dd.mm.yyyy"),
        (0.00001, "General"),
    ],
)
def test_what_cannot_be_seen_whole_is_not_taken(
    tmp_path: Path, value: object, number_format: str
) -> None:
    cell = one_cell(tmp_path, value, number_format)
    assert cell.fault
    assert cell.text == ""


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("Weg 1_x000D_\nHinterhaus", "Weg 1\nHinterhaus"),
        ("a_x005F_x000D_b", "a_x000D_b"),
        ("M_x00FC_ller", "Müller"),
        ("_x000d_\nAbel", "Abel"),
        ("x_xAB_y", "x_xAB_y"),
    ],
)
def test_signs_that_are_written_as_their_code(tmp_path: Path, written: str, text: str) -> None:
    shared = '<row r="2"><c t="s"><v>0</v></c></row>'
    path = raw(
        tmp_path / "liste.xlsx",
        text_row(1, "Name") + shared + text_row(3, written),
        strings=f"<si><t>{written}</t></si>",
    )
    assert rows(table(path)) == [[text], [text]]


def test_texts_in_several_pieces_and_how_they_sound(tmp_path: Path) -> None:
    pieces = "<r><t>Mül</t></r><r><rPr><b/></rPr><t>ler</t></r><rPh sb='0' eb='1'><t>MU</t></rPh>"
    inline = f'<row r="3"><c t="inlineStr"><is>{pieces}</is></c></row>'
    path = raw(
        tmp_path / "liste.xlsx",
        text_row(1, "Name") + '<row r="2"><c t="s"><v>0</v></c></row>' + inline,
        strings=f"<si>{pieces}</si>",
    )
    assert rows(table(path)) == [["Müller"], ["Müller"]]
    rich = CellRichText("von ", TextBlock(InlineFont(b=True), "Groß"))
    assert one_cell(tmp_path, rich).text == "von Groß"


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ('<c t="e"><v>#N/A</v></c>', None),
        ('<c t="e"><f>1/0</f><v>#DIV/0!</v></c>', None),
        ('<c t="inlineStr"><is><t>#NV</t></is></c>', None),
        ("<c><f>A1</f></c>", None),
        ("<c><f>A1</f><v></v></c>", None),
        ('<c t="str"><f>IF(1,"","")</f><v></v></c>', ""),
        ('<c t="str"><f>A1</f><v>Abel</v></c>', "Abel"),
        ("<c><f>TODAY()+1</f><v>46358</v></c>", None),
        ('<c><f t="shared" ref="A2:A3" si="0">NOW()</f><v>46358</v></c>', None),
        ('<c t="inlineStr"><is><t>MÃ¼ller</t></is></c>', None),
        ('<c t="inlineStr"><is><t>M\ufffdller</t></is></c>', None),
        ("<c><v>NaN</v></c>", None),
        ("<c><v>1E+400</v></c>", None),
    ],
)
def test_errors_and_formulas(tmp_path: Path, cell: str, text: str | None) -> None:
    path = raw(
        tmp_path / "liste.xlsx",
        text_row(1, "Wert", "Ende")
        + f'<row r="2">{cell}<c t="inlineStr"><is><t>x</t></is></c></row>',
    )
    assert rows(table(path)) == [[text, "x"]]


def test_a_formula_that_shares_one_that_is_computed_anew(tmp_path: Path) -> None:
    path = raw(
        tmp_path / "liste.xlsx",
        text_row(1, "Tag")
        + '<row><c><f t="shared" ref="A2:A3" si="0">TODAY()</f><v>46358</v></c></row>'
        + '<row><c><f t="shared" si="0"/><v>46358</v></c></row>',
    )
    assert rows(table(path)) == [[None], [None]]


def test_a_formula_of_a_program_that_does_not_compute(tmp_path: Path) -> None:
    """XlsxWriter writes 0 as the result, and that it is to be computed when opened."""
    path = tmp_path / "liste.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["Zahl", "Summe"])
        sheet.write_number(1, 0, 2)
        sheet.write_formula(1, 1, "=A2*2")
    assert rows(table(path)) == [["2", None]]


def filled(book: Workbook) -> None:
    book.active.append(HEADER)
    for name in ("Abel", "Bär", "Cäsar", "Dürr"):
        book.active.append([name, "01067", f"{name}@example.org"])


def names(file: TableFile) -> list[str]:
    return [line.values["Name"].text for line in file.lines()]


def test_hidden_rows_are_left_out_and_named(tmp_path: Path) -> None:
    def fill(book: Workbook) -> None:
        filled(book)
        book.active.auto_filter.ref = "A1:C5"
        book.active.row_dimensions[2].hidden = True
        book.active.row_dimensions[3].hidden = True
        book.active.row_dimensions[5].hidden = True

    file = table(saved(tmp_path, fill))
    assert names(file) == ["Cäsar"]
    assert [line.number for line in file.lines()] == [4]
    assert any("3 rows hidden" in note and "2-3, 5" in note for note in file.notes())


def test_rows_without_height(tmp_path: Path) -> None:
    path = raw(
        tmp_path / "liste.xlsx",
        text_row(1, "Name")
        + text_row(2, "Abel", more=' ht="0" customHeight="1"')
        + text_row(3, "Bär", more=' ht="0.5"'),
    )
    assert names(table(path)) == ["Bär"]


def test_rows_that_are_hidden_unless_they_say_otherwise(tmp_path: Path) -> None:
    path = raw(
        tmp_path / "liste.xlsx",
        text_row(1, "Name", more=' hidden="0"')
        + text_row(2, "Abel")
        + text_row(3, "Bär", more=' hidden="false"'),
        before='<sheetFormatPr defaultRowHeight="15" zeroHeight="1"/>',
    )
    assert names(table(path)) == ["Bär"]


def test_zeros_that_are_not_shown(tmp_path: Path) -> None:
    def fill(book: Workbook) -> None:
        book.active.append(["Name", "Betrag"])
        book.active.append(["Abel", 0])
        book.active.append(["Bär", 5])
        book.active.sheet_view.showZeros = False

    assert rows(table(saved(tmp_path, fill))) == [["Abel", ""], ["Bär", "5"]]


def test_a_hidden_column_is_read_where_it_is_named_and_told(tmp_path: Path) -> None:
    def fill(book: Workbook) -> None:
        filled(book)
        book.active.column_dimensions["C"].hidden = True

    file = table(saved(tmp_path, fill), wanted=["Name", "Mail"])
    assert rows(file)[0] == ["Abel", "01067", "Abel@example.org"]
    assert any("used though hidden: the column 'Mail'" in note for note in file.notes())
    quiet = table(tmp_path / "liste.xlsx", wanted=["Name"])
    assert not any("hidden" in note for note in quiet.notes())


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_a_hidden_sheet_is_not_meant(tmp_path: Path, state: str) -> None:
    def fill(book: Workbook) -> None:
        book.active.title = "Alt"
        book.active.append(HEADER)
        book.active.append(["Verborgen", "", ""])
        book.active.sheet_state = state
        book.create_sheet("Leer")
        filled_sheet = book.create_sheet("Neu")
        filled_sheet.append(HEADER)
        filled_sheet.append(["Abel", "", ""])
        book.active = 2

    path = saved(tmp_path, fill)
    file = table(path)
    assert names(file) == ["Abel"]
    notes = " ".join(file.notes())
    assert "'Neu' is read" in notes
    assert "'Alt' (hidden)" in notes
    named = table(path, sheet="Alt")
    assert names(named) == ["Verborgen"]
    assert "'Alt' is read, which is hidden" in " ".join(named.notes())


def two_sheets(tmp_path: Path, second: list[str]) -> Path:
    def fill(book: Workbook) -> None:
        filled(book)
        book.active.title = "Patienten"
        book.create_sheet("Rest").append(second)

    return saved(tmp_path, fill)


def test_of_several_sheets_the_only_one_with_the_headers_is_meant(tmp_path: Path) -> None:
    file = table(two_sheets(tmp_path, ["Summe", "3"]), wanted=["Name", "Mail"])
    assert len(names(file)) == 4
    assert any("not read: the sheet 'Rest'" in note for note in file.notes())


@pytest.mark.parametrize(("second", "wanted"), [(HEADER, ["Name"]), (["Summe"], [])])
def test_of_several_sheets_one_is_asked_for(
    tmp_path: Path, second: list[str], wanted: list[str]
) -> None:
    path = two_sheets(tmp_path, second)
    with pytest.raises(
        SourceError, match="several sheets that could be meant: 'Patienten', 'Rest'"
    ) as caught:
        table(path, wanted=wanted).header()
    assert "sheet: NAME" in str(caught.value)
    assert len(names(table(path, wanted=wanted, sheet="Patienten"))) == 4


def test_merged_cells_are_those_of_their_first_row(tmp_path: Path) -> None:
    def fill(book: Workbook) -> None:
        book.active.append(["Name", "Straße", "Ort"])
        book.active.append(["Abel", "Weg 1", "Dresden"])
        book.active.append(["Bär", None, "Dresden"])
        book.active.append(["Cäsar", "Weg 2", None])
        book.active.append(["Dürr", "Weg 3", "Köln"])
        book.active.merge_cells("B2:B3")
        book.active.merge_cells("B4:C4")

    assert rows(table(saved(tmp_path, fill))) == [
        ["Abel", "Weg 1", "Dresden"],
        ["Bär", None, "Dresden"],
        ["Cäsar", "Weg 2", None],
        ["Dürr", "Weg 3", "Köln"],
    ]


@pytest.mark.parametrize("dimension", ["A1", "A1:C2", "A1:XFD1048576", "C3:D4", "Unsinn", None])
def test_what_a_sheet_says_of_its_size_counts_for_nothing(
    tmp_path: Path, dimension: str | None
) -> None:
    written = f'<dimension ref="{dimension}"/>' if dimension else ""
    path = changed(
        saved(tmp_path, filled),
        "xl/worksheets/sheet1.xml",
        lambda text: re.sub(r"<dimension[^>]*>(</dimension>)?", written, text),
    )
    assert names(table(path)) == ["Abel", "Bär", "Cäsar", "Dürr"]


def test_rows_and_cells_without_their_place(tmp_path: Path) -> None:
    """Some programs leave it out; the next row and the next column are meant."""
    path = raw(
        tmp_path / "liste.xlsx",
        text_row(1, "Name", "Mail").replace(' r="1"', "")
        + text_row(2, "Abel", "a@example.org").replace(' r="2"', ""),
    )
    assert rows(table(path)) == [["Abel", "a@example.org"]]


def test_cells_far_away_cost_nothing_and_are_not_looked_at(tmp_path: Path) -> None:
    def fill(book: Workbook) -> None:
        filled(book)
        book.active["XFD3"] = "Stand: gestern"
        book.active["A1048576"] = None

    file = table(saved(tmp_path, fill))
    assert file.header() == HEADER
    assert len(names(file)) == 4


@pytest.mark.parametrize(
    "rows_xml",
    [
        text_row(1, "Name") + text_row(3, "Abel") + text_row(2, "Bär"),
        text_row(1, "Name") + text_row(1, "Abel"),
        text_row(1, "Name") + '<row r="2"><c r="B2"><v>1</v></c><c r="A2"><v>2</v></c></row>',
        text_row(1, "Name") + '<row r="2"><c r="A3"><v>1</v></c></row>',
        text_row(1, "Name") + '<row r="2"><c t="s"><v>7</v></c></row>',
        text_row(1, "Name") + '<row r="2"><c t="z"><v>7</v></c></row>',
    ],
)
def test_a_sheet_in_disorder_is_refused(tmp_path: Path, rows_xml: str) -> None:
    with pytest.raises(SourceError, match=r"is damaged|no readable XLSX"):
        rows(table(raw(tmp_path / "liste.xlsx", rows_xml)))


STRICT = {
    MAIN: "http://purl.oclc.org/ooxml/spreadsheetml/main",
    OFFICE: "http://purl.oclc.org/ooxml/officeDocument/relationships",
}


def test_the_strict_variant(tmp_path: Path) -> None:
    path = raw(
        tmp_path / "liste.xlsx",
        text_row(1, "Name", "Tag")
        + '<row><c t="s"><v>0</v></c><c t="d" s="0"><v>2026-12-02T09:00:00.000</v></c></row>',
        strings="<si><t>Müller</t></si>",
        styles='<cellXfs><xf numFmtId="22"/></cellXfs>',
        namespace=STRICT[MAIN],
        office=STRICT[OFFICE],
    )
    assert rows(table(path)) == [["Müller", "02.12.2026 09:00"]]


def test_names_with_prefixes_and_parts_with_other_slashes(tmp_path: Path) -> None:
    path = saved(tmp_path, filled)
    with ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"].decode()
    sheet = re.sub(r"<(/?)([a-zA-Z])", r"<\1x:\2", sheet).replace("xmlns=", "xmlns:x=")
    parts["xl/worksheets/sheet1.xml"] = sheet.encode()
    with ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name.replace("/worksheets/", "\\Worksheets\\"), data)
    assert len(names(table(path))) == 4


def test_a_workbook_of_charts_alone(tmp_path: Path) -> None:
    def fill(book: Workbook) -> None:
        book.create_chartsheet("Diagramm").add_chart(BarChart())
        del book["Sheet"]

    with pytest.raises(SourceError, match="no sheet with cells, only charts"):
        rows(table(saved(tmp_path, fill)))


def test_a_sheet_of_charts_beside_the_list_is_not_meant(tmp_path: Path) -> None:
    def fill(book: Workbook) -> None:
        filled(book)
        book.create_chartsheet("Diagramm", 0).add_chart(BarChart())

    assert len(names(table(saved(tmp_path, fill)))) == 4


def test_titles_above_the_header(tmp_path: Path) -> None:
    def fill(book: Workbook) -> None:
        book.active.append(["Teilnehmer des Infoabends"])
        book.active.append([])
        book.active.append(HEADER)
        book.active.append(["Abel", "01067", "a@example.org"])
        book.active.merge_cells("A1:C1")

    path = saved(tmp_path, fill)
    assert names(table(path, header_row=3)) == ["Abel"]
    assert table(path).row_with(["Name", "Mail"]) == 3
    with pytest.raises(SourceError, match=r"liste\.xlsx:2: header_row: this row is empty"):
        table(path, header_row=2).header()


def archive(**parts: str) -> bytes:
    from io import BytesIO

    data = BytesIO()
    with ZipFile(data, "w") as file:
        for name, text in parts.items():
            file.writestr(name.replace("__", "/").replace("_", "."), text)
    return data.getvalue()


COMPOUND = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600)
OTHERS: Mapping[str, tuple[bytes, str]] = {
    "xls": (COMPOUND + "Workbook".encode("utf-16-le"), "an old Excel file"),
    "older xls": (bytes.fromhex("0908080000051000"), "an old Excel file"),
    "password": (
        COMPOUND + bytes(4000) + "EncryptedPackage".encode("utf-16-le"),
        "protected by a password",
    ),
    "xlsb": (archive(xl__workbook_bin="x"), "a binary Excel file"),
    "ods": (archive(mimetype="x", content_xml="<a/>"), "an OpenDocument file"),
    "docx": (archive(word__document_xml="<a/>"), "a Word document"),
    "numbers": (archive(Index__Document_iwa="x"), "a file of Apple Numbers"),
    "html": (b"<html><table><tr><td>Name</td></tr></table></html>", "a web page"),
    "spreadsheet 2003": (b'<?xml version="1.0"?><Workbook/>', "an XML file"),
    "pdf": (b"%PDF-1.7", "a PDF"),
    "rtf": (b"{\\rtf1 Name}", "a text document"),
}


@pytest.mark.parametrize("suffix", ["xlsx", "csv"])
@pytest.mark.parametrize("kind", OTHERS)
def test_other_files_are_called_what_they_are(tmp_path: Path, kind: str, suffix: str) -> None:
    data, words = OTHERS[kind]
    path = tmp_path / f"liste.{suffix}"
    path.write_bytes(data)
    with pytest.raises(SourceError, match=words) as caught:
        table(path).header()
    (problem,) = caught.value.problems
    assert problem.hint


@pytest.mark.parametrize(
    ("name", "key"), [("a.xlsx", "encoding"), ("a.xlsx", "separator"), ("a.csv", "sheet")]
)
def test_a_key_of_the_other_kind_of_file(tmp_path: Path, name: str, key: str) -> None:
    path = saved(tmp_path, filled).rename(tmp_path / "a.xlsx")
    (tmp_path / "a.csv").write_text("Name;Mail\n")
    with pytest.raises(SourceError, match=f"{key}: says nothing of"):
        table(path.with_name(name), **{key: ";"}).header()


def test_a_list_under_the_wrong_name(tmp_path: Path) -> None:
    path = saved(tmp_path, filled).rename(tmp_path / "liste.csv")
    with pytest.raises(SourceError, match=r"Excel workbook, .*call it \.xlsx"):
        table(path).header()
    path = tmp_path / "text.xlsx"
    path.write_text("Name;Mail\n")
    with pytest.raises(SourceError, match=r"text file, .*call it \.csv"):
        table(path).header()
