"""What of Markdown is markup here: bold, italic, bullets, headings, tables, links and images.

People write dates, prices and footnotes, not Markdown: `24. Dezember`, `Patient*innen`, `> 60`.
CommonMark takes these for marks and rewrites them. So the parser starts from nothing, takes from
markdown-it what a practice means, and reads a mark only where it cannot be an ordinary sign.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt
from markdown_it.rules_block import list_block, table
from markdown_it.rules_inline.state_inline import Delimiter

from serienpost.templates.placeholders import PLACE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

# The type of a token for a line that holds nothing but block tags.
BLOCK_TAGS = "block_tags"

# How deep a text may be nested. What lies deeper than twice as much the parser leaves out.
DEEPEST = 100

_TAG_LINE = re.compile("[ \t]*(?:\ue000b[0-9]+\ue001[ \t]*)+\\Z")
# Neither is a line drawn with signs (`- - - cut here`, `# # #`), nor a row whose cell is a dash.
_BULLET = re.compile(r"-[ \t]+(?!-+(?:[ \t]|\Z)|\|)\S")
_HEADING = re.compile(r"(#{1,6})[ \t]+(?!#+(?:[ \t]|\Z))(\S.*)")
# A cell that holds one dash or two says that there is nothing in it: closed, none.
_DASHES = re.compile(r"[ \t]*\|?[ \t]*--?[ \t]*(?:\|[ \t]*--?[ \t]*)*\|?[ \t]*")
_AROUND_PARAGRAPHS = ["paragraph", "blockquote", "list"]

# What may stand before a mark that opens and behind one that closes, besides blanks, brackets and
# quotation marks. A dash or slash beside `_` is a piece of a web address.
_BEFORE = {"**": "\"'*_|/-\u2013\u2014", "_": "\"'*_|"}
_BEHIND = {"**": ".,;:!?\u2026\"'*_|/-\u2013\u2014", "_": ".,;:!?\u2026\"'*_|"}
# A mark alone between two of these is meant itself, and so is one in a web address.
_AROUND = frozenset(map("".join, zip("([{<*\"'„„“»«‚‚‘›‹", ")]}>*\"'“””«»‘’’‹›", strict=True)))
_OPENING = frozenset({"Ps", "Pi", "Pf"})
_CLOSING = frozenset({"Pe", "Pi", "Pf"})


@cache
def parser() -> MarkdownIt:
    """The parser of texts; a line end is a line end, an address is taken as it is."""
    made = MarkdownIt(
        "zero",
        {"html": False, "breaks": True, "xhtmlOut": True, "maxNesting": 2 * DEEPEST},
    )
    made.enable(["table", "list", "heading", "newline", "emphasis", "link", "image"])
    block, inline = made.block.ruler, made.inline.ruler
    block.at("table", _table, {"alt": ["paragraph", "reference"]})
    block.at("list", _bullets, {"alt": ["paragraph", "blockquote"]})
    block.at("heading", _heading, {"alt": ["paragraph", "blockquote"]})
    block.at("paragraph", _paragraph)
    block.before("paragraph", BLOCK_TAGS, _block_tags, {"alt": _AROUND_PARAGRAPHS})
    block.before("paragraph", "end_of_list", _end_of_list, {"alt": ["list"]})
    # Tables ask the rules that end a quotation.
    block.before("paragraph", "end_of_table", _end_of_table, {"alt": ["blockquote"]})
    inline.at("newline", _line_end)
    inline.at("emphasis", _emphasis)
    made.add_render_rule(BLOCK_TAGS, _render_block_tags)
    made.normalizeLink = _unchanged  # type: ignore[method-assign]
    made.validateLink = _anything  # type: ignore[method-assign,assignment]
    return made


def _unchanged(url: str) -> str:
    return url


def _anything(_url: str) -> bool:
    return True


def _line(state: StateBlock, number: int) -> str:
    return state.src[state.bMarks[number] + state.tShift[number] : state.eMarks[number]]


def _block_tags(state: StateBlock, start: int, _end: int, silent: bool) -> bool:
    line = _line(state, start)
    if not _TAG_LINE.match(line):
        return False
    if not silent:
        state.line = start + 1
        token = state.push(BLOCK_TAGS, "", 0)
        token.content = "".join(place[0] for place in PLACE.finditer(line))
    return True


def _render_block_tags(
    _self: object, tokens: Sequence[Token], index: int, _options: object, _env: object
) -> str:
    return tokens[index].content


def _bullets(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    return bool(_BULLET.match(_line(state, start))) and list_block(state, start, end, silent)


def _end_of_list(state: StateBlock, start: int, _end: int, silent: bool) -> bool:
    return silent and not _BULLET.match(_line(state, start))


def _table(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    is_table = start + 1 < end and not _DASHES.fullmatch(_line(state, start + 1))
    return is_table and table(state, start, end, silent)


def _end_of_table(state: StateBlock, start: int, _end: int, silent: bool) -> bool:
    return silent and "|" not in _line(state, start)


def _heading(state: StateBlock, start: int, _end: int, silent: bool) -> bool:
    """As CommonMark 4.2, but signs `#` at the end belong to the text."""
    found = _HEADING.match(_line(state, start))
    if found and not silent:
        state.line = start + 1
        tag = f"h{len(found[1])}"
        state.push("heading_open", tag, 1).map = [start, state.line]
        _push_inline(state, found[2].rstrip(" \t"), start)
        state.push("heading_close", tag, -1)
    return found is not None


def _paragraph(state: StateBlock, start: int, _end: int, _silent: bool) -> bool:
    """As CommonMark 4.8, but a line that is not indented does not continue a bullet, and blanks at
    its beginning are kept."""
    ends = state.md.block.ruler.getRules("paragraph")
    before, state.parentType = state.parentType, "paragraph"
    line = start + 1
    while (
        line < state.lineMax
        and not state.isEmpty(line)
        and state.sCount[line] > state.listIndent
        and not any(rule(state, line, state.lineMax, True) for rule in ends)
    ):
        line += 1
    state.line = line
    state.push("paragraph_open", "p", 1).map = [start, line]
    text = state.getLines(start, line, state.blkIndent, False)
    _push_inline(state, text.rstrip(" \t\n"), start)
    state.push("paragraph_close", "p", -1)
    state.parentType = before
    return True


def _push_inline(state: StateBlock, content: str, start: int) -> None:
    token = state.push("inline", "", 0)
    token.content = content
    token.map = [start, state.line]
    token.children = []


def _line_end(state: StateInline, silent: bool) -> bool:
    """A line end; blanks before it go, those behind it are the next line's."""
    if state.src[state.pos] != "\n":
        return False
    if not silent:
        state.pending = state.pending.rstrip(" \t")
        state.push("softbreak", "br", 0)
    state.pos += 1
    return True


