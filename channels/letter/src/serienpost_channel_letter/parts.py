"""Parts and the file that is made of them: complete under their final names, or not there."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import re
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, BinaryIO

from serienpost import (
    UNFINISHED,
    SerienpostError,
    Texts,
    faultpoint,
    private_folder,
    spreadsheet_cell,
    unnamed_file,
)
from serienpost_channel_letter.assembly import Assembly

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import pikepdf

    from serienpost import Generation, Sent
    from serienpost_channel_letter.account import LetterAccount

_ = Texts(__name__)

# Key of a page under which the reference of its letter stands.
MARK = "/SerienpostRef"

# Folder for the parts of runs that are not finished.
_WORK = ".teile"

_INDEX = "/SerienpostLetters"
# Points.
A4 = (595.2756, 841.8898)

_OPEN_PARTS = 8
_POSTCODE = re.compile(r"(?m)^([0-9]{4,5}) ")


@dataclass(frozen=True, slots=True)
class RunFiles:
    """Where the files of one run are.

    Args:
        folder: the account's folder.
        run: the run.
    """

    folder: Path
    run: str

    @property
    def work(self) -> Path:
        """The folder for the run's parts."""
        return self.folder / _WORK / self.run

    def part(self, part: int) -> Path:
        """A part's PDF."""
        return self.work / f"teil-{part:05d}.pdf"

    def final(self, generation: int, suffix: str) -> Path:
        """What is printed: the run's file, or a supplement after a retry."""
        name = self.run if generation == 0 else f"{self.run}-nachtrag-{generation}"
        return self.folder / f"{name}{suffix}"

    def parts(self) -> Iterator[Path]:
        """The parts that are there."""
        if self.work.is_dir():
            yield from sorted(self.work.glob("teil-*.pdf"))

    def reference(self, part: int, home: Path) -> str:
        """Where a part lies, as the ledger keeps it: what was written there stays there, also
        when the account names another folder later."""
        path = self.part(part)
        return str(path.relative_to(home) if path.is_relative_to(home) else path)

    def clear(self) -> None:
        """Remove the parts and everything half done."""
        if self.work.is_dir():
            for path in self.work.iterdir():
                path.unlink()
            self.work.rmdir()
            parent = self.work.parent
            if not any(parent.iterdir()):
                parent.rmdir()
        for path in self.folder.glob(f".{self.run}*{UNFINISHED}"):
            path.unlink()


def with_index(pdf: bytes, letters: Sequence[tuple[str, int, str]]) -> bytes:
    """A part's PDF that says which letters it holds: reference, pages, address lines."""
    import pikepdf

    with pikepdf.open(io.BytesIO(pdf)) as opened:
        opened.docinfo[_INDEX] = _packed_index(letters)
        return saved(opened)


def saved(pdf: pikepdf.Pdf) -> bytes:
    """The bytes of a PDF, small, the same for the same contents."""
    import pikepdf

    out = io.BytesIO()
    pdf.save(out, object_stream_mode=pikepdf.ObjectStreamMode.generate, deterministic_id=True)
    return out.getvalue()


def finish(home: Path, folder: Path, account: LetterAccount, generation: Generation) -> list[Path]:
    """Build the PDF and the index of a generation from its parts, then remove the parts.

    Done again, it leaves a file alone that is there.

    Args:
        home: the practice folder.
        folder: the account's folder, where the files belong. Parts may lie in those that it named
            before.
        account: order of the letters.
        generation: what was recorded.

    Raises:
        SerienpostError: a letter that was recorded is in no part, or a part is damaged.
    """
    import pikepdf

    place = RunFiles(folder, generation.run)
    places = [place, *_earlier_places(home, place, generation)]
    pdf, index = place.final(generation.number, ".pdf"), place.final(generation.number, ".csv")
    if generation.sent and not (pdf.is_file() and index.is_file()):
        try:
            with _whole(pdf) as file:
                rows = _Merger(places, file).add(generation, account)
        except (pikepdf.PdfError, KeyError) as error:
            raise SerienpostError(
                _("a part in {folders} is damaged", folders=_folders(places)),
                hint=_instead(generation.run),
            ) from error
        write_whole(index, _csv(rows))
    for one in places:
        one.clear()
    return [pdf, index] if generation.sent else []


def _earlier_places(home: Path, place: RunFiles, generation: Generation) -> list[RunFiles]:
    """The folders that the account named before, by where the ledger says that parts lie."""
    works = {(home / one.provider_ref).parent for one in generation.sent if one.provider_ref}
    # A part of before the ledger knew where lies in the folder of the account.
    others = sorted(works - {place.work, home})
    return [RunFiles(work.parent.parent, generation.run) for work in others]


def _folders(places: Sequence[RunFiles]) -> list[str]:
    return [str(one.work) for one in places]


