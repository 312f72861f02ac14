"""A template made ready to be rendered for row after row."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from operator import lt
from typing import TYPE_CHECKING

from serienpost.errors import Problem, TemplateError
from serienpost.templates.building import Part, build
from serienpost.templates.foreign_placeholders import (
    ForeignPlaceholder,
    foreign_placeholders,
    placeholders_in_page,
)
from serienpost.templates.formats import NEEDS, Formats, what_it_is
from serienpost.templates.rendering import environment, renderer
from serienpost.templates.values import (
    EMPTY,
    ValueRefused,
    admitted,
    check_header,
    check_link,
    example,
)
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from zoneinfo import ZoneInfo

    from serienpost.fields import FieldValue
    from serienpost.templates.folder import TemplateFiles
    from serienpost.templates.foreign_marks import ForeignMark
    from serienpost.templates.rendering import Renderer
    from serienpost.templates.syntax import Formatted, Operand

_ = Texts(__name__)

__all__ = ["CompiledTemplate", "Part", "Rendered", "ValueRefused"]


# A macro's name in quotes is a text: `{{ "Vorname" }}`.
_WORD_AS_TEXT = re.compile(r"\{\{\s*([\"'])(?P<name>\w+)\1\s*\}\}\Z")
# Marks and elements may stand between.
_PUNCTUATED = re.compile("\ue000o([0-9]+)\ue001(?:<[^<>]*>|[*_ \t])*([,;:!.])")
_IMAGE = re.compile(r"\bcid:([A-Za-z0-9_.-]+)")


@dataclass(frozen=True, slots=True)
class Rendered:
    """A template filled in. `subject` is empty where there is none, `html` None without one."""

    subject: str
    text: str
    html: str | None


class CompiledTemplate:
    """Renders one template. The same values always give the same result.

    Args:
        files: the template, as a run keeps it.
        kind: kind of message. Letters take images as `asset:NAME`, others as `cid:NAME`.
        html: whether the channel takes a formatted part.
        zone: aware times are shown in this zone.
        append: a macro that is set below the text, in a paragraph of its own, unless the text
            names it (the signature of an e-mail).

    Raises:
        TemplateError: with all problems of all parts.
    """

    def __init__(
        self,
        files: TemplateFiles,
        kind: str,
        *,
        html: bool,
        zone: ZoneInfo,
        append: str | None = None,
    ) -> None:
        self.language = files.language
        self._formats = Formats(files.language, zone)
        built = build(files, kind, append, html=html)
        self._programs = built.programs
        self._is_markdown = built.is_markdown
        text_side = environment(self._formats, html=False)
        html_side = environment(self._formats, html=True)
        self._renderers: dict[Part, Renderer] = {
            part: renderer(source, html_side if part == "html" else text_side)
            for part, source in built.sources.items()
        }
        programs = {id(program): program for program in built.programs.values()}
        trace = "".join(program.trace() for program in programs.values())
        self._trace = renderer(trace, text_side)
        self._named = lru_cache(256)(lambda named: frozenset(named.split()))
        self._ready: tuple[Mapping[str, FieldValue] | None, dict[str, FieldValue]] = (None, {})
        self.images = files.images & frozenset(_IMAGE.findall(built.sources.get("html", "")))
        self._links = tuple(sorted(built.links))
        self._order = tuple(sorted(self.names))

    @cached_property
    def used(self) -> dict[Part, frozenset[str]]:
        """The macros that each part names, also in conditions."""
        return {part: program.names for part, program in self._programs.items()}

    @cached_property
    def names(self) -> frozenset[str]:
        """The macros that the template names anywhere."""
        return frozenset().union(*(program.names for program in self._programs.values()))

    @cached_property
    def may_be_empty(self) -> frozenset[str]:
        """The macros that are empty nowhere without the text providing for it."""
        open_to_it = (program.unguarded for program in self._programs.values())
        return self.names - frozenset().union(*open_to_it)

    @cached_property
    def _subject_names(self) -> tuple[str, ...]:
        subject = self._programs.get("subject")
        return tuple(sorted(subject.names)) if subject else ()

    @cached_property
    def _formatted(self) -> tuple[tuple[Formatted, str], ...]:
        return tuple(
            dict.fromkeys(
                (use, program.file)
                for program in self._programs.values()
                for use in program.formatted
            )
        )

    @property
    def begin(self) -> tuple[str, int]:
        """File and line where the text begins, of two parts the formatted one."""
        program = self._programs.get("html", self._programs["text"])
        return program.file, program.first_line

    def line_of(self, part: Part, name: str) -> tuple[str, int]:
        """File and line where a part first names a macro.

        Raises:
            KeyError: the part does not name it.
        """
        program = self._programs[part]
        return program.file, program.lines[name]

    def places(self, part: Part, name: str) -> list[tuple[str, int, int]]:
        """File, line and column of each place where a part names a macro."""
        program = self._programs[part]
        return [(program.file, *place) for place in program.places(name)]

    def misspelt(self, names: Collection[str]) -> Iterator[tuple[str, int, ForeignPlaceholder]]:
        """File and line of each placeholder in the spelling of another program."""
        text = self._programs["text"]
        for program in {id(one): one for one in self._programs.values()}.values():
            is_page = program is self._programs.get("html") and program is not text
            find = placeholders_in_page if is_page else foreign_placeholders
            outline = program.outline()
            for found in find(outline, names):
                line = program.first_line + outline.count("\n", 0, found.at)
                yield program.file, line, found
            for tag in program.tags:
                word = _WORD_AS_TEXT.match(tag.raw)
                if word and word["name"] in names:
                    yield program.file, tag.line, ForeignPlaceholder(0, tag.raw, word["name"])

    def unread_marks(self) -> Iterator[tuple[str, list[int], ForeignMark]]:
        """Marks of Markdown in subject and text that go out as they are typed: file and lines."""
        from serienpost.templates.foreign_marks import foreign_marks, looks

        for part, program in self._programs.items():
            if part == "html":
                continue
            reads = part == "text" and self._is_markdown
            for found in (foreign_marks if reads else looks)(program.outline()):
                yield program.file, [program.first_line + line for line in found.lines], found

    def punctuated(self) -> Iterator[tuple[str, int, str, str]]:
        """File and line of each macro with a sign of punctuation behind it, its name, the sign."""
        for program in {id(one): one for one in self._programs.values()}.values():
            for found in _PUNCTUATED.finditer(program.marked):
                tag = program.tags[int(found[1])]
                if tag.shown:
                    yield program.file, tag.line, tag.shown, found[2]

    def render(self, values: Mapping[str, FieldValue], *, examples: bool = False) -> Rendered:
        """Fill in one row's values; those that no part names are not looked at.

        Args:
            values: macro -> value; a macro that is not there counts as empty.
            examples: the values are made-up texts, which a filter for dates leaves as they are.

        Raises:
            ValueRefused: a value cannot stand where the text puts it, or is missing.
            TemplateError: a filter or comparison does not fit the type of a macro.
        """
        ready = self._admitted(values, examples=examples)
        for name, value in ready.items():
            if value is EMPTY and name not in self.may_be_empty:
                raise ValueRefused(name, _("is empty"), "missing_value")
        self._check_types(ready, examples=examples)
        filled = self._filled(ready)
        subject = filled.get("subject", "")
        if "=?" in subject:
            raise ValueRefused(self._subject_names[0], _("makes an encoded word of the subject"))
        return Rendered(subject, filled["text"].strip("\n"), filled.get("html"))

    def shown(self, values: Mapping[str, FieldValue], also: Iterable[str] = ()) -> dict[str, str]:
        """Every used macro as text in the template's language; empty ones as "".

        Args:
            values: macro -> value.
            also: macros that stand around the text without being named in it.

        Raises:
            ValueRefused: a value cannot go into a message.
        """
        ready = self._admitted(values, examples=False)
        ready |= {name: admitted(name, values.get(name)) for name in also if name not in ready}
        return {name: self._formats.plain(value) for name, value in ready.items()}

    def printed(self, values: Mapping[str, FieldValue]) -> frozenset[str]:
        """The macros that these values put into the message, or that decide what it says: those
        of the branches taken, and those that are only asked in conditions. Empty ones are not.

        Raises:
            ValueRefused: a value cannot go into a message.
        """
        ready = self._admitted(values, examples=False)
        named = self._named(self._trace(ready))  # type: ignore[arg-type]
        return frozenset(name for name in named if ready[name] is not EMPTY)

    def _admitted(
        self, values: Mapping[str, FieldValue], *, examples: bool
    ) -> dict[str, FieldValue]:
        """The values as they are rendered; those of the same row are checked once."""
        if examples:
            ready = self._checked(values)
            return {name: example(value) for name, value in ready.items()}
        known, ready = self._ready
        if known is not values:
            ready = self._checked(values)
            self._ready = (values, ready)
        return ready

    def _checked(self, values: Mapping[str, FieldValue]) -> dict[str, FieldValue]:
        ready = {name: admitted(name, values.get(name)) for name in self._order}
        for name in self._subject_names:
            check_header(name, ready[name])
        for name in self._links:
            check_link(name, ready[name])
        return ready

    def _check_types(self, ready: dict[str, FieldValue], *, examples: bool) -> None:
        for use, file in self._formatted:
            value = ready[use.name]
            if examples and isinstance(value, str):
                continue
            kinds, needed = NEEDS[use.filter]
            if type(value) not in kinds and value is not EMPTY:
                raise TemplateError(
                    Problem(
                        _(
                            "the filter {filter} needs {needed}, the macro {macro} is {found}",
                            filter=use.filter,
                            needed=needed,
                            macro=use.name,
                            found=what_it_is(value),
                        ),
                        _("write {tag}", tag=f"{{{{{use.name}}}}}"),
                        file,
                        use.line,
                    )
                )

    def _filled(self, ready: dict[str, FieldValue]) -> dict[Part, str]:
        filled: dict[Part, str] = {}
        for part, fill in self._renderers.items():
            try:
                filled[part] = fill(ready)  # type: ignore[arg-type]
            except TypeError as error:
                raise self._incomparable(part, ready) or error from None
        return filled

    def _incomparable(self, part: Part, ready: dict[str, FieldValue]) -> TemplateError | None:
        program = self._programs[part]
        for ordering in program.orderings:
            left, right = (_operand(side, ready) for side in (ordering.left, ordering.right))
            try:
                lt(left, right)  # type: ignore[arg-type]
            except TypeError:
                return TemplateError(
                    Problem(
                        _(
                            "{left} and {right} cannot be compared by size",
                            left=what_it_is(left),
                            right=what_it_is(right),
                        ),
                        _("compare numbers with numbers, dates with dates"),
                        program.file,
                        ordering.line,
                    )
                )
        return None


def _operand(side: Operand, ready: dict[str, FieldValue]) -> FieldValue:
    return side if isinstance(side, str | int) else ready[side.name]
