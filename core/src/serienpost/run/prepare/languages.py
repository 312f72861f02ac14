"""Which language a person is written to in, and what a run freezes of each.

A text in another language is a renderer of its own behind that of the run (`renderer.py`): with its
own template, salutations and signature, and everything else in common. Which one a row gets stands
among its values, so that whoever renders it again takes the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from serienpost.contracts.macros import Speaks
from serienpost.errors import Problem
from serienpost.fields import Sensitivity, known_field
from serienpost.recorded_language import primary, recorded_language
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from serienpost.contracts.macros import Macro
    from serienpost.contracts.practice import Signature
    from serienpost.fields import FieldValue
    from serienpost.run.prepare.plan import Header
    from serienpost.run.prepare.renderer import RunRenderer
    from serienpost.templates.folder import TemplateFiles

_ = Texts(__name__)

# The field of a person, and what stands in place of a macro where it is recorded as carried.
FIELD = "sprache"
CARRIED = "language"

# Prefix of the frozen files of another language: `language/en/template.json`.
PREFIX = "language/"

# Keys in the header's `extra`: the other languages with what differs in each; why there are none
# although the template has some; those that nobody is greeted in.
LANGUAGES = "languages"
ONLY_OWN = "one_language"
SILENT = "silent_languages"

# Among the values of a row, under names that no macro has: the language of its text and, where it
# is another one, the recorded language: empty for none, `UNKNOWN` for a text not understood.
GIVEN = "@language"
WANTED = "@recorded"
UNKNOWN = "?"

# Why everybody gets a template in its own language that has others.
Reason: TypeAlias = Literal["edited", "no_field", "protected"]


@dataclass(frozen=True, slots=True)
class Variants:
    """The other languages of a mailing's text, and files that are called alike and are none."""

    files: Mapping[str, TemplateFiles]
    strange: tuple[str, ...] = ()
    only_own: Reason | None = None

    @classmethod
    def of(cls, files: TemplateFiles, folders: Sequence[Path], *, edited: bool) -> Variants:
        """Those of a template; a text that was edited for one run has its language alone.

        Raises:
            TemplateError: one cannot be read, or is in another language than it is called.
        """
        from serienpost.templates.folder import other_languages

        found, strange = other_languages(files, folders)
        if edited and found:
            return cls({}, strange, "edited")
        return cls(found, strange)

    def assets(self) -> dict[str, bytes]:
        """What is frozen besides the template itself; images are the same in all languages."""
        return {
            f"{PREFIX}{tag}/{name}": data
            for tag, files in self.files.items()
            for name, data in files.to_assets().items()
            if name not in files.images
        }

    def frozen(self, signature: Signature | None) -> dict[str, Any]:
        """What stands in the header; nothing where there is nothing but the template's own."""
        found = {
            tag: {
                "language": files.language,
                "signature": signature.plain(tag) if signature else None,
            }
            for tag, files in self.files.items()
        }
        only = {ONLY_OWN: self.only_own} if self.only_own else {}
        return {**({LANGUAGES: found} if found else {}), **only}


def in_language(
    header: Header, assets: Mapping[str, bytes], tag: str
) -> tuple[Header, dict[str, bytes]]:
    """Header and files as they are for the rows of one of the other languages.

    Args:
        header: of the run.
        assets: all that are frozen.
        tag: the language.
    """
    rest = {key: value for key, value in header.extra.items() if key != LANGUAGES}
    mine = f"{PREFIX}{tag}/"
    common = {n: d for n, d in assets.items() if not _is_of_one_language(n)}
    own = {n.removeprefix(mine): d for n, d in assets.items() if n.startswith(mine)}
    return replace(header, extra=rest, **header.extra[LANGUAGES][tag]), {**common, **own}


def _is_of_one_language(asset: str) -> bool:
    """Whether a frozen file is one of the template, but for its images, which all have."""
    is_text = PurePath(asset).suffix.lower() in (".json", ".html", ".css")
    return asset.startswith(PREFIX) or (is_text and "/" not in asset)


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


def said_in(value: FieldValue, own: str, others: Collection[str]) -> dict[str, FieldValue]:
    """What stands among a row's values about its language.

    Args:
        value: what is recorded of the person.
        own: the template's own language.
        others: those that it has besides.
    """
    recorded = recorded_language(value)
    given = recorded if recorded in others else primary(own)
    if recorded == given:
        return {GIVEN: given}
    return {GIVEN: given, WANTED: UNKNOWN if recorded is None else recorded}


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
    return found


def _lacking(renderer: RunRenderer) -> Iterator[str]:
    """What another language does without, though the template's own has it."""
    page = next((name for name in renderer.files.files if name.endswith(".html")), None)
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


def why_only_own(reason: str) -> str:
    """Why everybody gets a template in its own language that has others."""
    if reason == "edited":
        return _("The text was changed for this run; everybody gets it in that language.")
    if reason == "protected":
        return _(
            "The language of people is protected data here; everybody gets the text in the"
            " template's own."
        )
    return _(
        "No source of this mailing has {field}; everybody gets the text in the template's own"
        " language.",
        field=FIELD,
    )
