"""Lists as many programs and settings write them: read right, or refused; none read wrong.

`tests/sources/written_tables.py` does the same with programs that this repository does not need
(`make tables`).
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from datetime import datetime
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
import xlsxwriter  # type: ignore[import-untyped]
from openpyxl import Workbook
from written_lists import EUROPEAN, GERMAN, HEADER, judged

from serienpost_source_table.files import TableFile
from serienpost_source_table.table import Reading

if TYPE_CHECKING:
    from pathlib import Path

ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252", "mac_roman", "cp850", "cp437",
             "cp1250", "iso-8859-15", "twice"]  # fmt: skip
SEPARATORS = [";", ",", "\t", "|"]
ENDS = ["\r\n", "\n", "\r"]
QUOTES = {"minimal": csv.QUOTE_MINIMAL, "all": csv.QUOTE_ALL, "escaped": csv.QUOTE_NONE}
MUST_BE_READ = {"utf-8", "utf-8-sig", "utf-16", "cp1252", "iso-8859-15"}


def encoded(text: str, encoding: str) -> bytes:
    if encoding == "twice":
        return text.encode().decode("cp1252", "ignore").encode()
    return text.encode(encoding)


@pytest.mark.parametrize("quoting", QUOTES)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_text_files(tmp_path: Path, encoding: str, quoting: str) -> None:
    """11 encodings, 4 separators, 3 ends of lines, 3 ways to quote, with and without Excel's line,
    two lists: 1,500 files and more."""
    path = tmp_path / "liste.csv"
    reading = Reading(wanted=frozenset(HEADER))
    seen: Counter[str] = Counter()
    for people, separator, end, first in product(
        (GERMAN, [*GERMAN, *EUROPEAN], EUROPEAN), SEPARATORS, ENDS, ("", "sep={}")
    ):
        made = io.StringIO()
        writer = csv.writer(
            made, delimiter=separator, quoting=QUOTES[quoting], lineterminator=end,
            escapechar="\\" if quoting == "escaped" else None,
        )  # fmt: skip
        writer.writerows([HEADER, *people])
        text = (first.format(separator) + end if first else "") + made.getvalue()
        try:
            path.write_bytes(encoded(text, encoding))
        except UnicodeEncodeError:
            continue
        result = judged(TableFile(path, path.name, reading=reading), people)
        seen[result] += 1
        # Python's writer leaves a line end within a cell without quotes where rows end otherwise.
        is_sound = quoting == "all" or (quoting == "minimal" and end != "\r")
        if is_sound and people is GERMAN and encoding in MUST_BE_READ:
            assert result == "read"
    assert seen.total() >= 24


@pytest.mark.parametrize("kind", ["cells", "write only", "formats"])
@pytest.mark.parametrize("people", [GERMAN, EUROPEAN])
def test_workbooks_of_openpyxl(tmp_path: Path, kind: str, people: list[list[str]]) -> None:
    book = Workbook(write_only=kind == "write only")
    sheet = book.create_sheet("Liste", 0)
    sheet.append(HEADER)
    for person in people:
        sheet.append([*map(typed if kind == "formats" else str, person)])
    if kind == "formats":
        for row in sheet.iter_rows(min_row=2):
            row[4].number_format = "00000"
    book.save(tmp_path / "liste.xlsx")
    file = TableFile(tmp_path / "liste.xlsx", "liste.xlsx", reading=Reading(sheet="Liste"))
    assert judged(file, people) == "read"


def typed(text: str) -> Any:  # noqa: ANN401
    return int(text) if text.isdecimal() else text


OPTIONS: list[dict[str, object]] = [
    {},
    {"constant_memory": True},
    {"strings_to_numbers": True},
    {"in_memory": True, "date_1904": True},
    {"use_future_functions": True},
]


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("people", [GERMAN, EUROPEAN])
def test_workbooks_of_xlsxwriter(
    tmp_path: Path, options: dict[str, object], people: list[list[str]]
) -> None:
    path = tmp_path / "liste.xlsx"
    with xlsxwriter.Workbook(path, options) as book:
        sheet = book.add_worksheet("Liste")
        code = book.add_format({"num_format": "00000"})
        day = book.add_format({"num_format": "dd.mm.yyyy hh:mm"})
        sheet.write_row(0, 0, [*HEADER, "Termin"])
        for number, person in enumerate(people, start=1):
            for column, text in enumerate(person):
                sheet.write(number, column, text, code if column == 4 else None)
            moment = datetime(2026, 12, number, 9, 5)  # noqa: DTZ001
            sheet.write_datetime(number, len(person), moment, day)
        sheet.autofilter(0, 0, len(people), 3)
    file = TableFile(path, "liste.xlsx")
    assert judged(file, people) == "read"
    days = [line.values["Termin"].text for line in file.lines()]
    assert days == [f"{number:02}.12.2026 09:05" for number in range(1, len(people) + 1)]
