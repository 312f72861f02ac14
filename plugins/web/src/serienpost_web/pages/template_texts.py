"""Templates: what there is, copy one into the practice, change a text of one's own, take back."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from serienpost import SerienpostError, Texts
from serienpost.service import (
    CheckedText,
    TemplateConflict,
    check_template,
    copy_template,
    earlier_text,
    restore_template,
    save_template,
    template_file,
    template_lines,
    templates,
)
from serienpost_web.draft_form import LINE, TEXT
from serienpost_web.segments import named_by
from serienpost_web.table import Entry, Moved, NotFoundError, Route, Shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from serienpost import Problem, Text
    from serienpost.service import TemplateFile, TextFault
    from serienpost_web.table import Answer, Asked

_ = Texts(__name__)

_PARTS: Mapping[str, Text] = {"subject": _("Subject"), "text": _("Text")}


class Mark(NamedTuple):
    """A fault with its line of the text, cut at the word that it is about."""

    fault: TextFault
    part: Text
    before: str
    word: str
    after: str
    start: int


def list_page(asked: Asked) -> Answer:
    """All templates, the practice's own first."""
    found, problems = templates(asked.practice)
    own = {one.name for one in found if one.origin == "practice"}
    values = {"templates": found, "own": own, "problems": problems}
    return Shown("templates", values)


def template_page(asked: Asked) -> Answer:
    """The texts of one template."""
    return _template(asked, ())


def _template(asked: Asked, problems: Sequence[Problem]) -> Shown:
    name = _name(asked)
    entries = [one for one in templates(asked.practice)[0] if one.name == name]
    values = {
        "name": name,
        "lines": template_lines(asked.practice, name),
        "is_own": any(one.origin == "practice" for one in entries),
        "problems": problems,
    }
    return Shown("template", values, 422 if problems else 200)


def copy(asked: Asked) -> Answer:
    """The practice gets a template of its own, to be changed."""
    try:
        copy_template(asked.practice, _name(asked))
    except SerienpostError as error:
        return _template(asked, error.problems)
    return Moved(f"{_LIST}/{asked.parts['template']}", said="template_copied")


def text_page(asked: Asked) -> Answer:
    """One text: its form, how it reads, and what it was before."""
    found = _found(asked)
    return _text(asked, found, found.subject or "", found.text)


def _text(
    asked: Asked,
    found: TemplateFile,
    subject: str,
    text: str,
    *,
    status: int = 200,
    version: str = "",
    **values: object,
) -> Shown:
    is_open = found.line.is_own and not found.page and not found.problems
    lines = template_lines(asked.practice, found.line.template)
    told = {
        "found": found,
        "subject": subject,
        "text": text,
        "version": version or found.version,
        "is_open": is_open and asked.user.may("administer"),
        "lines": [one for one in lines if one.kind == found.line.kind],
        "conflict": None,
        "is_refused": False,
        **({} if found.problems else _checked(asked, subject, text)),
    }
    return Shown("template_text", {**told, **values}, status)


def check(asked: Asked) -> Answer:
    """What is wrong with what is typed, and how it reads; nothing is saved."""
    _found(asked)
    return Shown("template_checked", _checked(asked, *_typed(asked)))


def _checked(asked: Asked, subject: str, text: str) -> dict[str, object]:
    name, file = _name(asked), asked.parts["text"]
    try:
        checked = check_template(asked.practice, name, file, subject, text)
    except SerienpostError as error:
        return {"checked": None, "refused": error.problems, "marks": []}
    return {"checked": checked, "marks": _marks(checked, subject, text), "refused": ()}


def _marks(checked: CheckedText, subject: str, text: str) -> list[Mark]:
    found = []
    for one in checked.faults:
        lines = [subject] if one.part == "subject" else text.split("\n")
        number = min(one.line, len(lines)) - 1
        line, at = lines[number], max(0, one.column - 1)
        word = one.word if one.column else line
        end = at + len(word)
        start = sum(len(each) + 1 for each in lines[:number]) + at
        found.append(Mark(one, _PARTS[one.part], line[:at], line[at:end], line[end:], start))
    return found


