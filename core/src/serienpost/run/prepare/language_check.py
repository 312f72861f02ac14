"""Whether the languages of a mailing's text can be read and written, and what to say of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING

from serienpost.contracts.macros import Speaks
from serienpost.errors import Problem
from serienpost.fields import Sensitivity, known_field
from serienpost.recorded_language import primary
from serienpost.run.prepare.languages import (
    FIELD,
    LANGUAGES,
    ONLY_OWN,
    PREFIX,
    SILENT,
    Reason,
    Variants,
    why_only_own,
)
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from serienpost.contracts.macros import Macro
    from serienpost.run.prepare.renderer import RunRenderer

_ = Texts(__name__)


def settled(renderer: RunRenderer) -> RunRenderer:
    """The same without the languages that nobody is greeted in, and with none where nobody's
    language can be read.

    Raises:
        TemplateError: with the problems of the texts of all languages.
    """
    _refuse_broken(renderer)
    if not renderer.others:
        return renderer
    reason = _unreadable(renderer)
    if reason:
        return _without(renderer, renderer.others, {ONLY_OWN: reason})
    silent = [tag for tag, one in renderer.others.items() if tag not in _spoken(one)]
    return _without(renderer, silent, {SILENT: silent}) if silent else renderer


def _refuse_broken(renderer: RunRenderer) -> None:
    from serienpost.errors import TemplateError

    problems: list[Problem] = []
    for one in renderer.in_languages:
        try:
            _compiled = one.template
        except TemplateError as error:
            problems += error.problems
    if problems:
        raise TemplateError(*dict.fromkeys(problems))


def _unreadable(renderer: RunRenderer) -> Reason | None:
    if known_field(FIELD, renderer.classes).sensitivity >= Sensitivity.PROTECTED:
        return "protected"
    return None if any(FIELD in block.offers for block in renderer.blocks) else "no_field"


def _spoken(renderer: RunRenderer) -> frozenset[str]:
    """The languages that all macros of a text know; where it needs none of them, those that all
    macros know."""
    known = renderer.context.registry.macros
    used = _languages_of(known[name] for name in renderer.macro_names if name in known)
    every = used or _languages_of(known.values())
    return frozenset.intersection(*every) if every else frozenset()


def _languages_of(macros: Iterable[Macro]) -> list[frozenset[str]]:
    return [one.languages for one in macros if isinstance(one, Speaks) and one.languages]


def _without(
    renderer: RunRenderer, tags: Collection[str], told: Mapping[str, object]
) -> RunRenderer:
    header = renderer.header
    kept = {tag: one for tag, one in header.extra[LANGUAGES].items() if tag not in tags}
    rest = {key: value for key, value in header.extra.items() if key != LANGUAGES}
    extra = {**rest, **({LANGUAGES: kept} if kept else {}), **told}
    prefixes = tuple(f"{PREFIX}{tag}/" for tag in tags)
    assets = {n: d for n, d in renderer.assets.items() if not n.startswith(prefixes)}
    digests = {n: d for n, d in header.assets.items() if n in assets}
    return type(renderer)(renderer.context, replace(header, extra=extra, assets=digests), assets)


def file_name_problems(renderer: RunRenderer) -> Iterator[Problem]:
    """Names of own attachments that would be different in each language."""
    known = renderer.context.registry.macros
    names = renderer.own_files.names if renderer.others else frozenset()
    for name in sorted(names & known.keys()):
        if _languages_of([known[name]]):
            yield Problem(
                _(
                    "the name of an attachment uses {macro}, which is in each person's language",
                    macro=name,
                ),
                _("name these files by something that is the same in all languages"),
            )


def notes(renderer: RunRenderer, folders: Sequence[Path]) -> list[str]:
    """What whoever checks a mailing should know about the languages of its text."""
    from serienpost.templates.folder import unread_files

    header = renderer.header
    if header.provider_template:
        return []
    variants = Variants.of(renderer.files, folders, edited=False)
    found: list[str] = []
    if renderer.others:
        found.append(
            _(
                "who speaks another language gets the text in it: {languages};"
                " everybody else in {own}",
                languages=list(renderer.others),
                own=primary(header.language),
            )
        )
        found += _lacking(renderer)
    if only := header.extra.get(ONLY_OWN):
        found.append(why_only_own(only))
    found += [
        _(
            "{file} is not used: there are no salutations in {language}",
            file=variants.files[tag].text.file,
            language=tag,
        )
        for tag in header.extra.get(SILENT, ())
    ]
    found += [
        _(
            "{file} is not read: a language has two small letters there, as in {example}",
            file=file,
            example="email.en.md",
        )
        for file in variants.strange
    ]
    found += [
        _("{file} is not read: {text} is not beside it", file=file, text=text)
        for file, text in unread_files(renderer.files, folders)
    ]
    return found


def _lacking(renderer: RunRenderer) -> Iterator[str]:
    """What another language does without, though the template's own has it."""
    page = renderer.files.page
    for one in renderer.others.values():
        if page and page not in one.files.files:
            name = PurePath(one.files.text.file).with_suffix(".html")
            yield _(
                "{page} is not for {file}: {own} would be its page",
                page=page,
                file=one.files.text.file,
                own=str(name),
            )
        line = (one.header.signature or {}).get("text")
        if line and line == (renderer.header.signature or {}).get("text"):
            yield _(
                "the line under the name of who signs is as it is in {own} in the text in"
                " {language}; `languages` of the signature has a place for it",
                own=primary(renderer.header.language),
                language=primary(one.header.language),
            )
    for block in renderer.blocks:
        if FIELD not in block.offers:
            yield _(
                "the source {source} has no {field}: its people get the text in {own}",
                source=block.source.name,
                field=FIELD,
                own=primary(renderer.header.language),
            )
