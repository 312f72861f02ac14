"""The files of an account that are frozen with a run."""

from __future__ import annotations

import os
from pathlib import PurePath
from typing import TYPE_CHECKING

from serienpost import ConfigError, Problem, Texts
from serienpost_channel_letter import din5008 as din
from serienpost_channel_letter.composition import LETTERHEAD
from serienpost_channel_letter.images import MOST_PIXELS, MOST_SCANS, drawable
from serienpost_channel_letter.style import BACKGROUND

if TYPE_CHECKING:
    from pathlib import Path

    from serienpost import Context
    from serienpost_channel_letter.account import LetterAccount

_ = Texts(__name__)

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
        message = _("{folder} is no folder that can be written", folder=str(hindrance))
        raise _problem("folder", message, _("name another one"))
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
        message = _(
            "{file} cannot be opened as a PDF within {megabytes} MB and {seconds} seconds",
            file=name,
            megabytes=MEGABYTES,
            seconds=SECONDS,
        )
        raise _problem("background", message, _("write it again with another program")) from None
    if not sizes:
        none = _("{file} has no page; one or two can lie under letters", file=name)
        raise _problem("background", none)
    if len(sizes) > 2:
        many = _("{file} has more than two pages; one or two can lie under letters", file=name)
        raise _problem("background", many)
    for number, (width, height) in enumerate(sizes, start=1):
        if abs(width - din.PAGE_WIDTH) > _NEAR or abs(height - din.PAGE_HEIGHT) > _NEAR:
            message = _("page {number} of {file} is not upright A4", number=number, file=name)
            raise _problem("background", message)


def _read(context: Context, key: str, name: str, suffixes: tuple[str, ...]) -> bytes:
    path = context.path(name)
    suffix = path.suffix.lower()
    if suffix not in suffixes:
        raise _problem(key, _("{file} is none of {suffixes}", file=name, suffixes=suffixes))
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        message = _("{file} cannot be read: {why}", file=name, why=error.strerror or "")
        raise _problem(key, message, _("a path starts at the practice folder")) from None
    if len(data) > _LARGEST:
        large = _.ngettext(
            "{file} is larger than {n} byte", "{file} is larger than {n} bytes", _LARGEST, file=name
        )
        raise _problem(key, large)
    if not data.startswith(_BEGINNINGS[suffix]):
        kind = suffix.removeprefix(".").upper()
        raise _problem(key, _("{file} is no {kind} file", file=name, kind=kind))
    if key == "letterhead" and drawable(data) is None:
        raise _problem(
            key,
            _.ngettext(
                "{file} is damaged, no picture in colours, or has more than {n} pixel or {scans}"
                " scans",
                "{file} is damaged, no picture in colours, or has more than {n} pixels or {scans}"
                " scans",
                MOST_PIXELS,
                file=name,
                scans=MOST_SCANS,
            ),
        )
    return data


def _problem(key: str, message: str, hint: str | None = None) -> ConfigError:
    return ConfigError(Problem(message, hint, key=key))
