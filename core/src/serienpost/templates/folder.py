"""Templates on disk, and the copy of a template that a run keeps."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import TYPE_CHECKING

from serienpost.errors import Problem, TemplateError
from serienpost.files import nearest_path
from serienpost.recorded_language import primary, recorded_language
from serienpost.templates.frontmatter import split
from serienpost.text import nearest
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_ = Texts(__name__)

# The body of a mailing that carries its text itself; the kind says how it is read.
FREE_TEXT = "text"

# Bytes of all files of a template at most.
LARGEST = 10_000_000

_MANIFEST = "template.json"
# A language in the name of a file, and how dates are written where the file does not say it.
_TAG = re.compile(r"[a-z]{2}")
_WRITTEN_AS = {"en": "en-GB"}
_NAME = re.compile(r"[^\W_][\w-]*\Z")
_IMAGES = frozenset({".png", ".jpg", ".jpeg", ".gif"})


@dataclass(frozen=True, slots=True)
class TextFile:
    """A text to be read as a template, and where it stands."""

    text: str
    file: str
    line: int = 1


@dataclass(frozen=True, slots=True)
class TemplateFiles:
    """Everything that a template needs to be rendered, without the disk.

    Args:
        name: the template's name.
        body: the file with the text (`email.md`), or `text` for a text that stands in a mailing.
        language: of the text; dates are written in it.
        purposes: what it may be used for; empty = anything.
        subject: None where the template gives none.
        text: the body without its front matter.
        files: page, style sheet and images by name.
        named: how those of them are called on disk that have another name there.
    """

    name: str
    body: str
    language: str
    purposes: tuple[str, ...]
    subject: TextFile | None
    text: TextFile
    files: Mapping[str, bytes]
    named: Mapping[str, str] = field(default_factory=dict)

    @property
    def images(self) -> frozenset[str]:
        """Names of the image files."""
        return frozenset(name for name in self.files if PurePath(name).suffix.lower() in _IMAGES)

    @property
    def page(self) -> str | None:
        """The file with a page of its own, which the text alone does not make."""
        return next((one for one in self.files if one.endswith(".html")), None)

    def with_text(
        self, subject: str | None, text: str, file: str, subject_file: str | None = None
    ) -> TemplateFiles:
        """The same template with another subject and text, as edited for one run."""
        return replace(
            self,
            subject=None if subject is None else TextFile(subject, subject_file or file),
            text=TextFile(text, file),
        )

    def without_place(self) -> TemplateFiles:
        """The same texts, wherever they stand: a plan is not another one for that."""
        subject = self.subject and TextFile(self.subject.text, "")
        return replace(self, subject=subject, text=TextFile(self.text.text, ""))

    def to_assets(self) -> dict[str, bytes]:
        """The copy that the ledger keeps: file name -> bytes, the same for the same template."""
        manifest = {
            "name": self.name,
            "body": self.body,
            "language": self.language,
            "purposes": self.purposes,
            "subject": _packed(self.subject) if self.subject else None,
            "text": _packed(self.text),
            **({"named": dict(self.named)} if self.named else {}),
        }
        packed = json.dumps(manifest, ensure_ascii=False, sort_keys=True, indent=1)
        return {_MANIFEST: packed.encode(), **dict(sorted(self.files.items()))}

    @classmethod
    def from_assets(cls, assets: Mapping[str, bytes]) -> TemplateFiles:
        """The template that `to_assets` packed."""
        manifest = json.loads(assets[_MANIFEST])
        return cls(
            name=manifest["name"],
            body=manifest["body"],
            language=manifest["language"],
            purposes=tuple(manifest["purposes"]),
            subject=TextFile(*manifest["subject"]) if manifest["subject"] else None,
            text=TextFile(*manifest["text"]),
            files={name: data for name, data in assets.items() if name != _MANIFEST},
            named=manifest.get("named", {}),
        )


def load_template(name: str, suffix: str, folders: Sequence[Path]) -> TemplateFiles:
    """Read a template's files for one kind of message.

    Args:
        name: the template's folder.
        suffix: the kind's file (`email.md`).
        folders: searched in this order; the first that holds the file wins.

    Raises:
        TemplateError: there is no such template or file, or it cannot be read.
    """
    if not _NAME.match(name):
        raise TemplateError(
            _("'{name}' is not the name of a template", name=name),
            hint=_("a name is letters, digits, - and _; a path is not accepted"),
        )
    for folder in folders:
        if (folder / name / suffix).is_file():
            return _read(folder, name, suffix)
    raise _not_found(name, suffix, folders)


def other_languages(
    files: TemplateFiles, folders: Sequence[Path]
) -> tuple[dict[str, TemplateFiles], tuple[str, ...]]:
    """The same template in other languages, `email.en.md` beside `email.md`, by language; and what
    lies beside it and is none, though it is called alike (`email.alt.md`).

    Raises:
        TemplateError: one cannot be read, or is in another language than it is called.
    """
    found: dict[str, TemplateFiles] = {}
    strange: list[str] = []
    home = next((one for one in folders if (one / files.name / files.body).is_file()), None)
    if home is None or files.body == FREE_TEXT:
        return found, ()
    stem, suffix = PurePath(files.body).stem, PurePath(files.body).suffix
    for path in sorted((home / files.name).glob(f"{stem}.*{suffix}")):
        tag = path.name[len(stem) + 1 : -len(suffix)]
        if not _TAG.fullmatch(tag) or recorded_language(tag) != tag:
            strange.append(f"{home.name}/{files.name}/{path.name}")
            continue
        found[tag] = _read(home, files.name, files.body, tag)
        _refuse_other(files, found[tag], tag)
    return found, tuple(strange)


def unread_files(files: TemplateFiles, folders: Sequence[Path]) -> list[tuple[str, str]]:
    """Files of other languages that nothing comes of, each with the text that is missing beside it:
    a page or style sheet without a text of its language, and a text without one in the template's
    own language in a folder that comes before that of the template."""
    found: list[tuple[str, str]] = []
    stem, suffix = PurePath(files.body).stem, PurePath(files.body).suffix
    for folder in folders if files.body != FREE_TEXT else ():
        home, shown = folder / files.name, f"{folder.name}/{files.name}"
        is_home = (home / files.body).is_file()
        for path in sorted(home.glob(f"{stem}.*.*")):
            text = f"{path.name.removesuffix(path.suffix)}{suffix}" if is_home else files.body
            if not (home / text).is_file() and (not is_home or path.suffix in (".html", ".css")):
                found.append((f"{shown}/{path.name}", text))
        if is_home:
            break
    return found


def _refuse_other(own: TemplateFiles, other: TemplateFiles, tag: str) -> None:
    file = other.text.file
    if primary(own.language) == tag:
        message = _("{file} is in the language {tag} too", file=own.text.file, tag=tag)
        hint = _("remove one of the two, or correct `language` at its top")
        raise TemplateError(Problem(message, hint, file, 1))
    if primary(other.language) != tag:
        message = _(
            "the file is called {tag} and says that its language is {language}",
            tag=tag,
            language=other.language,
        )
        raise TemplateError(Problem(message, _("correct one of the two"), file, 1, "language"))


def from_text(
    subject: str | None,
    text: str,
    file: str,
    *,
    language: str = "de",
    subject_file: str | None = None,
    subject_line: int = 1,
    text_line: int = 1,
) -> TemplateFiles:
    """The template that a mailing with its own `subject:` and `text:` amounts to; the two stand in
    one file unless `subject_file` names that of the subject."""
    return TemplateFiles(
        name="",
        body=FREE_TEXT,
        language=language,
        purposes=(),
        subject=TextFile(subject, subject_file or file, subject_line) if subject else None,
        text=TextFile(text, file, text_line),
        files={},
    )


def template_names(folders: Sequence[Path]) -> list[str]:
    """The names of all templates in these folders, sorted."""
    found = {
        path.name
        for folder in folders
        if folder.is_dir()
        for path in folder.iterdir()
        if path.is_dir() and _NAME.match(path.name)
    }
    return sorted(found)


def _not_found(name: str, suffix: str, folders: Sequence[Path]) -> TemplateError:
    having = [folder / name for folder in folders if (folder / name).is_dir()]
    if having:
        other = nearest_path(having[0] / suffix)
        rename = other and _("rename {old} to {new}", old=other.name, new=suffix)
        hint = rename or _("add {file}", file=f"{having[0].parent.name}/{name}/{suffix}")
        what = _("the template {name} has no file {file}", name=name, file=suffix)
        return TemplateError(Problem(what, hint))
    near = nearest(name, template_names(folders))
    hint = (
        _("did you mean {name}?", name=near)
        if near
        else _("serienpost templates lists what there is")
    )
    what = _("there is no template {name}", name=name)
    return TemplateError(Problem(what, hint))


def _read(folder: Path, name: str, suffix: str, tag: str | None = None) -> TemplateFiles:
    """The template's files for a kind; with `tag` those of another language, under the names that
    they have in the template's own."""
    home = folder / name
    shown = f"{folder.name}/{name}"
    stem, kind = PurePath(suffix).stem, PurePath(suffix).suffix
    files: dict[str, bytes] = {}
    named: dict[str, str] = {}
    left = LARGEST
    for companion, path in _companions(home, stem, tag):
        files[companion] = _bytes(home, path, f"{shown}/{path.name}")
        if path.name != companion:
            named[companion] = path.name
        left -= len(files[companion])
        if left < 0:
            message = _.ngettext(
                "the files are larger than {n} byte", "the files are larger than {n} bytes", LARGEST
            )
            raise TemplateError(Problem(message, _("make images smaller"), shown))
    body = f"{stem}.{tag}{kind}" if tag else suffix
    file = f"{shown}/{body}"
    text = decoded(_bytes(home, home / body, file), file)
    parts = split(text, file, tag) if tag else split(text, file)
    subject = None
    if parts.subject is not None:
        subject = TextFile(parts.subject, file, parts.subject_line)
    return TemplateFiles(
        name=name,
        body=suffix,
        language=_WRITTEN_AS.get(parts.language, parts.language) if tag else parts.language,
        purposes=parts.purposes,
        subject=subject,
        text=TextFile(parts.text, file, parts.text_line),
        files=files,
        named=named,
    )


