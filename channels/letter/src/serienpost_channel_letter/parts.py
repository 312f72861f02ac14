"""Parts and the file that is made of them, as PDF."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import re
from contextlib import ExitStack
from typing import TYPE_CHECKING

from serienpost.errors import SerienpostError
from serienpost_channel_letter.sheets import (
    Place,
    half_of,
    packed_index,
    rename_whole,
    unpacked_index,
    write_whole,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import pikepdf

    from serienpost.contracts.channels import Edition, Sent
    from serienpost_channel_letter.account import LetterAccount

MARK = "/SerienpostRef"
"""Key of a page under which the reference of its letter stands."""

_INDEX = "/SerienpostLetters"
_A4 = (595.2756, 841.8898)
"""Points."""

_POSTCODE = re.compile(r"(?m)^([0-9]{4,5}) ")


def with_index(pdf: bytes, letters: Sequence[tuple[str, int, str]]) -> bytes:
    """A part's PDF that says which letters it holds: reference, pages, address lines."""
    import pikepdf

    with pikepdf.open(io.BytesIO(pdf)) as opened:
        opened.docinfo[_INDEX] = packed_index(letters)
        return saved(opened)


def saved(pdf: pikepdf.Pdf) -> bytes:
    """The bytes of a PDF, small, the same for the same contents."""
    import pikepdf

    out = io.BytesIO()
    pdf.save(out, object_stream_mode=pikepdf.ObjectStreamMode.generate, deterministic_id=True)
    return out.getvalue()


def finish(folder: Path, account: LetterAccount, edition: Edition) -> list[Path]:
    """Build the PDF and the index of an edition from its parts, then remove the parts.

    Done again, it leaves a file alone that is there.

    Raises:
        SerienpostError: a letter that was recorded is in no part.
    """
    place = Place(folder, edition.run)
    pdf, index = place.final(edition.number, ".pdf"), place.final(edition.number, ".csv")
    if not edition.sent:
        place.clear()
        return []
    if not (pdf.is_file() and index.is_file()):
        with ExitStack() as stack:
            merger = _Merger(stack, place)
            rows = merger.add(edition, account)
            _save(merger.pdf, pdf)
        write_whole(index, _csv(rows))
    place.clear()
    return [pdf, index]


def _save(pdf: pikepdf.Pdf, path: Path) -> None:
    import pikepdf

    half = half_of(path)
    descriptor = os.open(half, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    os.close(descriptor)
    pdf.save(half, object_stream_mode=pikepdf.ObjectStreamMode.generate, deterministic_id=True)
    with half.open("rb") as file:
        os.fsync(file.fileno())
    rename_whole(half, path)


class _Merger:
    """Puts letters of several parts into one PDF, in which equal fonts and frames are one."""

    def __init__(self, stack: ExitStack, place: Place) -> None:
        import pikepdf

        self.pdf = stack.enter_context(pikepdf.new())
        self._known: dict[bytes, pikepdf.Object] = {}
        self._merged: set[tuple[int, int]] = set()
        self._where: dict[str, tuple[pikepdf.Pdf, int, int, str]] = {}
        for path in place.parts():
            part = stack.enter_context(pikepdf.open(path))
            for ref, (first, pages, address) in unpacked_index(str(part.docinfo[_INDEX])).items():
                self._where[ref] = (part, first, pages, address)

    def add(self, edition: Edition, account: LetterAccount) -> list[dict[str, object]]:
        """Add the letters of an edition; returns the lines of the index."""
        lost = [one.position for one in edition.sent if one.ref not in self._where]
        if lost:
            raise SerienpostError(
                f"{len(lost)} letters of run {edition.run} are in none of its parts, the first "
                f"is number {lost[0]}",
                hint=f"the folder of the parts was changed; preview {edition.run} --all makes "
                "single files",
            )
        rows = [self._letter(one, duplex=account.duplex) for one in self._ordered(edition, account)]
        self.pdf.docinfo["/Title"] = edition.title
        self.pdf.docinfo["/Producer"] = "serienpost"
        self.pdf.Root.Lang = edition.language.replace("_", "-")
        return rows

    def _ordered(self, edition: Edition, account: LetterAccount) -> list[Sent]:
        if account.order == "review":
            return list(edition.sent)
        return sorted(edition.sent, key=lambda one: self._postcode(one.ref))

    def _postcode(self, ref: str) -> tuple[bool, str]:
        """German postcodes by themselves first, then what goes abroad."""
        found = _POSTCODE.findall(self._where[ref][3])
        code = found[-1] if found else ""
        return len(code) != 5, code

    def _letter(self, one: Sent, *, duplex: bool) -> dict[str, object]:
        part, first, pages, _ = self._where[one.ref]
        start = len(self.pdf.pages)
        for number in range(first, first + pages):
            page = part.pages[number]
            if str(page.obj.get(MARK)) != one.ref:
                raise SerienpostError(
                    f"letter {one.position}: a page of another letter is in its place"
                )
            self.pdf.pages.append(page)
            self._share(self.pdf.pages[-1])
        if duplex and pages % 2:
            self.pdf.add_blank_page(page_size=_A4)
        return {
            "row": one.row,
            "number": one.number or "",
            "name": one.name or "",
            "first_page": start + 1,
            "pages": pages,
            "sheets": -(-pages // 2) if duplex else pages,
        }

    def _share(self, page: pikepdf.Page) -> None:
        """Replace fonts and frames that another part brought already."""
        resources = page.obj.Resources
        if resources.is_indirect and resources.objgen in self._merged:
            return
        self._merged.add(resources.objgen)
        for kind in ("/Font", "/XObject"):
            if kind not in resources:
                continue
            found = resources[kind]
            for name in list(found.keys()):
                found[name] = self._known.setdefault(_digest(found[name]), found[name])


def _digest(found: pikepdf.Object) -> bytes:
    """The same for objects that look the same, whatever file they come from."""
    made = hashlib.sha256()
    for text in _unfolded(found, 0):
        made.update(text)
    return made.digest()


def _unfolded(found: pikepdf.Object, depth: int) -> Iterator[bytes]:
    import pikepdf

    if depth > 12:
        raise SerienpostError("a part of the letters is nested too deeply")
    if isinstance(found, pikepdf.Stream):
        yield b"stream" + hashlib.sha256(found.read_bytes()).digest()
        yield from _entries(found, depth)
    elif isinstance(found, pikepdf.Dictionary):
        yield from _entries(found, depth)
    elif isinstance(found, pikepdf.Array):
        yield b"["
        for one in found:
            yield from _unfolded(one, depth + 1)
        yield b"]"
    else:
        yield repr(found).encode()


def _entries(found: pikepdf.Object, depth: int) -> Iterator[bytes]:
    yield b"<<"
    for key, value in sorted(found.items()):
        if key not in ("/Length", "/Parent"):
            yield key.encode()
            yield from _unfolded(value, depth + 1)
    yield b">>"


def _csv(rows: Sequence[dict[str, object]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(rows[0]), delimiter=";")
    writer.writeheader()
    writer.writerows({key: _harmless(value) for key, value in row.items()} for row in rows)
    return out.getvalue().encode()


def _harmless(value: object) -> object:
    """A text that a spreadsheet would take for a formula gets an apostrophe before it."""
    return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@\t" else value
