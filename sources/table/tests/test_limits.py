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
            lambda: made(_HEADER + '<row><c r="XFD2"/></row>' + '<row><c r="XFD9"/></row>' * 700),
            "10,000,000 cells",
        ),
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
