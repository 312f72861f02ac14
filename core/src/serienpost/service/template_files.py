"""The practice's own templates as files: read, changed and put back, each text a file of its own.

A text is written as a whole under its name, so that whoever reads it has the old or the new one.
What it was before is kept in `.earlier/` beside it, the last `EARLIER` of each text.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from serienpost.config.mailing_file import mailings_of_template
from serienpost.documents import Record
from serienpost.errors import Problem, SerienpostError, TemplateError
from serienpost.files import whole_file
from serienpost.run.prepare.written_text import template_folders
from serienpost.service.template_check import CheckedText, checked_text, with_column
from serienpost.templates.folder import decoded, load_template, other_languages, template_names
from serienpost.templates.frontmatter import split, with_subject
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from serienpost.contracts.kinds import Kind
    from serienpost.service.opened import OpenedPractice
    from serienpost.templates.folder import TemplateFiles

_ = Texts(__name__)

# How many earlier versions of a text are kept.
EARLIER = 20

_EARLIER_FOLDER = ".earlier"
_STAMP = "%Y%m%dT%H%M%S%fZ"
_STAMPED = re.compile(r"[0-9]{8}T[0-9]{12}Z")


@dataclass(frozen=True, slots=True)
class TemplateLine(Record):
    """One text of a template: a kind of message in one language.

    Args:
        file: its name in the template's folder (`email.en.md`).
        is_own: it lies in the practice; else it comes from a pack.
    """

    template: str
    file: str
    kind: str
    language: str
    is_own: bool


@dataclass(frozen=True, slots=True)
class EarlierText(Record):
    """A text as it was before somebody changed it.

    Args:
        replaced_at: when another one took its place, in the practice's time zone.
    """

    id: str
    replaced_at: datetime


@dataclass(frozen=True, slots=True)
class TemplateFile(Record):
    """One text of a template as it is now.

    Args:
        subject: None where this kind of message has none.
        version: of the file; whoever saves names the one that was looked at.
        page: the file with a page of its own, which the text alone does not make; None mostly.
        used_by: mailings that send this template, by file name.
        earlier: what it was before, the newest first.
        problems: why it cannot be read; then there is no text.
    """

    line: TemplateLine
    purposes: tuple[str, ...]
    subject: str | None
    text: str
    version: str
    page: str | None
    used_by: tuple[str, ...]
    earlier: tuple[EarlierText, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class TemplateConflict(Record):
    """A save that was refused because somebody changed the text meanwhile; nothing is lost."""

    theirs: TemplateFile


def template_lines(practice: OpenedPractice, name: str) -> list[TemplateLine]:
    """The texts of a template, the practice's own in the place of a pack's of the same kind.

    Raises:
        TemplateError: there is no such template.
    """
    folders = template_folders(practice.context)
    if name not in template_names(folders):  # a name that leads elsewhere is none of them
        raise TemplateError(_("there is no template {name}", name=name))
    found: list[TemplateLine] = []
    for kind in practice.context.registry.kinds().values():
        at = next((n for n, one in enumerate(folders) if _path(one, name, kind).is_file()), None)
        if at is None:
            continue
        suffix = PurePath(kind.template_suffix)
        files = [kind.template_suffix]
        beside = _path(folders[at], name, kind).parent.glob(f"{suffix.stem}.*{suffix.suffix}")
        files += sorted(path.name for path in beside if _tag(path.name, suffix))
        for file in files:
            language = _tag(file, suffix) or _own_language(name, kind, folders[at])
            found.append(TemplateLine(name, file, kind.name, language, at == 0))
    return found


def template_file(practice: OpenedPractice, name: str, file: str) -> TemplateFile:
    """One text of a template.

    Raises:
        TemplateError: there is no such text.
    """
    line = _line(practice, name, file)
    path = _place(practice, line)
    problems: tuple[Problem, ...] = ()
    files = None
    try:
        version = _version(path.read_bytes())
        files = _files(practice, line)
    except OSError as error:
        raise TemplateError(_gone(path)) from error
    except TemplateError as error:
        problems = error.problems
    subject = files.subject.text if files and files.subject else None
    if subject is None and PurePath(file).suffix == ".md":
        subject = ""
    zone = practice.context.zone
    earlier = [EarlierText(one, _moment(one).astimezone(zone)) for one in _stamps(path)]
    return TemplateFile(
        line=line,
        purposes=files.purposes if files else (),
        subject=subject,
        text=files.text.text if files else "",
        version=version,
        page=files.page if files else None,
        used_by=mailings_of_template(practice.context, name),
        earlier=tuple(earlier) if line.is_own else (),
        problems=problems,
    )


def check_template(
    practice: OpenedPractice, name: str, file: str, subject: str, text: str
) -> CheckedText:
    """What is wrong with a text that is to stand in the place of a template's, word by word.

    Raises:
        TemplateError: there is no such text, or it cannot be read.
    """
    line = _line(practice, name, file)
    files = _files(practice, line)
    has_subject = files.subject is not None or PurePath(file).suffix == ".md"
    said = (subject.strip() or None) if has_subject else None
    kind = practice.context.registry.kinds()[line.kind]
    checked = checked_text(practice, files, kind, said, text)
    lines = {"subject": [subject], "text": text.split("\n")}
    placed = [
        with_column(one, lines[one.part][one.line - 1]) if one.line <= len(lines[one.part]) else one
        for one in checked.faults
    ]
    return CheckedText(tuple(placed), checked.subject, checked.text)


def save_template(
    practice: OpenedPractice, name: str, file: str, subject: str, text: str, version: str
) -> TemplateFile | TemplateConflict | CheckedText:
    """Put a text in the place of one of the practice's own.

    Args:
        practice: the practice.
        name: the template.
        file: which of its texts.
        subject: empty where it has none.
        text: what people read, with macros.
        version: the one that was looked at.

    Returns:
        The text as it is saved; what was saved meanwhile; or what is wrong, and nothing was saved.

    Raises:
        TemplateError: there is no such text, it comes from a pack, has a page of its own or cannot
            be read; or what was written would not be read as it stands.
        SerienpostError: it cannot be written.
    """
    found = template_file(practice, name, file)
    _refuse_foreign(found)
    checked = check_template(practice, name, file, subject, text)
    if checked.faults:
        return checked
    path = _place(practice, found.line)
    wanted = (subject.strip() or None, f"{text.rstrip()}\n")
    source = decoded(path.read_bytes(), file)
    head = with_subject(source, wanted[0] or "")
    parts = split(head, file)
    made = head[: len(head) - len(parts.text)] + wanted[1]
    again = split(made, file)
    if (again.subject, again.text, again.purposes) != (*wanted, parts.purposes):
        raise TemplateError(
            _("this cannot be written into {file} as it stands", file=file),
            hint=_("do not begin the text with ---"),
        )
    return _replaced(practice, found, made.encode(), version)


def earlier_text(practice: OpenedPractice, name: str, file: str, earlier: str) -> tuple[str, str]:
    """Subject and text of an earlier version.

    Raises:
        TemplateError: there is none, or it cannot be read.
    """
    parts = split(decoded(_earlier(practice, name, file, earlier), file), file)
    return parts.subject or "", parts.text


def restore_template(
    practice: OpenedPractice, name: str, file: str, earlier: str, version: str
) -> TemplateFile | TemplateConflict:
    """Put an earlier version in the place of the one that was looked at, which is kept in turn.

    Raises:
        TemplateError: there is no such text or version.
        SerienpostError: it cannot be written.
    """
    found = template_file(practice, name, file)
    return _replaced(practice, found, _earlier(practice, name, file, earlier), version)


def _replaced(
    practice: OpenedPractice, found: TemplateFile, data: bytes, version: str
) -> TemplateFile | TemplateConflict:
    name, file = found.line.template, found.line.file
    path = _place(practice, found.line)
    try:
        with _held(path.parent):
            before = path.read_bytes()
            is_other = _version(before) != version
            if not is_other and before != data:
                _keep(path, before, practice.ledger.clock())
                _write(path, data, path.stat().st_mode)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise SerienpostError(
            _("{file} cannot be written: {why}", file=f"{name}/{file}", why=why)
        ) from error
    now = template_file(practice, name, file)
    return TemplateConflict(now) if is_other else now


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """One after the other: between a look at the version and the new file nobody else writes."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _write(path: Path, data: bytes, mode: int) -> None:
    with whole_file(path) as file:
        os.fchmod(file.fileno(), mode & 0o777)
        file.write(data)


