"""Marks of Markdown that are text here, so that whoever meant one is told.

In a formatted text that is what CommonMark reads as a mark and `markdown_rules` does not; in an SMS
or a subject what would change the look.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from markdown_it import MarkdownIt

from serienpost.templates.markdown_rules import parser
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from markdown_it.token import Token

_ = Texts(__name__)

# A date at the beginning of a line, which nobody meant as the item of a list.
_DATE = re.compile(
    r"[ \t]*[0-9]{1,2}\. ?(?:[0-9]|Jan|Feb|M[aä]r|Apr|Ma[iy]|Jun|Jul|Aug|Sep|O[kc]t|Nov|De[cz])"
)

_INSIDE = re.compile(r"[\w/-]\Z")
_BOLD = _("write **bold** at the edges of words")
_ITALIC = _("write _italic_ at the edges of words")
_BULLET = _("a bullet begins with - and a blank")
_NUMBER = _("a line that begins with a number stays as typed")
_AS_TYPED = _("it stays as typed")
_INSTEAD = {
    "*": _BULLET,
    "+": _BULLET,
    "1.": _NUMBER,
    "1)": _NUMBER,
    ">": _("there are no quotations"),
    "---": _("there are no rules"),
    "|-|": _("under the heads of a table stands |---|---|"),
    "===": _("a heading begins with # and a blank"),
    "**": _BOLD,
    "__": _BOLD,
    "*so*": _ITALIC,
    "_": _ITALIC,
    "<https://...>": _("write the address alone, or [Text](https://...)"),
    "[...]": _("write [Text](https://...)"),
}
_BLOCKS = {"table_open": "|-|", "blockquote_open": ">", "hr": "---", "fence": "```"}
_INLINE = {"code_inline": "`", "s_open": "~~"}
_LOOKS = frozenset({"**", "_", "#", "[...]"})


class ForeignMark(NamedTuple):
    """A mark that is text: what is written, what to do instead, and its lines from 0."""

    mark: str
    instead: str
    lines: tuple[int, ...]


def foreign_marks(text: str) -> Iterator[ForeignMark]:
    """What CommonMark would read as a mark and we do not, each kind once.

    Args:
        text: with a word in place of each tag.
    """
    lines = text.split("\n")
    theirs = Counter(_marks(_commonmark().parse(text)))
    theirs.subtract(_marks(parser().parse(text)))
    left = sorted((line, mark) for (mark, line), count in theirs.items() if count > 0)
    found: dict[str, list[int]] = {}
    for line, mark in left:
        if not (mark == "1." and _DATE.match(lines[line])):
            found.setdefault(mark, []).append(line)
    for mark, places in found.items():
        yield ForeignMark(mark, _INSTEAD.get(mark, _AS_TYPED), tuple(places))


def looks(text: str) -> Iterator[ForeignMark]:
    """The marks of a text that has no look, as an SMS, each kind once."""
    found: dict[str, list[int]] = {}
    for mark, line in _marks(parser().parse(text)):
        if mark in _LOOKS:
            found.setdefault(mark, []).append(line)
    for mark, places in found.items():
        yield ForeignMark(mark, _AS_TYPED, tuple(places))


@cache
def _commonmark() -> MarkdownIt:
    made = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    # What an escape or an entity stood for is seen before this rule alone.
    return made.disable(["code", "text_join"])


def _marks(tokens: Iterable[Token]) -> Iterator[tuple[str, int]]:
    """Each mark with its line."""
    kinds: list[str] = []
    for token in tokens:
        line = token.map[0] if token.map else 0
        if token.type in ("bullet_list_open", "ordered_list_open"):
            kinds.append(token.markup if token.type[0] == "b" else f"1{token.markup}")
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            kinds.pop()
        elif token.type == "list_item_open":
            yield kinds[-1], line
        elif token.type == "heading_open":
            yield "===" if token.markup in ("=", "-") else "#", line
        elif token.type == "html_block":
            yield _shortened(token.content), line
        elif token.type in _BLOCKS:
            yield _BLOCKS[token.type], line
        elif token.type == "inline":
            yield from _inline_marks(token.children or (), line)


def _inline_marks(tokens: Iterable[Token], line: int) -> Iterator[tuple[str, int]]:
    before = ""
    for token in tokens:
        if token.type in ("softbreak", "hardbreak"):
            line += 1
        # A sign inside a word or an address (`Patient*innen`) was never meant as a mark.
        elif token.type in ("strong_open", "em_open") and not (
            before[-1:].isalnum() or before.endswith(("/", "-"))
        ):
            yield "*so*" if token.markup == "*" else token.markup, line
        elif token.type == "link_open":
            yield "<https://...>" if token.markup == "autolink" else "[...]", line
        elif token.type == "text_special":
            yield token.markup, line
        elif token.type == "html_inline":
            yield _shortened(token.content), line
        elif token.type in _INLINE:
            yield _INLINE[token.type], line
        before = token.content


def _shortened(html: str) -> str:
    tag = html.strip().split("\n")[0]
    return tag if len(tag) <= 20 else f"{tag[:19]}\u2026"
