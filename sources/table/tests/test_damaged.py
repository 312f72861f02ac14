"""Whatever stands in a file: it is read, or refused with its name; it is never a bug."""

from __future__ import annotations

from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING
from zipfile import ZipFile

import xlsxwriter  # type: ignore[import-untyped]
from hypothesis import example, given
from hypothesis import strategies as st

from serienpost import SourceError
from serienpost_source_table.files import TableFile
from serienpost_source_table.table import Reading

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

PIECES = [
    b"", b'"', b"<", b">", b"/", b"0", b"-1", b"9999999999", b"1e5", b"NaN", b"r=", b's="7"',
    b't="d"', b"&#0;", b"\xff", b"\x81", b"\xc3", b"\x00", b"\xff\xfe", b"\x1a", b";", b",",
    b"[", b"\\", b"\r", b"\n", b"sep=;\n", b"#NV", b'hidden="1"',
]  # fmt: skip
# Where something is put, what, and how many bytes it takes the place of.
EDITS = st.lists(
    st.tuples(st.floats(0, 1), st.sampled_from(PIECES), st.integers(0, 30)), min_size=1, max_size=4
)
TEXT = 'Name;Mail;Ort\nMüller;a@x;Köln\n"Groß; Dr.";b@x;"Zeile\nzwei"\nWeiß;c@x;Ulm\n'
PARTS = ["xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/styles.xml", "xl/sharedStrings.xml",
         "xl/_rels/workbook.xml.rels", "_rels/.rels"]  # fmt: skip


def edited(data: bytes, edits: list[tuple[float, bytes, int]]) -> bytes:
    for place, piece, length in edits:
        at = int(place * len(data))
        data = data[:at] + piece + data[at + length :]
    return data


def assert_read_or_refused(path: Path, reading: Reading) -> None:
    file = TableFile(path, path.name, reading=reading)
    try:
        file.header()
        file.notes()
        for line in file.lines():
            assert all(cell.fault or cell.text is not None for cell in line.values.values())
    except SourceError as error:
        refused = error.problems
    else:
        refused = ()
    assert all(problem.file == path.name for problem in refused)


@given(
    edits=EDITS,
    encoding=st.sampled_from(["utf-8", "cp1252", "utf-16", "mac_roman", "cp850"]),
    said=st.sampled_from([None, "utf-8", "cp850", "utf-8-twice", "utf-16"]),
    header_row=st.sampled_from([None, 2]),
)
@example([(0.0, b"\x1a", 0)], "cp850", None, None)
def test_a_damaged_text_file(
    tmp_path_factory: pytest.TempPathFactory,
    edits: list[tuple[float, bytes, int]],
    encoding: str,
    said: str | None,
    header_row: int | None,
) -> None:
    path = tmp_path_factory.mktemp("text") / "liste.csv"
    path.write_bytes(edited(TEXT.encode(encoding), edits))
    assert_read_or_refused(path, Reading(encoding=said, header_row=header_row))


@cache
def parts_of_a_workbook() -> dict[str, bytes]:
    made = BytesIO()
    with xlsxwriter.Workbook(made) as book:
        sheet = book.add_worksheet("Liste")
        code = book.add_format({"num_format": "00000"})
        day = book.add_format({"num_format": "dd.mm.yyyy hh:mm"})
        sheet.write_row(0, 0, ["Name", "PLZ", "Tag", "Formel"])
        for row in range(1, 6):
            sheet.write(row, 0, f"Müller {row}")
            sheet.write(row, 1, 1067, code)
            sheet.write(row, 2, 46358.375, day)
            sheet.write_formula(row, 3, "=A1", None, "x")
        sheet.set_row(3, None, None, {"hidden": True})
        sheet.merge_range("A8:B9", "zusammen")
        book.add_worksheet("Leer")
    with ZipFile(made) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@given(edits=EDITS, part=st.sampled_from(PARTS), sheet=st.sampled_from([None, "Liste"]))
def test_a_damaged_workbook(
    tmp_path_factory: pytest.TempPathFactory,
    edits: list[tuple[float, bytes, int]],
    part: str,
    sheet: str | None,
) -> None:
    path = tmp_path_factory.mktemp("buch") / "liste.xlsx"
    parts = parts_of_a_workbook()
    with ZipFile(path, "w") as archive:
        for name, data in (parts | {part: edited(parts[part], edits)}).items():
            archive.writestr(name, data)
    assert_read_or_refused(path, Reading(sheet=sheet))
