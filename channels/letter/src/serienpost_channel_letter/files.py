"""The files of an account that are frozen with a run."""

from __future__ import annotations

import io
from pathlib import PurePath
from typing import TYPE_CHECKING

from serienpost.errors import ConfigError, Problem
from serienpost_channel_letter.compose import LETTERHEAD
from serienpost_channel_letter.style import BACKGROUND

if TYPE_CHECKING:
    from serienpost.context import Context
    from serienpost_channel_letter.account import LetterAccount

_BEGINNINGS = {
    ".png": b"\x89PNG\r\n\x1a\n",
    ".jpg": b"\xff\xd8\xff",
    ".jpeg": b"\xff\xd8\xff",
    ".pdf": b"%PDF-",
}
_LARGEST = 10_000_000
"""Bytes; every letter in the record carries the letterhead."""


def account_files(context: Context, account: LetterAccount) -> dict[str, bytes]:
    """Letterhead and background under the names that the layout uses.

    Raises:
        ConfigError: a file is missing, too large, or not of its kind.
    """
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


def _check_pdf(name: str, data: bytes) -> None:
    import pikepdf

    try:
        with pikepdf.open(io.BytesIO(data)) as pdf:
            count = len(pdf.pages)
    except pikepdf.PdfError:
        raise _problem("background", f"{name} cannot be opened as a PDF") from None
    if not 1 <= count <= 2:
        raise _problem("background", f"{name} has {count} pages; one or two can lie under letters")


def _read(context: Context, key: str, name: str, suffixes: tuple[str, ...]) -> bytes:
    path = context.path(name)
    suffix = path.suffix.lower()
    if suffix not in suffixes:
        raise _problem(key, f"{name} is none of {', '.join(suffixes)}")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _problem(key, f"{name} cannot be read: {error.strerror}") from None
    if len(data) > _LARGEST:
        raise _problem(key, f"{name} is larger than {_LARGEST:,} bytes")
    if not data.startswith(_BEGINNINGS[suffix]):
        raise _problem(key, f"{name} is no {suffix.removeprefix('.').upper()} file")
    return data


def _problem(key: str, message: str) -> ConfigError:
    return ConfigError(
        Problem(f"the account's {key}: {message}", "a path starts at the practice folder", key=key)
    )
