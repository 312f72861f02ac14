"""Pages of many PDFs in one, written as they come: memory does not grow with their number.

qpdf keeps every object of what it reads and writes. Letters need little: objects one after the
other, the cross-reference table, the tree of pages (ISO 32000-1, 7.5 and 7.7).
"""

from __future__ import annotations

import hashlib
import zlib
from array import array
from decimal import Decimal
from typing import TYPE_CHECKING, BinaryIO

from serienpost import SerienpostError, Texts

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pikepdf

_ = Texts(__name__)

_HEADER = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
_PER_NODE = 64
_DEEPEST = 12


class Assembly:
    """Writes one PDF.

    What looks the same (fonts, frames) is written once, whatever file it comes from.

    Args:
        file: empty, open for writing.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._offsets = array("Q")
        self._bytes = hashlib.sha256()
        self._at = 0
        self._alike: dict[bytes, int] = {}
        self._seen: dict[tuple[int, int], int] = {}
        self._nodes: list[int] = []
        self._pages: list[int] = []
        self.page_count = 0
        self._put(_HEADER)
        self._catalog, self._root, self._node = (self._number() for _ in range(3))

    def add(self, source: int, page: pikepdf.Object) -> None:
        """Add a page.

        Args:
            source: which file the page is of.
            page: its dictionary.
        """
        import pikepdf

        contents = page.Contents
        streams = list(contents) if isinstance(contents, pikepdf.Array) else [contents]
        drawn = b" ".join(b"%d 0 R" % self._stream(source, one) for one in streams)
        rest = self._entries(source, page, {"/Contents", "/Parent"}, 0)
        self._page(b"%s/Contents[%s]" % (rest, drawn))

    def add_blank(self, width: float, height: float) -> None:
        """Add an empty page, of a size in points."""
        self._page(b"/Type/Page/MediaBox[0 0 %.4f %.4f]/Resources<<>>" % (width, height))

    def close(self, title: str, producer: str, language: str) -> None:
        """Write what stands behind the pages."""
        import pikepdf

        def text(value: str) -> bytes:
            return pikepdf.String(value).unparse()

        self._end_node()
        kids = _references(self._nodes)
        self._write(self._root, b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, self.page_count))
        pages = b"/Pages %d 0 R/Lang%s" % (self._root, text(language))
        self._write(self._catalog, b"<</Type/Catalog%s>>" % pages)
        info = self._number()
        self._write(info, b"<</Title%s/Producer%s>>" % (text(title), text(producer)))
        self._finish(info)

    def _finish(self, info: int) -> None:
        """Write where each object stands, as a stream (ISO 32000-1, 7.5.8)."""
        table, start = self._number(), self._at
        self._offsets[table - 1] = start
        rows = [b"\0" * 7, *(b"\1%s\0" % at.to_bytes(5, "big") for at in self._offsets)]
        packed = zlib.compress(b"".join(rows))
        made = self._bytes.hexdigest()[:32].encode()
        ends = b"/Root %d 0 R/Info %d 0 R/ID[<%s><%s>]" % (self._catalog, info, made, made)
        kind = b"/Type/XRef/Size %d/W[1 5 1]/Filter/FlateDecode/Length %d" % (
            len(rows),
            len(packed),
        )
        self._write(table, b"<<%s%s>>stream\n%s\nendstream" % (kind, ends, packed))
        self._put(b"startxref\n%d\n%%%%EOF\n" % start)

    def _page(self, entries: bytes) -> None:
        if len(self._pages) == _PER_NODE:
            self._end_node()
            self._node = self._number()
        number = self._number()
        self._write(number, b"<<%s/Parent %d 0 R>>" % (entries, self._node))
        self._pages.append(number)
        self.page_count += 1

    def _end_node(self) -> None:
        """Write the node above the last pages."""
        kids = _references(self._pages)
        self._write(
            self._node,
            b"<</Type/Pages/Parent %d 0 R/Kids[%s]/Count %d>>"
            % (self._root, kids, len(self._pages)),
        )
        self._nodes.append(self._node)
        self._pages = []

    def _shared(self, source: int, found: pikepdf.Object, depth: int) -> int:
        """The number of an object that may be written already, by this file or another."""
        import pikepdf

        place = (source, found.objgen[0])
        if place not in self._seen:
            if isinstance(found, pikepdf.Stream):
                text = self._stream_text(source, found, depth)
            else:
                text = self._direct(source, found, depth)
            look = hashlib.sha256(text).digest()
            if look not in self._alike:
                self._alike[look] = self._number()
                self._write(self._alike[look], text)
            self._seen[place] = self._alike[look]
        return self._seen[place]

    def _stream(self, source: int, stream: pikepdf.Object) -> int:
        number = self._number()
        self._write(number, self._stream_text(source, stream, 0))
        return number

    def _stream_text(self, source: int, stream: pikepdf.Object, depth: int) -> bytes:
        raw = stream.read_raw_bytes()
        entries = self._entries(source, stream, {"/Length"}, depth)
        return b"<<%s/Length %d>>stream\n%s\nendstream" % (entries, len(raw), raw)

    def _entries(
        self, source: int, found: pikepdf.Object, without: Iterable[str], depth: int
    ) -> bytes:
        import pikepdf

        return b" ".join(
            b"%s %s" % (pikepdf.Name(key).unparse(), self._value(source, value, depth + 1))
            for key, value in sorted(found.items())
            if key not in without
        )

    def _value(self, source: int, value: object, depth: int) -> bytes:
        import pikepdf

        if depth > _DEEPEST:
            raise SerienpostError(_("a part of the letters is nested too deeply"))
        if isinstance(value, pikepdf.Object) and value.is_indirect:
            return b"%d 0 R" % self._shared(source, value, depth)
        return self._direct(source, value, depth)

    def _direct(self, source: int, value: object, depth: int) -> bytes:
        import pikepdf

        if isinstance(value, pikepdf.Dictionary):
            return b"<<%s>>" % self._entries(source, value, (), depth)
        if isinstance(value, pikepdf.Array):
            return b"[%s]" % b" ".join(self._value(source, one, depth + 1) for one in value)
        if isinstance(value, pikepdf.Object):
            return value.unparse()
        return _number_text(value)

    def _number(self) -> int:
        """A new object's number; it is written later."""
        self._offsets.append(0)
        return len(self._offsets)

    def _write(self, number: int, text: bytes) -> None:
        self._offsets[number - 1] = self._at
        self._put(b"%d 0 obj\n%s\nendobj\n" % (number, text))

    def _put(self, text: bytes) -> None:
        self._file.write(text)
        self._bytes.update(text)
        self._at += len(text)


def _references(numbers: Iterable[int]) -> bytes:
    return b" ".join(b"%d 0 R" % number for number in numbers)


def _number_text(value: object) -> bytes:
    """Numbers, truth values and null, which pikepdf gives as Python's own."""
    if value is None:
        return b"null"
    if isinstance(value, bool):
        return b"true" if value else b"false"
    if isinstance(value, (int, Decimal)):
        return f"{value:f}".encode() if isinstance(value, Decimal) else b"%d" % value
    raise SerienpostError(
        _("a part of the letters holds a value of type {kind}", kind=type(value).__name__)
    )
