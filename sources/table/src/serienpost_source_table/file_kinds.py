"""What kind of file it is: by its name, and by its first bytes, which know better."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from serienpost import Texts
from serienpost_source_table.limits import LARGEST_FILE

if TYPE_CHECKING:
    from pathlib import Path

_ = Texts(__name__)

_TEXTS = frozenset({".csv", ".tsv", ".txt"})
_BOOKS = frozenset({".xlsx", ".xlsm"})
_SAVE = _("save it as an Excel workbook (.xlsx)")
_OPEN_AND_SAVE = _("open it in Excel and save it as an Excel workbook (.xlsx)")

_ZIP = b"PK\x03\x04"
# A compound file (MS-CFB 2.2): an old workbook, or the case around an encrypted one, in which a
# stream has this name (MS-OFFCRYPTO 2.3.4).
_COMPOUND = bytes.fromhex("d0cf11e0a1b11ae1")
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
# Old workbooks without a case around them begin so (MS-XLS 2.4.21, BIFF 2 to 5).
_OLD_RECORDS = (b"\x09\x00\x04\x00", b"\x09\x02\x06\x00", b"\x09\x04\x06\x00", b"\x09\x08")
_BEGIN = 4096


class Shown(NamedTuple):
    """What the first bytes say: nothing, or why the file is none that can be read here."""

    message: str | None = None
    hint: str | None = None


def name_kind(path: Path) -> Literal["csv", "xlsx"] | None:
    """What the name says."""
    suffix = path.suffix.lower()
    return "csv" if suffix in _TEXTS else "xlsx" if suffix in _BOOKS else None


def shown_kind(path: Path) -> Shown:
    """What the first bytes say.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        begin = file.read(_BEGIN)
        if begin.startswith(_COMPOUND) and _ENCRYPTED in begin + file.read(LARGEST_FILE):
            return Shown(_("is protected by a password"), _("save it without one"))
    if begin.startswith((_COMPOUND, *_OLD_RECORDS)):
        return Shown(_("is an old Excel file (.xls)"), _SAVE)
    text = begin.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    known = next((shown for starts, shown in _TEXTUAL if text.startswith(starts)), None)
    if known:
        return known
    is_book = name_kind(path) == "xlsx"
    if begin.startswith(_ZIP):
        return Shown() if is_book else _archive(path)
    if is_book and begin and b"\0" not in begin:
        return Shown(
            _("is no readable XLSX file: it is a text file, whatever its name says"),
            _("call it .csv"),
        )
    return Shown()


_TEXTUAL = (
    (
        (b"<html", b"<!doctype html", b"<table", b"<meta", b"<body"),
        Shown(_("is a web page, whatever its name says"), _OPEN_AND_SAVE),
    ),
    (
        (b"<?xml",),
        Shown(_("is an XML file, whatever its name says"), _OPEN_AND_SAVE),
    ),
    ((b"%pdf",), Shown(_("is a PDF"), _("ask for the list as CSV or XLSX"))),
    (
        (b"{\\rtf",),
        Shown(_("is a text document (RTF)"), _("copy its table into a spreadsheet")),
    ),
)


def _archive(path: Path) -> Shown:
    """What an archive is whose name does not say XLSX; nothing in it is unpacked."""
    from zipfile import BadZipFile, ZipFile

    from serienpost_source_table.workbook import kind_of

    try:
        with ZipFile(path) as archive:
            parts = archive.namelist()
    except (BadZipFile, ValueError, NotImplementedError):  # the last for a newer kind of archive
        return Shown(_("is an archive and no list"), _SAVE)
    if any(part.lower().endswith("xl/workbook.xml") for part in parts):
        return Shown(_("is an Excel workbook, whatever its name says"), _("call it .xlsx"))
    return Shown(kind_of(parts), _SAVE)
