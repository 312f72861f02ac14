"""How much an XLSX file may take to read, measured before any of it is read as a table.

A few megabytes can unpack to gigabytes, or to so many tags that reading them takes hours. The
archive says how large its parts are (PKWARE APPNOTE, 4.4.9), and no more than that is ever
unpacked; the tags are counted in the unpacked bytes, a piece at a time.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import IO, TYPE_CHECKING
from zipfile import ZipFile

from serienpost import Texts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from xml.etree.ElementTree import Element

_ = Texts(__name__)

# Bytes of the file, and of all that it holds when unpacked.
LARGEST_FILE = 50_000_000
LARGEST_UNPACKED = 250_000_000

# Tags of all parts, and of one row: a sheet has 16,384 columns at most (ECMA-376, 18.3.1.73), and
# a cell that a program writes has six tags.
MOST_TAGS = 15_000_000
MOST_TAGS_IN_ROW = 6 * 16_384

# Tags of all parts together that are read as a whole: all but sheets and texts, which are read a
# piece at a time, and what is not read. Each takes some 120 bytes.
MOST_TAGS_AT_ONCE = 500_000

# Tags of the texts that cells share: an object is made of each text.
MOST_TAGS_OF_TEXTS = 3_000_000

# Bytes from one tag to the next, attributes and text: a cell holds 32,767 characters.
LONGEST_TAG = 2_000_000

# Rows at most, and cells that are read of it, empty ones included.
MOST_ROWS = 1_048_576
MOST_CELLS = 10_000_000

_PIECE = 1 << 20
_ROW = re.compile(rb"<(/?)[^\s<>/]*row\b")
_LONGEST_NAME = 4096

_IN_PIECES = ("worksheet+xml", "sharedStrings+xml")
_NOT_READ = ("calcChain+xml", "comments+xml", "drawing+xml", "chart+xml", "table+xml",
             "pivotCacheRecords+xml")  # fmt: skip
_TYPES = "[Content_Types].xml"
# What is read as a whole by its name, whatever type it says.
_BY_NAME = re.compile(
    r"(?i)(xl/styles\.xml|xl/workbook\.xml|xl/theme/.*|docprops/.*|\[content_types\]\.xml|.*\.rels)"
)

# Encodings in which tags would not be seen: by how such a part begins (XML 1.0, Appendix F), or
# by what it says.
_NOT_UTF_8 = (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<", b"\0\0", b"\x4c\x6f\xa7\x94")
_ENCODING = re.compile(rb"<\?xml[^>]*encoding\s*=\s*[\"'](?!utf-?8[\"'])", re.IGNORECASE)
_DECLARATION = 400


class TooLargeError(Exception):
    """The file would take too much time or memory to read; `message` says what is too much."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def refuse_too_large(path: Path) -> None:
    """Measure a file.

    Raises:
        TooLargeError: it is beyond a limit, or cannot be measured.
        BadZipFile, OSError: it is no archive, or cannot be read.
    """
    if path.stat().st_size > LARGEST_FILE:
        raise TooLargeError(_("is larger than {megabytes} MB", megabytes=LARGEST_FILE // 1_000_000))
    with ZipFile(path) as archive:
        parts = archive.infolist()
        if sum(part.file_size for part in parts) > LARGEST_UNPACKED:
            most = LARGEST_UNPACKED // 1_000_000
            raise TooLargeError(_("unpacks to more than {megabytes} MB", megabytes=most))
        counter = _Counter()
        tags = {}
        for part in parts:
            with archive.open(part) as stream:
                tags[part.filename] = counter.count(stream)
        if sum(tags.values()) > MOST_TAGS_AT_ONCE:
            _refuse_too_many_at_once(archive, tags)


def _refuse_too_many_at_once(archive: ZipFile, tags: dict[str, int]) -> None:
    """Refuse too many tags in the parts that objects are made of."""
    described = sum(number for name, number in tags.items() if _BY_NAME.fullmatch(name))
    if described > MOST_TAGS_AT_ONCE:
        raise _too_many_at_once()
    types: dict[str, set[str]] = {}
    for one in _elements(archive, _TYPES):
        types.setdefault(one.get("PartName", "").lstrip("/"), set()).add(one.get("ContentType", ""))
    texts = sum(
        number
        for name, number in tags.items()
        if any(type_.endswith("sharedStrings+xml") for type_ in types.get(name, ()))
    )
    if texts > MOST_TAGS_OF_TEXTS:
        raise TooLargeError(
            _("has more than {most} tags of texts", most=Decimal(MOST_TAGS_OF_TEXTS))
        )
    # A sheet of charts is one by how it is referred to, whatever type it says.
    has_charts = any(
        "chartsheet" in one.get("Type", "")
        for name in tags
        if name.endswith(".rels")
        for one in _elements(archive, name)
    )
    small = (*_NOT_READ, *(() if has_charts else _IN_PIECES))
    at_once = sum(
        number
        for name, number in tags.items()
        if _BY_NAME.fullmatch(name)
        or not (types.get(name) and all(type_.endswith(small) for type_ in types[name]))
    )
    if at_once > MOST_TAGS_AT_ONCE:
        raise _too_many_at_once()


def _elements(archive: ZipFile, name: str) -> Iterator[Element]:
    from xml.etree.ElementTree import ParseError, fromstring

    try:
        yield from fromstring(archive.read(name)).iter()  # noqa: S314  # no DOCTYPE, few tags
    except (KeyError, ParseError):
        return


def _too_many_at_once() -> TooLargeError:
    most = Decimal(MOST_TAGS_AT_ONCE)
    return TooLargeError(_("has more than {most} tags beside its cells and texts", most=most))


class _Counter:
    """Counts tags and rows over all parts."""

    def __init__(self) -> None:
        self._tags = self._rows = 0

    def count(self, stream: IO[bytes]) -> int:
        """Count those of one part; gives the tags of this part.

        Raises:
            TooLargeError: there are too many, or they are hidden.
        """
        rest, in_row, is_within = b"", 0, False
        begin, before, gap = True, self._tags, 0
        is_xml = False
        while piece := stream.read(_PIECE):
            if begin and (piece.startswith(_NOT_UTF_8) or _ENCODING.match(piece[:_DECLARATION])):
                raise TooLargeError(_("holds a part that is not written in UTF-8"))
            is_xml = is_xml or (begin and piece.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"))
            begin = False
            gap = _longest_gap(piece, gap) if is_xml else 0
            piece, rest = _cut(rest + piece)
            if b"<!DOCTYPE" in piece:
                raise TooLargeError(_("holds a part with a DOCTYPE"))
            between = _ROW.split(piece)
            self._tags += piece.count(b"<")
            self._rows += between[1::2].count(b"")
            if self._tags > MOST_TAGS or self._rows > MOST_ROWS:
                raise TooLargeError(
                    _(
                        "has more than {tags} tags or {rows} rows",
                        tags=Decimal(MOST_TAGS),
                        rows=Decimal(MOST_ROWS),
                    )
                )
            for at, text in enumerate(between[::2]):
                if at:
                    in_row, is_within = 0, not between[2 * at - 1]
                in_row += text.count(b"<")
                if is_within and in_row > MOST_TAGS_IN_ROW:
                    raise TooLargeError(_("has too many cells in one row"))
        return self._tags - before


def _longest_gap(piece: bytes, before: int) -> int:
    """How many bytes there are behind the last tag; `before` are those of earlier pieces.

    Raises:
        TooLargeError: somewhere there are too many.
    """
    gaps = list(map(len, piece.split(b"<")))
    gaps[0] += before
    if max(gaps) > LONGEST_TAG:
        most = Decimal(LONGEST_TAG)
        raise TooLargeError(_("holds a tag or a text of more than {most} bytes", most=most))
    return gaps[-1]


def _cut(piece: bytes) -> tuple[bytes, bytes]:
    """The piece without a tag at its end whose name may not be whole, and that tag."""
    last = piece.rfind(b"<")
    if last < 0 or re.search(rb"[\s>]", piece[last : last + _LONGEST_NAME]):
        return piece, b""
    if len(piece) - last > _LONGEST_NAME:
        raise TooLargeError(_("holds a tag that does not end"))
    return piece[:last], piece[last:]
