"""What there is in a practice: sources, macros, templates."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from functools import reduce
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from serienpost import words
from serienpost.config.problems import did_you_mean, listed
from serienpost.documents import Record
from serienpost.errors import ConfigError, Problem, SerienpostError, TemplateError
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from pydantic import BaseModel

    from serienpost.context import PracticeContext
    from serienpost.contracts.kinds import Kind
    from serienpost.contracts.macros import Macro
    from serienpost.contracts.rows import Source
    from serienpost.fields import Part, Sensitivity
    from serienpost.service.opened import OpenedPractice
    from serienpost.templates.folder import TemplateFiles

_ = Texts(__name__)

PARTS: tuple[Part, ...] = ("text", "subject")


@dataclass(frozen=True, slots=True)
class SourceLine(Record):
    """A source in the list of sources."""

    name: str
    title: str
    plugin: str


@dataclass(frozen=True, slots=True)
class Filter(Record):
    """A filter of a source's selection, as its model describes it."""

    name: str
    type: str
    required: bool
    default: Any
    description: str
    examples: list[Any]


@dataclass(frozen=True, slots=True)
class SourceManual(SourceLine):
    """A source with its filters."""

    filters: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Blocked(Record):
    """Where a macro may not stand, and why."""

    kind: str
    part: str
    reason: str


@dataclass(frozen=True, slots=True)
class MacroEntry(Record):
    """A macro, the kinds of message it may stand in, and what blocks it elsewhere."""

    name: str
    sensitivity: str = field(metadata={"json": "class"})
    description: str
    example: str
    fields: tuple[str, ...]
    allowed: tuple[str, ...]
    blocked: tuple[Blocked, ...]
    plugin: str


@dataclass(frozen=True, slots=True)
class MacroList(Record):
    """The macros, and the kinds of message that they were judged for."""

    kinds: tuple[str, ...]
    macros: tuple[MacroEntry, ...]