def _emphasis(state: StateInline, silent: bool) -> bool:
    """`**` and `_` at the edges of words; any other number of them is text."""
    sign = state.src[state.pos]
    if silent or sign not in "*_":
        return False
    start = end = state.pos
    while end < state.posMax and state.src[end] == sign:
        end += 1
    state.pos = end
    mark = state.src[start:end]
    opens, closes = _edges(state.src, start, end, mark) if mark in _BEFORE else (False, False)
    if not opens and not closes:
        state.append_pending(mark)
        return True
    for _ in mark:
        state.push("text", "", 0).content = sign
        state.delimiters.append(
            Delimiter(ord(sign), len(mark), len(state.tokens) - 1, -1, opens, closes)
        )
    return True


def _edges(text: str, start: int, end: int, mark: str) -> tuple[bool, bool]:
    """Whether a mark can open, and whether it can close."""
    before, behind = text[start - 1 : start], text[end : end + 1]
    after_tag = before == "\ue001" and text[text.rfind("\ue000", 0, start) + 1] == "b"
    before_tag = text.startswith("\ue000b", end)
    is_begin = after_tag or _is_edge(before, _BEFORE[mark], _OPENING)
    is_end = before_tag or _is_edge(behind, _BEHIND[mark], _CLOSING)
    if f"{before}{behind}" in _AROUND:
        return False, False
    has_text = bool(behind) and not behind.isspace() and behind not in ")]},;:!?/"
    word = max(text.rfind(" ", 0, start), text.rfind("\n", 0, start))
    has_text = has_text and text.find("://", word + 1, start) < 0
    has_text_before = bool(before) and not before.isspace()
    return is_begin and has_text, is_end and has_text_before


def _is_edge(sign: str, signs: str, categories: frozenset[str]) -> bool:
    return not sign or sign.isspace() or sign in signs or unicodedata.category(sign) in categories
