"""What a page that a provider keeps loads for some readers only: whoever keeps the file learns who
they are, although its address is fixed."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from serienpost.templates.markup import raw_texts
from serienpost.templates.styles import forbidden_in_sheet

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from serienpost.templates.markup import Markup, Token

# A part of a page: where it begins and where it ends.
Span = tuple[int, int]

# Attributes whose value is fetched when a message is shown; `href` of links is not.
_FETCHED = frozenset(
    (
        *("background", "src", "srcset", "longdesc", "poster", "data", "lowsrc", "dynsrc", "icon"),
        *("xlink:href", "o:href"),
    )
)
_LINKS = frozenset({"a", "area"})
# What comes with the message itself.
_CARRIED = re.compile(r"\s*(?:cid:|data:|#|\Z)", re.IGNORECASE)
_RULE = re.compile(r"([^{}]*)\{([^{}]*)\}")
_MARK = re.compile(r"([.#])([\w-]+)")
_ELEMENT = re.compile(r"[a-z][a-z0-9]*", re.IGNORECASE)


class Load(NamedTuple):
    """Something that a page fetches: its address, or the style that says it, and its place."""

    what: str
    place: int


def loads_for_some(markup: Markup, parts: Sequence[Span]) -> Iterator[Load]:
    """Everything that stands in one of these parts and is fetched, unless the same is fetched for
    everybody.

    Args:
        markup: the page.
        parts: those that a condition decides about, in order, apart from each other.
    """
    found = [*_by_tags(markup), *_by_sheets(markup)]
    for_all = {load.what for load in found if not _is_in(load.place, parts)}
    for load in found:
        if load.what not in for_all and _is_in(load.place, parts):
            yield load


def fetching_rules(sheet: str) -> list[tuple[str, str]]:
    """Selector and body of the rules of a style sheet that fetch something where they apply."""
    return [rule for rule in _RULE.findall(sheet) if forbidden_in_sheet(rule[1]) is not None]


def _is_in(place: int, parts: Sequence[Span]) -> bool:
    index = bisect_right(parts, place, key=lambda part: part[0]) - 1
    return index >= 0 and place < parts[index][1]


def _by_tags(markup: Markup) -> Iterator[Load]:
    for token in markup.tokens:
        for name, value in token.attributes.items():
            fetched = name in _FETCHED or (name == "href" and token.name not in _LINKS)
            by_style = name == "style" and forbidden_in_sheet(value) is not None
            if by_style or (fetched and not _CARRIED.match(value)):
                yield Load(value.strip(), token.begin)


def _by_sheets(markup: Markup) -> Iterator[Load]:
    """What a style sheet fetches: where the sheet stands, and where it applies."""
    for begin, end in raw_texts(markup, "style"):
        sheet = markup.source[begin:end]
        if forbidden_in_sheet(sheet) is None:
            continue
        yield Load(" ".join(sheet.split()), begin)
        for selector, body in fetching_rules(sheet):
            yield from _applied(markup, selector, body.strip())


def _applied(markup: Markup, selectors: str, body: str) -> Iterator[Load]:
    """The rule at each tag that it may apply to. Where escapes disguise which these are, it may be
    any, and none of them stands for another."""
    if "\\" in selectors:
        yield from (Load(f"{body} {token.begin}", token.begin) for token in markup.tokens)
        return
    for selector in selectors.split(","):
        marks = set(_MARK.findall(selector))
        elements = set() if marks else set(map(str.lower, _ELEMENT.findall(selector)))
        for token in markup.tokens:
            if token.kind == "start" and (token.name in elements or marks & _marks_of(token)):
                yield Load(body, token.begin)


def _marks_of(token: Token) -> set[tuple[str, str]]:
    classes = {(".", name) for name in token.attributes.get("class", "").split()}
    return classes | {("#", token.attributes.get("id", ""))}
