"""Lists as LibreOffice and pandas write them (`make tables`): read right, or refused."""

from __future__ import annotations

import csv
import subprocess
from datetime import datetime
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from openpyxl import Workbook
from written_lists import EUROPEAN, GERMAN, HEADER, judged

from serienpost import SourceError
from serienpost_source_table.files import TableFile
from serienpost_source_table.table import Reading

if TYPE_CHECKING:
    from pathlib import Path

READING = Reading(wanted=frozenset(HEADER))
# Numbers of LibreOffice's filter for CSV: separators by their code, encodings by their number. It
# hangs without a window where it would ask whether signs may be lost, as with code pages of MS-DOS.
SEPARATORS = {";": 59, ",": 44, "\t": 9, "|": 124}
ENCODINGS = {"utf-8": 76, "utf-16": 65535, "cp1252": 1, "mac_roman": 2, "iso-8859-15": 22}
MUST_BE_READ = {"utf-8", "utf-16", "cp1252", "iso-8859-15"}


@pytest.fixture(scope="module")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("soffice")


def converted(profile: Path, to: str, *files: Path) -> list[Path]:
    """The files as LibreOffice saves them under a filter, `csv:...` or `xlsx:...`."""
    out = files[0].parent / "out"
    subprocess.run(
        ["soffice", f"-env:UserInstallation=file://{profile}", "--headless", "--convert-to", to,
         "--outdir", out, *files],
        check=True, capture_output=True, timeout=280,
    )  # fmt: skip
    return [out / f"{file.stem}.{to.partition(':')[0]}" for file in files]


def book(path: Path, people: list[list[str]]) -> Path:
    made = Workbook()
    made.active.append([*HEADER, "Termin"])
    for number, person in enumerate(people, start=1):
        made.active.append([*person, datetime(2026, 12, number, 9, 5)])  # noqa: DTZ001
        made.active.cell(number + 1, 5).value = int(person[4])
        made.active.cell(number + 1, 5).number_format = "00000"
        made.active.cell(number + 1, 9).number_format = "dd.mm.yyyy hh:mm"
    made.save(path)
    return path


@pytest.fixture
def books(tmp_path: Path) -> list[Path]:
    """One of German names, one of names from all over Europe."""
    return [book(tmp_path / "german.xlsx", GERMAN), book(tmp_path / "european.xlsx", EUROPEAN)]


@pytest.mark.parametrize("quoted", ["false", "true"])
@pytest.mark.parametrize("separator", SEPARATORS)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_text_files_of_libreoffice(
    books: list[Path], profile: Path, encoding: str, separator: str, quoted: str
) -> None:
    options = f"{SEPARATORS[separator]},34,{ENCODINGS[encoding]},1,,0,{quoted},true,true"
    to = f"csv:Text - txt - csv (StarCalc):{options}"
    has_all = encoding in {"utf-8", "utf-16"}
    lists = [(books[0], GERMAN), (books[1], EUROPEAN)][: 2 if has_all else 1]
    made = converted(profile, to, *(file for file, _ in lists))
    for path, (_, people) in zip(made, lists, strict=True):
        result = judged(TableFile(path, path.name, reading=READING), people)
        assert result == "read" or encoding not in MUST_BE_READ


@pytest.mark.parametrize("to", ["xlsx:Calc MS Excel 2007 XML", "xlsx:Calc Office Open XML"])
def test_workbooks_of_libreoffice(books: list[Path], profile: Path, to: str) -> None:
    for path, people in zip(converted(profile, to, *books), (GERMAN, EUROPEAN), strict=True):
        file = TableFile(path, path.name, reading=READING)
        assert judged(file, people) == "read"
        days = [line.values["Termin"].text for line in file.lines()]
        assert days == [f"{number:02}.12.2026 09:05" for number in range(1, len(people) + 1)]


@pytest.mark.parametrize(
    ("to", "words"), [("xls", "an old Excel file"), ("ods", "an OpenDocument file")]
)
def test_other_files_of_libreoffice(books: list[Path], profile: Path, to: str, words: str) -> None:
    path, _ = converted(profile, to, *books)
    with pytest.raises(SourceError, match=words):
        TableFile(path, path.name).header()
    with pytest.raises(SourceError, match=r"an old Excel file|an OpenDocument file"):
        TableFile(path.rename(path.with_suffix(".xlsx")), "liste.xlsx").header()


PANDAS: list[dict[str, Any]] = [
    {"sep": sep, "encoding": encoding, "quoting": quoting, "index": index, "lineterminator": end}
    for sep, encoding, quoting, index, end in product(
        (";", ",", "\t"),
        ("utf-8", "utf-8-sig", "utf-16", "cp1252", "mac_roman"),
        (csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC),
        (False, True),
        ("\n", "\r\n"),
    )
]


def test_files_of_pandas(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(GERMAN, columns=HEADER)
    for options in PANDAS:
        path = tmp_path / "liste.csv"
        frame.to_csv(path, **options)
        result = judged(TableFile(path, path.name, reading=READING), GERMAN)
        assert result == ("refused" if options["encoding"] == "mac_roman" else "read"), options
    for engine, index, people in product(
        ("openpyxl", "xlsxwriter"), (False, True), (GERMAN, EUROPEAN)
    ):
        path = tmp_path / "liste.xlsx"
        made = pandas.DataFrame(people, columns=HEADER)
        made["Termin"] = pandas.Timestamp("2026-12-02 09:05")
        made.to_excel(path, engine=engine, index=index)
        file = TableFile(path, path.name, reading=READING)
        assert judged(file, people) == "read"
        assert {line.values["Termin"].text for line in file.lines()} == {"2026-12-02 09:05:00"}