@dataclass(frozen=True, slots=True)
class TemplateEntry(Record):
    """A template; `shadowed` are its kinds that one of the same name hides."""

    name: str
    origin: str
    kinds: tuple[str, ...]
    purposes: tuple[str, ...]
    languages: tuple[str, ...]
    shadowed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TemplateText(Record):
    """The text of a template as it is written, macros included.

    Args:
        page: the file with a page of its own, which the text alone does not make; None mostly.
        images: that the text may show.
        others: subject and text by the other languages that the template has.
    """

    subject: str
    text: str
    language: str
    page: str | None
    images: tuple[str, ...]
    others: dict[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class AccountLine(Record):
    """An account, what it sends and how much of it its provider permits.

    Args:
        kind: of message.
        rate: such as `250/hour`; empty where nothing limits it.
    """

    name: str
    kind: str
    sender: str
    rate: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MailingLine(Record):
    """A mailing of the practice's folder.

    Args:
        name: of the file, without its suffix.
        title: what people call it.
        account: that sends it; None where none is named, or the file cannot be read.
        kind: of message that the account sends.
    """

    name: str
    title: str
    account: str | None
    kind: str | None


@dataclass(frozen=True, slots=True)
class CopiedTemplate(Record):
    """A ready template that was copied into the practice."""

    template: str
    origin: str
    folder: str
    files: tuple[str, ...]


def sources(practice: OpenedPractice) -> list[SourceLine]:
    """All sources of the practice."""
    return [_source(practice, one) for one in practice.context.registry.sources.values()]


def source(practice: OpenedPractice, name: str) -> SourceManual:
    """One source and its filters.

    Raises:
        ConfigError: there is no such source.
    """
    known = practice.context.registry.sources
    if name not in known:
        raise ConfigError(_("there is no source {name}", name=name), hint=_nearest(name, known))
    one = known[name]
    schema = one.selection.model_json_schema()
    required = schema.get("required", ())
    filters = tuple(
        Filter(
            name=key,
            type=type_name(part, schema),
            required=key in required,
            default=part.get("default"),
            description=_description(one.selection, key) or part.get("description", ""),
            examples=part.get("examples", []),
        )
        for key, part in schema.get("properties", {}).items()
    )
    line = _source(practice, one)
    return SourceManual(line.name, line.title, line.plugin, filters)


def _description(model: type[BaseModel], key: str) -> str | None:
    """As the model's field has it; its schema knows the English words alone."""
    fields = model.model_fields.items()
    found = (field for name, field in fields if key in (name, field.alias))
    return next((field.description for field in found), None)


def _source(practice: OpenedPractice, one: Source[Any]) -> SourceLine:
    provider = practice.context.registry.providers["sources", one.name]
    return SourceLine(one.name, one.title, str(provider))


_TYPES = {
    "string": _.pgettext("type", "text"),
    "integer": _.pgettext("type", "whole number"),
    "number": _.pgettext("type", "number"),
    "boolean": _.pgettext("type", "true or false"),
    "object": _.pgettext("type", "map"),
}


def type_name(part: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """What a person writes for this part of a JSON schema; null, for "absent", is left out."""
    if "$ref" in part:
        return type_name(schema["$defs"][part["$ref"].rsplit("/", 1)[-1]], schema)
    if "enum" in part:
        return " | ".join(map(str, part["enum"]))
    if "const" in part:
        return str(part["const"])
    choices = part.get("anyOf", part.get("oneOf"))
    if choices:
        names = [type_name(choice, schema) for choice in choices if choice.get("type") != "null"]
        return reduce(words.either, dict.fromkeys(names))
    if part.get("type") == "array":
        return _("list of {type}", type=type_name(part.get("items", {}), schema))
    return _TYPES.get(part.get("type", ""), _("any value"))


def macros(
    practice: OpenedPractice, account: str | None = None, kind: str | None = None
) -> MacroList:
    """The macros, and which are blocked here and why.

    Args:
        practice: the practice.
        account: only what counts for messages of this account.
        kind: only what counts for this kind.

    Raises:
        ConfigError: there is no such account or kind.
    """
    context = practice.context
    kinds = _kinds(context, account, kind)
    offered, classes = offers(context)
    entries = tuple(
        _macro(context, macro, kinds, offered, classes)
        for _name, macro in sorted(context.registry.macros.items())
    )
    return MacroList(tuple(one.name for one in kinds), entries)


def _kinds(context: PracticeContext, account: str | None, name: str | None) -> list[Kind]:
    """The kinds that count: an account's, a named one, or all that the practice can send."""
    accounts = context.config.accounts
    if account is not None:
        if account not in accounts:
            raise ConfigError(
                _("there is no account {name}", name=account), hint=_nearest(account, accounts)
            )
        kind = context.kind_of(account)
        if name not in (None, kind.name):
            raise ConfigError(
                _(
                    "the account {account} sends {kind}, not {other}",
                    account=account,
                    kind=kind.name,
                    other=name or "",
                )
            )
        return [kind]
    known = context.registry.kinds()
    if name is None:
        return list(known.values())
    if name not in known:
        raise ConfigError(_("there is no kind {name}", name=name), hint=_nearest(name, known))
    return [known[name]]


def offers(context: PracticeContext) -> tuple[frozenset[str], dict[str, Sensitivity]]:
    """Fields that at least one source offers, and the strictest class that a schema gives each.

    A source that needs a selection before it can tell is left to `check`.
    """
    from pydantic import ValidationError

    from serienpost.fields import CATALOGUE, Sensitivity

    offered: set[str] = set()
    classes: dict[str, Sensitivity] = {}
    left_out = not context.registry.sources
    for one in context.registry.sources.values():
        try:
            selection = one.selection.model_validate({})
        except ValidationError:
            left_out = True
            continue
        for name, given in one.offers(context, selection).items():
            offered.add(name)
            if given is not None:
                named = Sensitivity.named(given)
                classes[name] = max(named, classes.get(name, named))
    return frozenset(offered | set(CATALOGUE) if left_out else offered), classes


def _macro(
    context: PracticeContext,
    macro: Macro,
    kinds: Collection[Kind],
    offered: Collection[str],
    classes: Mapping[str, Sensitivity],
) -> MacroEntry:
    from serienpost.firewall import effective, refusal
    from serienpost.templates.formats import Formats

    harmless = bool(context.config.appointment_types_harmless)
    reasons = {
        (kind.name, part): refusal(
            macro, kind, part, classes, offered=offered, harmless_types=harmless
        )
        for kind in kinds
        for part in PARTS
    }
    return MacroEntry(
        name=macro.name,
        sensitivity=effective(macro, classes).label,
        description=macro.description,
        example=Formats("de", context.zone).plain(macro.example),
        fields=tuple(sorted(macro.fields)),
        allowed=tuple(kind.name for kind in kinds if reasons[kind.name, "text"] is None),
        blocked=tuple(
            Blocked(kind, part, reason) for (kind, part), reason in reasons.items() if reason
        ),
        plugin=str(context.registry.providers["macros", macro.name]),
    )


def templates(practice: OpenedPractice) -> tuple[list[TemplateEntry], tuple[Problem, ...]]:
    """All templates, the practice's own first, and what is wrong with their files."""
    from serienpost.templates.folder import template_names

    found: list[TemplateEntry] = []
    problems: list[Problem] = []
    held: dict[str, set[str]] = {}
    for origin, folder in _folders(practice.context):
        for name in template_names([folder]):
            kinds, purposes, languages, wrong = _template(practice.context, folder, name)
            problems += wrong
            hidden = tuple(kind for kind in kinds if kind in held.get(name, ()))
            held.setdefault(name, set()).update(kinds)
            found.append(TemplateEntry(name, origin, kinds, purposes, languages, hidden))
    return found, tuple(problems)


def _folders(context: PracticeContext) -> list[tuple[str, Path]]:
    """Where templates are looked for, in this order, each with the name of its origin."""
    from serienpost.run.prepare.written_text import template_folders

    return list(
        zip(("practice", *context.registry.template_packs), template_folders(context), strict=True)
    )


def _template(
    context: PracticeContext, folder: Path, name: str
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], list[Problem]]:
    """The kinds, purposes and languages of one template, and what is wrong with its files."""
    from serienpost.templates.folder import load_template, other_languages

    kinds: list[str] = []
    purposes: set[str] = set()
    languages: set[str] = set()
    problems: list[Problem] = []
    for kind in _kinds(context, None, None):
        if not (folder / name / kind.template_suffix).is_file():
            continue
        kinds.append(kind.name)
        try:
            files = load_template(name, kind.template_suffix, [folder])
        except TemplateError as error:
            problems += error.problems
            continue
        purposes.update(files.purposes)
        languages.add(files.language)
        try:
            languages.update(other_languages(files, [folder])[0])
        except TemplateError as error:
            problems += error.problems
    return tuple(kinds), tuple(sorted(purposes)), tuple(sorted(languages)), problems


def template_text(practice: OpenedPractice, name: str, kind: str) -> TemplateText:
    """The text of a template for one kind of message, to be changed for one run.

    Raises:
        TemplateError: there is no such template, or it has no text for this kind.
        ConfigError: there is no such kind.
    """
    from serienpost.run.prepare.written_text import template_folders
    from serienpost.templates.folder import load_template, other_languages

    (wanted,) = _kinds(practice.context, None, kind)
    folders = template_folders(practice.context)
    files = load_template(name, wanted.template_suffix, folders)
    others = {tag: _said(one) for tag, one in other_languages(files, folders)[0].items()}
    images = tuple(sorted(files.images))
    return TemplateText(*_said(files), files.language, files.page, images, others)


def _said(files: TemplateFiles) -> tuple[str, str]:
    """Subject and text."""
    return files.subject.text if files.subject else "", files.text.text


def accounts(practice: OpenedPractice) -> list[AccountLine]:
    """All accounts of the practice."""
    context = practice.context
    return [
        AccountLine(name, context.kind_of(name).name, one.sender, tuple(map(str, one.rate)))
        for name, one in context.config.accounts.items()
    ]


def mailings(practice: OpenedPractice) -> list[MailingLine]:
    """The mailings of the practice's folder, by file name; what cannot be read goes by its name."""
    from serienpost.config.mailing_file import mailing_heads

    context = practice.context
    return [
        MailingLine(
            name=one.name,
            title=one.title,
            account=one.account,
            kind=kind_of(context, one.account),
        )
        for one in mailing_heads(context)
    ]


def kind_of(context: PracticeContext, account: str | None) -> str | None:
    """The kind of message that an account sends; None where there is no such account."""
    return context.kind_of(account).name if account in context.config.accounts else None


def copy_template(practice: OpenedPractice, name: str) -> CopiedTemplate:
    """Copy a ready template into the practice, to change it there; overwrites nothing.

    Raises:
        SerienpostError: there is none, or the practice has one of this name.
    """
    from serienpost.templates.folder import template_names

    (_origin, own), *packs = _folders(practice.context)
    origin, folder = next(
        ((origin, folder) for origin, folder in packs if name in template_names([folder])),
        (None, None),
    )
    if origin is None or folder is None:
        known = [one for _origin, pack in packs for one in template_names([pack])]
        unnamed = _("name serienpost-templates under plugins:")
        hint = _nearest(name, known) if known else unnamed
        raise TemplateError(_("no pack has a template {name}", name=name), hint=hint)
    target = own / name
    # Under another name until it is whole: a run must not read half of it.
    part = own / f".{name}.{token_hex(8)}"
    try:
        if os.path.lexists(target):
            raise SerienpostError(
                Problem(
                    _("is there already; nothing was copied"), _("move it away first"), str(target)
                )
            )
        shutil.copytree(folder / name, part, copy_function=shutil.copyfile)
        part.rename(target)
    except OSError as error:
        shutil.rmtree(part, ignore_errors=True)
        raise SerienpostError(Problem(_("cannot be written"), None, str(target))) from error
    files = sorted(str(path.relative_to(target)) for path in target.rglob("*") if path.is_file())
    return CopiedTemplate(name, origin, str(target), tuple(files))


def _nearest(name: str, known: Collection[str]) -> str | None:
    return did_you_mean(name, known) or listed(known)