def _keep(path: Path, data: bytes, at: datetime) -> None:
    """Keep what stands there, and let go of what is older than the last few."""
    folder = path.parent / _EARLIER_FOLDER
    folder.mkdir(exist_ok=True)
    stamp = at.astimezone(UTC).strftime(_STAMP)
    _write(folder / f"{path.name}.{stamp}", data, path.stat().st_mode)
    for old in _stamps(path)[EARLIER:]:
        (folder / f"{path.name}.{old}").unlink(missing_ok=True)


def _stamps(path: Path) -> list[str]:
    """The earlier versions of a text, the newest first."""
    begin = f"{path.name}."
    found = (path.parent / _EARLIER_FOLDER).glob(f"{begin}*")
    stamps = (one.name.removeprefix(begin) for one in found if one.is_file())
    return sorted((one for one in stamps if _STAMPED.fullmatch(one)), reverse=True)


def _moment(stamp: str) -> datetime:
    return datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC)


def _earlier(practice: OpenedPractice, name: str, file: str, earlier: str) -> bytes:
    line = _line(practice, name, file)
    path = _place(practice, line)
    if not line.is_own or earlier not in _stamps(path):
        raise TemplateError(_("there is no such earlier version"))
    try:
        return (path.parent / _EARLIER_FOLDER / f"{file}.{earlier}").read_bytes()
    except OSError as error:
        raise TemplateError(_("there is no such earlier version")) from error


