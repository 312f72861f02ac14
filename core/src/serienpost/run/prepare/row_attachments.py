"""Attachments of one row: its own values make up their names, as in `befunde/{{PatientenNr}}.pdf`.

The folder is written in the mailing; values only choose a file in it, never a path, and the file
is one person's alone unless the mailing says that it is shared. The files are not copied into the
ledger: the content hash covers them, so a file that changes after the review pauses the run.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from serienpost.contracts.content import Attachment, Refused
from serienpost.errors import Problem, UnavailableError
from serienpost.run.prepare.attachment_folder import (
    LARGEST,
    AttachmentFolder,
    NotAttachableError,
)
from serienpost.text import ESCAPES, has_control
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from serienpost.context import PracticeContext
    from serienpost.fields import FieldValue
    from serienpost.run.prepare.attachment_folder import Identity
    from serienpost.templates.compiled import CompiledTemplate

_ = Texts(__name__)

_LONGEST_NAME = 200


def is_own(attachment: str) -> bool:
    """Whether an entry of `attachments` names a file of each row."""
    return "{{" in attachment


@dataclass(frozen=True, slots=True)
class _Pattern:
    """A file of each row: where it lies, and what its name is made of."""

    written: str
    folder: PurePosixPath
    name: CompiledTemplate
    is_shared: bool


class OwnFiles:
    """The files of each row of a run.

    Args:
        context: the practice.
        patterns: folder and name, with macros in the name.
        shared: those of them of which one file may go to several people.
        language: of the text; dates in names are written in it.

    Raises:
        TemplateError: a name is not a valid text.
    """

    def __init__(
        self,
        context: PracticeContext,
        patterns: Sequence[str],
        shared: Collection[str],
        language: str,
    ) -> None:
        self._home = AttachmentFolder(context)
        self._patterns = [
            _Pattern(
                pattern,
                PurePosixPath(pattern).parent,
                _compiled(context, pattern, language),
                pattern in shared,
            )
            for pattern in patterns
        ]
        names = (one.name.names for one in self._patterns)
        self.names: frozenset[str] = frozenset().union(*names)
        needed = (one.name.names - one.name.may_be_empty for one in self._patterns)
        self.needed: frozenset[str] = frozenset().union(*needed)

    @property
    def one_person_each(self) -> bool:
        """Whether there are files of which each may go to one person only."""
        return not all(one.is_shared for one in self._patterns)

    def read(self, values: Mapping[str, FieldValue]) -> tuple[Attachment, ...] | Refused:
        """The files of one row, or why one of them cannot go out.

        Raises:
            UnavailableError: the folder, which was there at the check, is away.
        """
        files = []
        for pattern in self._patterns:
            try:
                way = self._way(pattern, values)
                files.append(file_attachment(way.name, self._home.read(way)))
            except NotAttachableError as error:
                if error.code in _AWAY:
                    text = _(
                        "the folder of the attachment {pattern} cannot be read",
                        pattern=pattern.written,
                    )
                    raise UnavailableError(text) from error
                reason = _(
                    "attachment {pattern}: {why}", pattern=pattern.written, why=_REASONS[error.code]
                )
                return Refused("attachment", reason)
        return tuple(files)

    def identities(self, values: Mapping[str, FieldValue]) -> Iterator[tuple[str, Identity]]:
        """The files of one row that must be no other person's, each with its pattern; a file that
        cannot be attached is none."""
        for pattern in self._patterns:
            if not pattern.is_shared:
                try:
                    yield pattern.written, self._home.identity(self._way(pattern, values))
                except NotAttachableError:
                    continue

    def _way(self, pattern: _Pattern, values: Mapping[str, FieldValue]) -> PurePosixPath:
        from serienpost.templates.compiled import ValueRefused

        try:
            filled = pattern.name.render(values).text
        except ValueRefused as error:
            raise NotAttachableError("value") from error
        if not _is_plain_name(filled):
            raise NotAttachableError("name")
        way = self._home.inside(str(pattern.folder / filled))
        if isinstance(way, Problem):
            raise NotAttachableError("name")
        return way


def folder_problem(home: AttachmentFolder, pattern: str) -> Problem | None:
    """Why the folder of a pattern is not one that files may be taken from."""
    written = PurePosixPath(pattern).parent
    if "{{" in str(written):
        return Problem(
            _("the folder of the attachment {pattern} depends on a value", pattern=pattern),
            _("macros may stand in the file's name only, after the last /"),
        )
    if written in (PurePosixPath(), home.name):
        return Problem(
            _("the attachment {pattern} names no folder", pattern=pattern),
            _(
                "keep these files in a folder of their own in {folder}, as in {example}",
                folder=str(home.name),
                example=_EXAMPLE,
            ),
        )
    folder = home.inside(str(written))
    if isinstance(folder, Problem):
        return Problem(
            _(
                "the attachment {file} lies outside of {folder}",
                file=pattern,
                folder=str(home.name),
            ),
            _(
                "move its folder into {folder} and write it as in {example}",
                folder=str(home.name),
                example=_EXAMPLE,
            ),
        )
    if not home.has_folder(folder):
        return Problem(
            _(
                "there is no folder {folder} for the attachment {pattern}",
                folder=str(home.name / folder),
                pattern=pattern,
            ),
            _("make it there, or move {folder} there; a link is not followed", folder=str(written)),
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
        and not ESCAPES.search(name)
        and len(name.encode("utf-8", "replace")) <= _LONGEST_NAME
    )


_EXAMPLE = "befunde/{{PatientenNr}}.pdf"

# The whole folder is away, which is nobody's missing file.
_AWAY = ("no_folder", "away")

_REASONS = {
    "value": _("a value cannot stand in the name of the file"),
    "name": _("the name of the file is no plain name"),
    "missing": _("the file is missing"),
    "link": _("the file is a link"),
    "many_names": _("the file has several names (hard links)"),
    "ambiguous": _("the file is there twice, with umlauts encoded in two ways"),
    "no_file": _("this is not a file"),
    "unreadable": _("the file cannot be read"),
    "empty": _("the file is empty"),
    "too_large": _("the file is larger than {size} MB", size=LARGEST // 1024**2),
    "own": _("the file is a database, or one that serienpost works with"),
}
