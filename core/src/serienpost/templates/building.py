"""From the files of a template to the checked source of each of its parts."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING, Literal, TypeAlias

from serienpost.errors import Problem, TemplateError
from serienpost.templates.folder import FREE_TEXT, decoded
from serienpost.templates.language import Program, parse
from serienpost.templates.letter_page import letter_page
from serienpost.templates.markdown import page
from serienpost.templates.page_source import checked_page, refuse_active
from serienpost.templates.placeholders import PLACE
from serienpost.templates.styles import check_sheet, inlined
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Callable

    from serienpost.templates.folder import TemplateFiles, TextFile

_ = Texts(__name__)

Part: TypeAlias = Literal["subject", "text", "html"]

_DOCUMENT = """<!DOCTYPE html>
<html lang="{language}"{direction}>
<head>
<meta charset="utf-8">
</head>
<body>
{body}</body>
</html>
"""


@dataclass(slots=True)
class Parts:
    """The parts of a template: as checked, and as source for the renderer.

    `links` are the macros that are the whole target of a link somewhere; `is_markdown` says whether
    marks in the text are read.
    """

    programs: dict[Part, Program] = field(default_factory=dict)
    sources: dict[Part, str] = field(default_factory=dict)
    links: set[str] = field(default_factory=set)
    is_markdown: bool = False

    def add(self, part: Part, program: Program, marked: str) -> None:
        """Take in a part with its placeholders."""
        self.programs[part] = program
        self.sources[part] = program.restored(marked)
        for place in PLACE.finditer(marked):
            name = program.tags[int(place[2])].name
            if place[1] == "u" and name is not None:
                self.links.add(name)


def build(files: TemplateFiles, kind: str, append: str | None, *, html: bool) -> Parts:
    """Read and check all parts of a template.

    Raises:
        TemplateError: with the problems of all parts.
    """
    parts = Parts()
    problems: list[Problem] = []
    steps: list[Callable[[], None]] = [lambda: _body(parts, files, kind, append, html=html)]
    if files.subject is not None:
        subject = files.subject
        steps.insert(0, lambda: _subject(parts, subject))
    for step in steps:
        try:
            step()
        except TemplateError as error:
            problems += error.problems
    if problems:
        raise TemplateError(*problems)
    return parts


def _subject(parts: Parts, source: TextFile) -> None:
    text = source.text.strip()
    if "\n" in text or "\t" in text:
        raise TemplateError(
            Problem(
                _("the subject is one line"), _("take the line break out"), source.file, source.line
            )
        )
    if "=?" in text:
        raise TemplateError(
            Problem(
                _("the subject contains =?"), _("write it differently"), source.file, source.line
            )
        )
    program = parse(text, source.file, source.line)
    parts.add("subject", program, program.plain())


def _body(parts: Parts, files: TemplateFiles, kind: str, append: str | None, *, html: bool) -> None:
    own = _own_page(files) if html else None
    program = parse(files.text.text, files.text.file, files.text.line)
    named = program.names | (own.names if own else frozenset())
    if append and append not in named:
        below = f"{files.text.text.rstrip()}\n\n{{{{{append}}}}}\n"
        program = parse(below, files.text.file, files.text.line)
        own = own and _below(own, append)
    if not _is_markdown(files, kind):
        parts.add("text", program, program.plain())
        return
    parts.is_markdown = True
    prefix = "asset:" if kind == "letter" else "cid:"
    made = page(program, files.images, prefix)
    parts.add("text", program, made.text)
    if not html:
        return
    sheet = _sheet(files)
    if own:
        checked = checked_page(own, files.images, prefix)
        is_letter = kind == "letter"
        inside = letter_page(own, checked) if is_letter else inlined(checked, sheet, own.file)
        if inside != checked:
            refuse_active(inside, files.images, prefix, own.file)
        parts.add("html", own, inside)
    elif kind == "letter":
        parts.add("html", program, made.html)
    else:
        document = _document(files.language, made.html)
        parts.add("html", program, inlined(document, sheet, program.file))


def _document(language: str, body: str) -> str:
    from babel import Locale

    spoken = Locale.parse(language, sep="-" if "-" in language else "_")
    direction = ' dir="rtl"' if spoken.text_direction == "rtl" else ""
    tag = language.replace("_", "-")
    return _DOCUMENT.format(language=tag, direction=direction, body=body)


def _sheet(files: TemplateFiles) -> str:
    """The kind's style sheet; that of a letter is applied by its layout."""
    name = _companion(files, ".css")
    data = files.files.get(name)
    if data is None:
        return ""
    file = _beside(files, name)
    sheet = decoded(data, file)
    check_sheet(sheet, file)
    return sheet


def _companion(files: TemplateFiles, suffix: str) -> str:
    return PurePath(files.body).with_suffix(suffix).name


def _beside(files: TemplateFiles, name: str) -> str:
    on_disk = files.named.get(name, name)
    return f"{files.text.file.rpartition('/')[0]}/{on_disk}".lstrip("/")


def _is_markdown(files: TemplateFiles, kind: str) -> bool:
    if files.body == FREE_TEXT:
        return kind in ("email", "letter")
    return files.body.endswith(".md")


def _own_page(files: TemplateFiles) -> Program | None:
    """The page that replaces the one made of the text."""
    name = _companion(files, ".html")
    data = files.files.get(name)
    if data is None:
        return None
    file = _beside(files, name)
    return parse(decoded(data, file), file)


def _below(page_program: Program, macro: str) -> Program:
    head, end, tail = page_program.source.rpartition("</body>")
    paragraph = f"<p>{{{{{macro}}}}}</p>\n"
    source = f"{head}{paragraph}{end}{tail}" if end else f"{tail}{paragraph}"
    return parse(source, page_program.file, page_program.first_line)
