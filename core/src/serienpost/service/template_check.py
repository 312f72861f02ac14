"""Whether a template's text may stand there, word by word, and how it reads with example values."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from serienpost.documents import Record
from serienpost.errors import TemplateError
from serienpost.firewall import check_names
from serienpost.run.prepare.field_macros import with_own_fields
from serienpost.run.prepare.unfilled import unfilled_problem
from serienpost.service.catalog import offers
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from serienpost.contracts.kinds import Kind
    from serienpost.contracts.macros import Macro, MacroSetting
    from serienpost.errors import Problem
    from serienpost.fields import FieldValue
    from serienpost.service.opened import OpenedPractice
    from serienpost.templates.compiled import CompiledTemplate
    from serienpost.templates.folder import TemplateFiles

_ = Texts(__name__)


@dataclass(frozen=True, slots=True)
class TextFault(Record):
    """One thing that is wrong with a text, where it stands.

    Args:
        part: `subject` or `text`.
        line: of the part, from 1.
        column: of the word, from 1; 0 where the whole line is meant.
        word: what must not stand there; empty for the whole line.
        message: what is wrong with it.
        hint: what to write instead, where that is known.
    """

    part: str
    line: int
    column: int
    word: str
    message: str
    hint: str | None


@dataclass(frozen=True, slots=True)
class CheckedText(Record):
    """A template's text as it was looked at.

    Args:
        faults: in the order of the text; none where nothing is wrong.
        subject: with example values; empty where something is wrong.
        text: likewise.
    """

    faults: tuple[TextFault, ...]
    subject: str
    text: str


def checked_text(
    practice: OpenedPractice, files: TemplateFiles, kind: Kind, subject: str | None, text: str
) -> CheckedText:
    """A template with this subject and text in place of its own, looked at as `check` looks at a
    mailing's, for any mailing that the practice could have."""
    from serienpost.templates.compiled import CompiledTemplate, ValueRefused

    written = files.with_text(subject, text, "text", "subject")
    if not text.strip():
        empty, hint = _("the text is empty"), _("nobody would be told anything")
        return CheckedText((TextFault("text", 1, 0, "", empty, hint),), "", "")
    try:
        template = CompiledTemplate(written, kind.name, html=True, zone=practice.context.zone)
        offered, classes = offers(practice.context)
        macros = with_own_fields(practice.context.registry.macros, classes, template.names)
        found = check_names(
            template.used,
            macros,
            kind,
            classes,
            offered=offered,
            harmless_types=bool(practice.context.config.appointment_types_harmless),
        )
        faults = [
            TextFault(*place, name, problem.message, problem.hint)
            for name, part, problem in found
            for place in template.places(part, name)
        ]
        faults += _unfilled(template, macros)
        if faults:
            return _faulty(faults)
        setting = _setting(practice, kind, files.language)
        values = {name: _example(macros[name], setting) for name in template.names}
        shown = template.render(values, examples=True)
    except TemplateError as error:
        return _faulty([_at_line(problem) for problem in error.problems])
    except ValueRefused as error:
        return _faulty([TextFault("text", 1, 0, "", error.sentence, None)])
    return CheckedText((), shown.subject, shown.text)


def _unfilled(template: CompiledTemplate, macros: Mapping[str, Macro]) -> Iterator[TextFault]:
    """Placeholders in the spelling of another program."""
    for file, line, found in template.misspelt(macros):
        problem = unfilled_problem(found, file, line)
        yield TextFault(file, line, 0, found.written, problem.message, problem.hint)


def _at_line(problem: Problem) -> TextFault:
    part = "subject" if problem.file == "subject" else "text"
    return TextFault(part, problem.line or 1, 0, "", problem.message, problem.hint)


def _faulty(found: list[TextFault]) -> CheckedText:
    ordered = sorted(dict.fromkeys(found), key=lambda one: (one.part, one.line, one.column))
    return CheckedText(tuple(ordered), "", "")


def with_column(fault: TextFault, line: str) -> TextFault:
    """The fault with the column of its word in this line of the text, where it stands there."""
    at = line.find(fault.word) if fault.word and not fault.column else -1
    return replace(fault, column=at + 1) if at >= 0 else fault


def _example(macro: Macro, setting: MacroSetting) -> FieldValue:
    return macro.example if macro.fields else macro.value({}, setting)


def _setting(practice: OpenedPractice, kind: Kind, language: str) -> MacroSetting:
    """What macros are told without a run: the first signature and sender that the practice has."""
    from serienpost.contracts.macros import MacroSetting
    from serienpost.contracts.practice import Signature

    config = practice.context.config
    signed: Any = next(iter(config.signatures.values()), None)
    return MacroSetting(
        practice=config.practice,
        signature=Signature.model_validate(signed.plain()) if signed else None,
        kind=kind.name,
        language=language,
        due=practice.today(),
        zone=practice.context.zone,
        reply_to=config.practice.email or "praxis@example.org" if kind.name == "email" else None,
    )
