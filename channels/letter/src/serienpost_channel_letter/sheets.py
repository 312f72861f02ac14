"""Files of letters on disk: complete under their final name, or not there."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from serienpost import SerienpostError, faultpoint, private_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

WORK = ".teile"
"""Folder for the parts of runs that are not finished."""


@dataclass(frozen=True, slots=True)
class Place:
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
        return self.folder / WORK / self.run

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

    def clear(self) -> None:
        """Remove the parts and everything half done."""
        if self.work.is_dir():
            for path in self.work.iterdir():
                path.unlink()
            self.work.rmdir()
            parent = self.work.parent
            if not any(parent.iterdir()):
                parent.rmdir()
        for path in self.folder.glob(f".{self.run}*.halb"):
            path.unlink()


@contextmanager
def whole(path: Path) -> Iterator[BinaryIO]:
    """A private file to write, which has its name only when it is complete and on the disk.

    Raises:
        SerienpostError: it cannot be written; what was there stays.
    """
    private_folder(path.parent)
    half = half_of(path)
    try:
        descriptor = os.open(half, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            faultpoint("letter.written")
            os.fsync(file.fileno())
        rename_whole(half, path)
    except OSError as error:
        raise SerienpostError(f"{path} cannot be written: {error.strerror}") from error


def write_whole(path: Path, data: bytes) -> None:
    """Write a private file that is there whole or not at all.

    Raises:
        SerienpostError: it cannot be written; what was there stays.
    """
    with whole(path) as file:
        file.write(data)


def half_of(path: Path) -> Path:
    """The name under which a file is written."""
    return path.with_name(f".{path.name}.halb")


def rename_whole(half: Path, path: Path) -> None:
    """Give a file that is on the disk its name, and make the name last."""
    half.replace(path)
    faultpoint("letter.renamed")
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def packed_index(letters: Sequence[tuple[str, int, str]]) -> str:
    """What a part says about itself: reference, pages and address lines of each letter."""
    return json.dumps([list(one) for one in letters], ensure_ascii=False)


def unpacked_index(text: str) -> Mapping[str, tuple[int, int, str]]:
    """From `packed_index`: reference -> first page from 0, pages, address lines."""
    found: dict[str, tuple[int, int, str]] = {}
    first = 0
    for ref, pages, address in json.loads(text):
        found[ref] = (first, pages, address)
        first += pages
    return found
