"""Files that hold personal data: readable by their owner alone, complete or absent."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from serienpost.errors import SerienpostError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def private_file(path: Path) -> Iterator[IO[str]]:
    """A text file of mode 0600 that gets its name when it is complete.

    Raises:
        SerienpostError: it cannot be written.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        descriptor = os.open(part, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            yield file
        part.replace(path)
    except OSError as error:
        raise SerienpostError(f"{path} cannot be written: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)


def write_private(path: Path, data: bytes) -> None:
    """Write a file of mode 0600, replacing one of that name.

    Raises:
        SerienpostError: it cannot be written.
    """
    try:
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
    except OSError as error:
        raise SerienpostError(f"{path} cannot be written: {error.strerror}") from error


def private_folder(path: Path) -> Path:
    """A folder of mode 0700, made with the folders above it where they are not there.

    Raises:
        SerienpostError: it cannot be made.
    """
    try:
        for folder in (*reversed(path.parents), path):
            folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise SerienpostError(f"{path} cannot be made: {error.strerror}") from error
    return path
