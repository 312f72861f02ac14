"""Attachments of one row: files whose names its own values make up, as in `befunde/{{Nummer}}.pdf`.

The folder is written in the mailing; values only choose a file in it, never a path. The files are
not copied into the ledger: the content hash covers them, so a file that changes after the review
pauses the run.
"""

from __future__ import annotations

import os
import stat
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from serienpost.contracts.content import Attachment, Refused
from serienpost.errors import Problem
from serienpost.text import has_control

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from serienpost.context import PracticeContext
    from serienpost.fields import FieldValue
    from serienpost.templates.compiled import CompiledTemplate

# Octets of one file; hardly any provider takes a larger message.
LARGEST = 25 * 1024 * 1024

_LONGEST_NAME = 200
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


def is_own(attachment: str) -> bool:
    """Whether an entry of `attachments` names a file of each row."""
    return "{{" in attachment


class OwnFiles:
    """The files of each row of a run.

    Args:
        context: the practice.
        patterns: folder and name, with macros in the name.
        language: of the text; dates in names are written in it.

    Raises:
        TemplateError: a name is not a valid text.
    """

    def __init__(self, context: PracticeContext, patterns: tuple[str, ...], language: str) -> None:
        self._home = context.folder
        self._found = [
            (pattern, PurePosixPath(pattern).parent, _compiled(context, pattern, language))
            for pattern in patterns
        ]
        names = (name.names for _, _, name in self._found)
        self.names: frozenset[str] = frozenset().union(*names)
        needed = (name.names - name.may_be_empty for _, _, name in self._found)
        self.needed: frozenset[str] = frozenset().union(*needed)

    def read(self, values: Mapping[str, FieldValue]) -> tuple[Attachment, ...] | Refused:
        """The files of one row, or why one of them cannot go out."""
        files = []
        for pattern, folder, name in self._found:
            found = self._one(values, folder, name)
            if isinstance(found, str):
                return Refused("attachment", f"Anhang {pattern}: {found}")
            files.append(found)
        return tuple(files)

    def _one(
        self, values: Mapping[str, FieldValue], folder: PurePosixPath, name: CompiledTemplate
    ) -> Attachment | str:
        from serienpost.templates.compiled import ValueRefused

        try:
            filled = name.render(values).text
        except ValueRefused:
            return "ein Wert kann nicht im Dateinamen stehen"
        if not _is_plain_name(filled):
            return "der Dateiname ist kein einfacher Name"
        try:
            data = _read(_inside(self._home, folder) / filled)
        except OSError as error:
            return _REASONS.get(type(error), "die Datei ist nicht lesbar")
        if not data:
            return "die Datei ist leer"
        if len(data) > LARGEST:
            return f"die Datei ist größer als {LARGEST // 1024**2} MB"
        return file_attachment(filled, data)


def folder_problem(home: Path, pattern: str) -> Problem | None:
    """Why the folder of a pattern is not one that files may be taken from."""
    folder = PurePosixPath(pattern).parent
    if "{{" in str(folder):
        return Problem(
            f"the folder of the attachment {pattern} depends on a value",
            "macros may stand in the file's name only, after the last /",
        )
    if folder == PurePosixPath():
        return Problem(
            f"the attachment {pattern} names no folder",
            "keep these files in a folder of their own, as in befunde/{{Nummer}}.pdf",
        )
    try:
        _inside(home, folder)
    except OSError:
        return Problem(
            f"{folder}, the folder of the attachment {pattern}, is not in the practice folder",
            "make it there; a path out of the practice folder is not accepted",
        )
    return None


def file_attachment(name: str, data: bytes, *, content_id: str | None = None) -> Attachment:
    """A file as it goes with a message; the media type follows the name."""
    from mimetypes import guess_type

    media_type = guess_type(name)[0] or "application/octet-stream"
    return Attachment(name, media_type, data, content_id)


def _compiled(context: PracticeContext, pattern: str, language: str) -> CompiledTemplate:
    from serienpost.templates.compiled import CompiledTemplate
    from serienpost.templates.folder import from_text

    files = from_text(None, PurePosixPath(pattern).name, f"attachment {pattern}", language=language)
    return CompiledTemplate(files, "file name", html=False, zone=context.zone)


def _is_plain_name(name: str) -> bool:
    return (
        name.strip(" .") != ""
        and not name.startswith(".")
        and not any(c in name for c in "/\\:")
        and not has_control(name)
        and len(name.encode("utf-8", "replace")) <= _LONGEST_NAME
    )


def _inside(home: Path, folder: PurePosixPath) -> Path:
    """The real folder.

    Raises:
        OSError: there is none, or it lies outside of the practice folder or is that itself.
    """
    base = home.resolve(strict=True)
    real = (base / folder).resolve(strict=True)
    if not real.is_dir() or real == base or not real.is_relative_to(base):
        raise NotADirectoryError(str(folder))
    return real


def _read(path: Path) -> bytes:
    """A regular file's bytes, one more than `LARGEST` at most; links are not followed."""
    with os.fdopen(os.open(path, _FLAGS), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise IsADirectoryError(path.name)
        return file.read(LARGEST + 1)


_REASONS: dict[type[OSError], str] = {
    FileNotFoundError: "die Datei fehlt",
    NotADirectoryError: "der Ordner fehlt",
    IsADirectoryError: "das ist keine Datei",
    PermissionError: "die Datei darf nicht gelesen werden",
}
