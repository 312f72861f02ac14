"""An XLSX file that would take too much time or memory is refused before it is read."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zipfile import ZIP_DEFLATED, ZipFile

import openpyxl
import pytest

from serienpost import SourceError
from serienpost_source_table import limits
from serienpost_source_table.files import TableFile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_NAMES = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_HEADER = '<row r="1"><c r="A1" t="inlineStr"><is><t>email</t></is></c></row>'


def workbook(path: Path, sheet: bytes | None = None, **more: bytes) -> TableFile:
    """An XLSX file whose sheet, or other parts, are these bytes."""
    plain = path.with_name("plain.xlsx")
    book = openpyxl.Workbook()
    book.active["A1"], book.active["A2"] = "email", "a@example.org"
    book.save(plain)
    with ZipFile(plain) as old, ZipFile(path, "w", ZIP_DEFLATED) as new:
        for name in old.namelist():
            is_sheet = name == "xl/worksheets/sheet1.xml"
            new.writestr(name, sheet if is_sheet and sheet is not None else old.read(name))
        for name, data in more.items():
            new.writestr(name.replace("_", "/") + ".xml", data)
    return TableFile(path, path.name)


def made(rows: str, *, begin: str = "", names: str = _NAMES) -> bytes:
    return f"{begin}<worksheet {names}><sheetData>{rows}</sheetData></worksheet>".encode()


def read(file: TableFile) -> int:
    return sum(1 for _ in file.lines())


def test_an_ordinary_file_is_read(tmp_path: Path) -> None:
    assert read(workbook(tmp_path / "a.xlsx")) == 1


@pytest.mark.parametrize(
    ("sheet", "message"),
    [
        (lambda: made(f"<row>{'<c/>' * 50_000}</row>" * 301), "more than 15,000,000 tags"),
        (lambda: made("<row/>" * (limits.MOST_ROWS + 1)), "or 1,048,576 rows"),
        (lambda: made(f"<row>{'<c/>' * (limits.MOST_TAGS_IN_ROW + 1)}</row>"), "cells in one row"),
        (
            lambda: made(f"<x:row>{'<c/>' * 100_000}</x:row>", names=f'xmlns:x="x" {_NAMES}'),
            "cells in one row",
        ),
        (lambda: made(_HEADER + '<row r="1048577"/>'), "more than 1,048,576 rows"),
        (
            lambda: made(_HEADER, begin='<?xml version="1.0" encoding="UTF-7"?>'),
            "not written in UTF-8",
        ),
        (lambda: made(_HEADER).decode().encode("utf-16"), "not written in UTF-8"),
        (lambda: made(_HEADER, begin='<!DOCTYPE x [<!ENTITY a "b">]>'), "with a DOCTYPE"),
        (lambda: made("<" + "a" * 5_000_000), "does not end"),
    ],
)
def test_what_would_take_too_much_is_refused(
    tmp_path: Path, sheet: Callable[[], bytes], message: str
) -> None:
    file = workbook(tmp_path / "a.xlsx", sheet())
    assert file.path.stat().st_size < 3_000_000
    with pytest.raises(SourceError, match=message) as caught:
        read(file)
    assert "save the rows that are needed as CSV" in str(caught.value)


def test_cells_far_to_the_right_are_no_cells_in_between(tmp_path: Path) -> None:
    far = "".join(f'<row r="{n}"><c r="XFD{n}"><v>1</v></c></row>' for n in range(2, 2000))
    assert read(workbook(tmp_path / "a.xlsx", made(_HEADER + far))) == 0


def test_what_unpacks_to_too_much_is_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = workbook(tmp_path / "a.xlsx")
    with ZipFile(file.path, "a", ZIP_DEFLATED) as archive, archive.open("x.xml", "w") as part:
        for _ in range(limits.LARGEST_UNPACKED // 1_000_000 + 1):
            part.write(bytes(1_000_000))
    monkeypatch.setattr(ZipFile, "open", lambda *_: pytest.fail("it was unpacked"))
    with pytest.raises(SourceError, match="unpacks to more than 250 MB"):
        read(file)


def test_every_part_counts(tmp_path: Path) -> None:
    """Not the sheet alone: strings and styles are read whole."""
    strings = b"<sst>" + b"<si/>" * limits.MOST_TAGS + b"</sst>"
    with pytest.raises(SourceError, match="tags"):
        read(workbook(tmp_path / "a.xlsx", xl_sharedStrings=strings))


TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml."


def replaced(file: TableFile, name: str, data: bytes, *types: str, rels: str = "") -> TableFile:
    """The same file with another part, of these types, and with more references of the book."""
    with ZipFile(file.path) as old:
        parts = {one: old.read(one) for one in old.namelist()}
    overrides = "".join(f'<Override PartName="/{name}" ContentType="{TYPE}{t}"/>' for t in types)
    known = parts["[Content_Types].xml"].replace(b"</Types>", f"{overrides}</Types>".encode())
    parts |= {name: data, "[Content_Types].xml": known}
    of_book = "xl/_rels/workbook.xml.rels"
    parts[of_book] = parts[of_book].replace(b"</Relationships>", f"{rels}</Relationships>".encode())
    with ZipFile(file.path, "w", ZIP_DEFLATED) as new:
        for one, content in parts.items():
            new.writestr(one, content)
    return file


CHARTS = (
    '<Relationship Id="x" Target="a.xml" Type="http://schemas.openxmlformats.org/officeDocument'
    '/2006/relationships/char&#116;sheet"/>'
)


@pytest.mark.parametrize(
    ("name", "types", "rels"),
    [
        ("xl/styles.xml", (), ""),
        ("xl/styles.xml", ("worksheet+xml",), ""),
        ("docProps/custom.xml", ("sharedStrings+xml",), ""),
        ("xl/a.xml", (), ""),
        ("xl/a.xml", ("worksheet+xml", "sheet.main+xml"), ""),
        ("xl/a.xml", ("worksheet+xml",), CHARTS),
        ("xl/_rels/a.rels", ("worksheet+xml",), ""),
    ],
)
def test_tags_that_become_objects_are_few(
    tmp_path: Path, name: str, types: tuple[str, ...], rels: str
) -> None:
    """Of 20 kB of styles 400 MB of memory were made."""
    data = b"<a>" + b"<b/>" * limits.MOST_TAGS_AT_ONCE + b"</a>"
    file = replaced(workbook(tmp_path / "a.xlsx"), name, data, *types, rels=rels)
    with pytest.raises(SourceError, match="500,000 tags beside its cells"):
        read(file)


def test_texts_of_cells_are_not_too_many(tmp_path: Path) -> None:
    data = b"<sst>" + b"<si/>" * limits.MOST_TAGS_OF_TEXTS + b"</sst>"
    file = workbook(tmp_path / "a.xlsx")
    replaced(file, "xl/sharedStrings.xml", data, "sharedStrings+xml")
    with pytest.raises(SourceError, match="3,000,000 tags of texts"):
        read(file)


def test_cells_and_texts_may_be_many(tmp_path: Path) -> None:
    cells = _HEADER + "<row><c/></row>" * (limits.MOST_TAGS_AT_ONCE // 2)
    assert read(workbook(tmp_path / "a.xlsx", made(cells))) == 0


@pytest.mark.parametrize("sign", ['a{}="1" ', "{}"])
def test_a_tag_or_a_text_without_end_is_refused(tmp_path: Path, sign: str) -> None:
    """Millions of attributes stand in one tag."""
    long = " ".join(sign.format(n) for n in range(400_000))
    data = f"<styleSheet {long}/>" if "a" in sign else f"<styleSheet>{long}</styleSheet>"
    file = replaced(workbook(tmp_path / "a.xlsx"), "xl/styles.xml", data.encode())
    with pytest.raises(SourceError, match="a tag or a text of more than"):
        read(file)


def test_one_row_of_many_lines_is_refused(tmp_path: Path) -> None:
    """Each line is short, and so is each cell."""
    path = tmp_path / "a.csv"
    path.write_text("a;b\n1;2\n" + '"\n";' * 3_000_000, "utf-8")
    with pytest.raises(SourceError, match=r"a\.csv:3: the row has more than 10,000,000"):
        read(TableFile(path, path.name))


def test_a_part_that_is_larger_than_it_says_is_not_unpacked_further(tmp_path: Path) -> None:
    file = workbook(tmp_path / "a.xlsx", made(_HEADER + " " * 50_000_000))
    data = file.path.read_bytes()
    size = len(made(_HEADER + " " * 50_000_000)).to_bytes(4, "little")
    file.path.write_bytes(data.replace(size, (1000).to_bytes(4, "little")))
    with pytest.raises(SourceError, match="no readable XLSX"):
        read(file)


@pytest.mark.parametrize("border", range(limits._PIECE - 12, limits._PIECE + 3))
def test_a_row_is_seen_wherever_it_begins(tmp_path: Path, border: int) -> None:
    begin = made("").partition(b"</sheetData>")[0]
    filled = begin + b" " * (border - len(begin))
    cells = b"<c/>" * (limits.MOST_TAGS_IN_ROW + 1)
    sheet = filled + b"<row>" + cells + b"</row></sheetData></worksheet>"
    with pytest.raises(SourceError, match="cells in one row"):
        read(workbook(tmp_path / "a.xlsx", sheet))


def test_a_file_is_not_measured_by_its_own_word(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with path.open("wb") as file:
        file.truncate(limits.LARGEST_FILE + 1)
    with pytest.raises(SourceError, match="larger than 50 MB"):
        read(TableFile(path, path.name))


def test_a_line_of_csv_without_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"x" * 20_000_000)
    with pytest.raises(SourceError, match="the line is too long"):
        read(TableFile(path, path.name))


@pytest.mark.parametrize(
    ("row", "beside", "message"),
    [
        ("", "<mergeCell ref='A1:B2'/>" * 100_001, "areas of merged cells"),
        ("".join(f'<f si="{n}">1</f>' for n in range(30_000)), "", ""),
        ("", '<col min="1" max="1" hidden="1"/>' * 16_385, "more hidden columns than columns"),
    ],
)
def test_what_is_kept_while_reading_is_little(
    tmp_path: Path, row: str, beside: str, message: str
) -> None:
    rows = "".join(f"<row><c>{row}<v>1</v></c></row>" for _ in range(4))
    sheet = made(_HEADER + rows).replace(b"</sheetData>", f"</sheetData>{beside}".encode())
    file = workbook(tmp_path / "a.xlsx", sheet)
    if not message:
        assert read(file) == 4
        return
    with pytest.raises(SourceError, match=message):
        read(file)


def test_a_text_of_many_pieces_takes_no_longer_than_one(tmp_path: Path) -> None:
    pieces = f"<t>{'x' * 1000}</t>" * 40_000
    sheet = made(_HEADER + f'<row><c t="inlineStr"><is>{pieces}</is></c></row>')
    with pytest.raises(SourceError, match="more than 100,000 characters"):
        read(workbook(tmp_path / "a.xlsx", sheet))


def test_an_archive_of_another_name_is_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = workbook(tmp_path / "a.xlsx").path.rename(tmp_path / "a.csv")
    monkeypatch.setattr(ZipFile, "open", lambda *_: pytest.fail("it was unpacked"))
    with pytest.raises(SourceError, match=r"call it \.xlsx"):
        read(TableFile(path, path.name))


@pytest.mark.parametrize("line", [b"a" * 5_000_000 + b"\xfc", b"\xfc" * 5_000_000])
def test_a_long_word_takes_no_longer_than_many_short_ones(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"a;b\n1;" + line + b"\n")
    with pytest.raises(SourceError):
        read(TableFile(path, path.name))