class _Merger:
    """Puts letters of several parts into one PDF.

    Only some parts are open at a time; by postcode the letters of one part lie far apart.
    """

    def __init__(self, places: Sequence[RunFiles], file: BinaryIO) -> None:
        import pikepdf

        self._assembly = Assembly(file)
        self._folders = _folders(places)
        self._parts = [path for place in places for path in place.parts()]
        self._where: dict[str, tuple[int, int, int, str]] = {}
        for number, path in enumerate(self._parts):
            with pikepdf.open(path) as part:
                index = _unpacked_index(str(part.docinfo[_INDEX]))
            for ref, (first, pages, address) in index.items():
                self._where[ref] = (number, first, pages, address)
        self._opened = lru_cache(_OPEN_PARTS)(self._open)

    def _open(self, number: int) -> pikepdf.Pdf:
        import pikepdf

        return pikepdf.open(self._parts[number])

    def add(self, generation: Generation, account: LetterAccount) -> list[dict[str, object]]:
        """Write the letters of a generation; returns the lines of the index."""
        lost = [one.position for one in generation.sent if one.ref not in self._where]
        if lost:
            raise SerienpostError(
                _.ngettext(
                    "{n} letter of run {run} is in none of the parts in {folders}: number {first}",
                    "{n} letters of run {run} are in none of the parts in {folders}, the first is"
                    " number {first}",
                    len(lost),
                    run=generation.run,
                    folders=self._folders,
                    first=lost[0],
                ),
                hint=_instead(generation.run),
            )
        rows = [
            self._letter(one, duplex=account.duplex) for one in self._ordered(generation, account)
        ]
        self._assembly.close(generation.title, "serienpost", generation.language.replace("_", "-"))
        return rows

    def _ordered(self, generation: Generation, account: LetterAccount) -> list[Sent]:
        if account.order == "review":
            return list(generation.sent)
        return sorted(generation.sent, key=lambda one: self._postcode(one.ref))

    def _postcode(self, ref: str) -> tuple[bool, str]:
        """German postcodes by themselves first, then what goes abroad."""
        found = _POSTCODE.findall(self._where[ref][3])
        code = found[-1] if found else ""
        return len(code) != 5, code

    def _letter(self, one: Sent, *, duplex: bool) -> dict[str, object]:
        number, first, pages = self._where[one.ref][:3]
        part, start, place = self._opened(number), self._assembly.page_count, one.position
        for page in range(first, first + pages):
            found = part.pages[page].obj
            if str(found.get(MARK)) != one.ref:
                raise SerienpostError(
                    _("letter {number}: a page of another letter is in its place", number=place)
                )
            self._assembly.add(number, found)
        if duplex and pages % 2:
            self._assembly.add_blank(*A4)
        return {
            "row": one.row,
            "number": one.number or "",
            "name": one.name or "",
            "first_page": start + 1,
            "pages": pages,
            "sheets": -(-pages // 2) if duplex else pages,
        }


def _instead(run: str) -> str:
    return _(
        "put back what was moved or changed there; else preview {run} --all makes single files",
        run=run,
    )


def _csv(rows: Sequence[dict[str, object]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(rows[0]), delimiter=";")
    writer.writeheader()
    writer.writerows({key: spreadsheet_cell(value) for key, value in row.items()} for row in rows)
    return out.getvalue().encode()


@contextmanager
def _whole(path: Path) -> Iterator[BinaryIO]:
    """A private file to write, which has its name only when it is complete and on the disk.

    Raises:
        SerienpostError: it cannot be written; what was there stays.
    """
    with _nameless(path) as (file, half):
        yield file
    give_name(half, path)


@contextmanager
def _nameless(path: Path) -> Iterator[tuple[BinaryIO, Path]]:
    """A private file to write, which is complete and on the disk in the end, and where it is."""
    private_folder(path.parent)
    with _unwritable(path), unnamed_file(path) as (file, half):
        yield file, half
        file.flush()
        faultpoint("letter.written")
        os.fsync(file.fileno())


def write_nameless(path: Path, data: bytes) -> Path:
    """Write what is to get this name by `give_name`; says where it is until then.

    Raises:
        SerienpostError: it cannot be written; what was there stays.
    """
    with _nameless(path) as (file, half):
        file.write(data)
    return half


def write_whole(path: Path, data: bytes) -> None:
    """Write a private file that is there whole or not at all.

    Raises:
        SerienpostError: it cannot be written; what was there stays.
    """
    give_name(write_nameless(path, data), path)


def is_full(error: SerienpostError) -> bool:
    """Whether a file cannot be written for want of room, which ends by itself."""
    cause = error.__cause__
    return isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def _unwritable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SerienpostError(
            _("{file} cannot be written: {why}", file=str(path), why=error.strerror or "")
        ) from error


def give_name(half: Path, path: Path) -> None:
    """Give a file that is on the disk its name, and make the name last.

    Raises:
        SerienpostError: it cannot be renamed; what was there stays.
    """
    with _unwritable(path):
        half.replace(path)
        faultpoint("letter.renamed")
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _packed_index(letters: Sequence[tuple[str, int, str]]) -> str:
    """What a part says about itself: reference, pages and address lines of each letter."""
    return json.dumps([list(one) for one in letters], ensure_ascii=False)


def _unpacked_index(text: str) -> Mapping[str, tuple[int, int, str]]:
    """From `packed_index`: reference -> first page from 0, pages, address lines."""
    found: dict[str, tuple[int, int, str]] = {}
    first = 0
    for ref, pages, address in json.loads(text):
        found[ref] = (first, pages, address)
        first += pages
    return found