def _refuse_foreign(found: TemplateFile) -> None:
    if not found.line.is_own:
        raise TemplateError(
            _("{template} comes from a pack", template=found.line.template),
            hint=_("copy it into the practice first"),
        )
    if found.page:
        raise TemplateError(
            _("{template} has a page of its own", template=found.line.template),
            hint=_("its text is changed together with that page, in its folder"),
        )
    if found.problems:
        raise TemplateError(*found.problems)


def _line(practice: OpenedPractice, name: str, file: str) -> TemplateLine:
    for one in template_lines(practice, name):
        if one.file == file:
            return one
    raise TemplateError(_gone(Path(name) / file))


def _gone(path: Path) -> str:
    return _("there is no text {file}", file=path.name)


def _files(practice: OpenedPractice, line: TemplateLine) -> TemplateFiles:
    """The template in the language of this text."""
    kind = practice.context.registry.kinds()[line.kind]
    folder = _place(practice, line).parent.parent
    own = load_template(line.template, kind.template_suffix, [folder])
    if line.file == kind.template_suffix:
        return own
    return other_languages(own, [folder])[0][line.language]


def _own_language(name: str, kind: Kind, folder: Path) -> str:
    try:
        return load_template(name, kind.template_suffix, [folder]).language
    except TemplateError:
        return "de"


def _place(practice: OpenedPractice, line: TemplateLine) -> Path:
    kind = practice.context.registry.kinds()[line.kind]
    folders = template_folders(practice.context)
    home = next(one for one in folders if _path(one, line.template, kind).is_file())
    return home / line.template / line.file


def _path(folder: Path, name: str, kind: Kind) -> Path:
    return folder / name / kind.template_suffix


def _tag(file: str, suffix: PurePath) -> str:
    """The language in the name of a file (`email.en.md`); empty where it names none."""
    found = re.fullmatch(rf"{re.escape(suffix.stem)}\.([a-z]{{2}}){re.escape(suffix.suffix)}", file)
    return found[1] if found else ""


def _version(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]
