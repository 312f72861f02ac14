"""The files of an account that are frozen with a run."""

from __future__ import annotations

import os
from pathlib import PurePath
from typing import TYPE_CHECKING

from serienpost import ConfigError, Problem
from serienpost_channel_letter import din5008 as din
from serienpost_channel_letter.composition import LETTERHEAD
from serienpost_channel_letter.images import MOST_PIXELS, MOST_SCANS, drawable
from serienpost_channel_letter.style import BACKGROUND

if TYPE_CHECKING:
    from pathlib import Path

    from serienpost import Context
    from serienpost_channel_letter.account import LetterAccount

_BEGINNINGS = {
    ".png": b"\x89PNG\r\n\x1a\n",
    ".jpg": b"\xff\xd8\xff",
    ".jpeg": b"\xff\xd8\xff",
    ".pdf": b"%PDF-",
}
# Millimetres that a background may differ from A4.
_NEAR = 2.0

# Bytes; every letter in the record carries the letterhead.
_LARGEST = 10_000_000


def account_files(context: Context, account: LetterAccount) -> dict[str, bytes]:
    """Letterhead and background under the names that the layout uses.

    Raises:
        ConfigError: a file is missing, too large, or not of its kind; the account's folder cannot
            be written.
    """
    hindrance = unwritable(context.path(account.folder))
    if hindrance:
        message = f"{hindrance} is no folder that can be written"
        raise _problem("folder", message, "name another one")
    found = {}
    if account.letterhead:
        suffix = PurePath(account.letterhead).suffix.lower()
        found[LETTERHEAD + suffix] = _read(
            context, "letterhead", account.letterhead, (".png", ".jpg", ".jpeg")
        )
    if account.background:
        found[BACKGROUND] = _read(context, "background", account.background, (".pdf",))
        _check_pdf(account.background, found[BACKGROUND])
    return found


def unwritable(folder: Path) -> Path | None:
    """What is in the way of writing into a folder, or of making it; None where nothing is."""
    there = next(path for path in (folder, *folder.parents) if os.path.lexists(path))
    can_be = there.is_dir() and os.access(there, os.W_OK | os.X_OK)
    return None if can_be else there


def _check_pdf(name: str, data: bytes) -> None:
    from serienpost_channel_letter.page_sizes import (
        MEGABYTES,
        SECONDS,
        UnreadableError,
        page_sizes,
    )

    try:
        sizes = page_sizes(data)
    except UnreadableError:
        message = f"{name} cannot be opened as a PDF within {MEGABYTES} MB and {SECONDS} seconds"
        raise _problem("background", message, "write it again with another program") from None
    if not 1 <= len(sizes) <= 2:
        many = "no page" if not sizes else "more than two pages"
        raise _problem("background", f"{name} has {many}; one or two can lie under letters")
    for number, (width, height) in enumerate(sizes, start=1):
        if abs(width - din.PAGE_WIDTH) > _NEAR or abs(height - din.PAGE_HEIGHT) > _NEAR:
            raise _problem("background", f"page {number} of {name} is not upright A4")


def _read(context: Context, key: str, name: str, suffixes: tuple[str, ...]) -> bytes:
    path = context.path(name)
    suffix = path.suffix.lower()
    if suffix not in suffixes:
        raise _problem(key, f"{name} is none of {', '.join(suffixes)}")
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        hint = "a path starts at the practice folder"
        raise _problem(key, f"{name} cannot be read: {error.strerror}", hint) from None
    if len(data) > _LARGEST:
        raise _problem(key, f"{name} is larger than {_LARGEST:,} bytes")
    if not data.startswith(_BEGINNINGS[suffix]):
        raise _problem(key, f"{name} is no {suffix.removeprefix('.').upper()} file")
    if key == "letterhead" and drawable(data) is None:
        raise _problem(
            key,
            f"{name} is damaged, no picture in colours, or has more than {MOST_PIXELS:,} pixels or "
            f"{MOST_SCANS} scans",
        )
    return data


def _problem(key: str, message: str, hint: str | None = None) -> ConfigError:
    return ConfigError(Problem(message, hint, key=key))