def save(asked: Asked) -> Answer:
    """Put the text in the place of the one that was looked at; or look at it only."""
    found, version = _found(asked), asked.form.some("version", 50)
    subject, text = _typed(asked)
    if asked.form.one("then") == "check":
        return _text(asked, found, subject, text, version=version)
    try:
        saved = save_template(asked.practice, _name(asked), found.line.file, subject, text, version)
    except SerienpostError as error:
        told = {"refused": error.problems, "is_refused": True}
        return _text(asked, found, subject, text, status=422, version=version, **told)
    if isinstance(saved, TemplateConflict):
        return _text(asked, saved.theirs, subject, text, status=409, conflict=saved.theirs)
    if isinstance(saved, CheckedText):
        return _text(asked, found, subject, text, status=422, version=version, is_refused=True)
    return Moved(_path_of(asked), said="template_saved")


def earlier_page(asked: Asked) -> Answer:
    """An earlier version beside the one of now, before it takes its place."""
    return _earlier(asked, None)


def _earlier(asked: Asked, conflict: TemplateFile | None) -> Shown:
    found = _found(asked)
    try:
        subject, text = earlier_text(
            asked.practice, _name(asked), found.line.file, asked.parts["earlier"]
        )
    except SerienpostError as error:
        raise NotFoundError from error
    (line,) = (one for one in found.earlier if one.id == asked.parts["earlier"])
    values = {
        "found": found,
        "earlier": line,
        "subject": subject,
        "text": text,
        "conflict": conflict,
    }
    return Shown("template_earlier", values, 409 if conflict else 200)


def restore(asked: Asked) -> Answer:
    """The earlier version is the one that counts again."""
    _earlier(asked, None)  # there is such a version
    name, file = _name(asked), asked.parts["text"]
    version = asked.form.some("version", 50)
    done = restore_template(asked.practice, name, file, asked.parts["earlier"], version)
    if isinstance(done, TemplateConflict):
        return _earlier(asked, done.theirs)
    return Moved(_path_of(asked), said="template_restored")


def _typed(asked: Asked) -> tuple[str, str]:
    return asked.form.one("subject", LINE).strip(), asked.form.text("text", TEXT)


def _name(asked: Asked) -> str:
    return named_by(asked.parts["template"], (one.name for one in templates(asked.practice)[0]))


def _found(asked: Asked) -> TemplateFile:
    try:
        return template_file(asked.practice, _name(asked), asked.parts["text"])
    except SerienpostError as error:
        raise NotFoundError from error


def _path_of(asked: Asked) -> str:
    return f"{_LIST}/{asked.parts['template']}/{asked.parts['text']}"


_LIST, _ONE = "/verwaltung/vorlagen", "/verwaltung/vorlagen/{template}"
_TEXT = f"{_ONE}/{{text}}"
_BEFORE = f"{_TEXT}/frueher/{{earlier}}"
_PAGE = Route(_LIST, list_page, "read")
ENTRY = Entry(
    _PAGE,
    _("Templates"),
    _("The texts that messages begin from: look at them, copy one, change those of the practice."),
)
ROUTES = (
    _PAGE,
    Route(_ONE, template_page, "read"),
    Route(f"{_ONE}/kopie", copy, "administer", "POST", back=_ONE),
    Route(_TEXT, text_page, "read"),
    Route(_TEXT, save, "administer", "POST", back=_TEXT),
    Route(f"{_TEXT}/pruefen", check, "administer", "POST", back=_TEXT, is_polled=True),
    Route(_BEFORE, earlier_page, "read"),
    Route(_BEFORE, restore, "administer", "POST", back=_BEFORE),
)