def _companions(home: Path, stem: str, tag: str | None) -> Iterator[tuple[str, Path]]:
    """The kind's page and style sheet, and all images, by the names that they are frozen under. A
    page is of one language; a style sheet of all that have none of their own."""
    pages = {f"{stem}.html": home / (f"{stem}.{tag}.html" if tag else f"{stem}.html")}
    own = home / f"{stem}.{tag}.css"
    pages[f"{stem}.css"] = own if tag and own.is_file() else home / f"{stem}.css"
    found = {path.name: path for path in home.iterdir() if path.suffix.lower() in _IMAGES}
    for name, path in sorted({**found, **pages}.items()):
        if path.is_file():
            yield name, path


def _bytes(home: Path, path: Path, file: str) -> bytes:
    if not path.resolve().is_relative_to(home.resolve()):
        raise TemplateError(
            Problem(_("the file is a link out of the template's folder"), _("copy it there"), file)
        )
    try:
        with path.open("rb") as opened:
            return opened.read(LARGEST + 1)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise TemplateError(Problem(_("cannot be read: {why}", why=why), None, file)) from None


def decoded(data: bytes, file: str) -> str:
    """Text of a file, with `\\n` at the end of lines.

    Raises:
        TemplateError: it is not UTF-8.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise TemplateError(
            Problem(_("the file is not UTF-8"), _("save it as UTF-8"), file, line)
        ) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _packed(source: TextFile) -> list[str | int]:
    return [source.text, source.file, source.line]
