"""Markdown with placeholders: one source, a formatted part and a text part.

What is markup says `markdown_rules`. A line that holds nothing but block tags ends a paragraph
and leaves no trace. Every `if` must end within the paragraph, cell or list item that it starts in,
so that the HTML is well-formed whatever comes true.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markdown_it.rules_block.table import escapedSplit
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

from serienpost.errors import Problem, TemplateError
from serienpost.templates.markdown_rules import BLOCK_TAGS, DEEPEST, parser
from serienpost.templates.placeholders import PLACE
from serienpost.templates.plaintext import plain_text
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from serienpost.templates.language import Program, Tag

_ = Texts(__name__)

_TAG_THEN_MARKUP = re.compile("(?:\ue000b[0-9]+\ue001)+(?:#{1,6} |- )")
_ALLOWED_LINK = re.compile(r"(?:https?://[^/]|mailto:.|tel:.)", re.IGNORECASE)
_IMAGE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*\.(?:png|jpe?g|gif)\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Page:
    """Both parts of a text, still with placeholders."""

    html: str
    text: str


def page(program: Program, images: Collection[str], image_prefix: str) -> Page:
    """Turn a text into its two parts.

    Args:
        program: the text.
        images: file names that the template holds.
        image_prefix: `cid:` or `asset:`, put before the name of an image.

    Raises:
        TemplateError: a link, an image or the place of a tag is not acceptable.
    """
    reader = parser()
    tokens = _hoisted(reader.parse(program.marked), program.tags)
    if _depth(tokens) > DEEPEST:
        problem = Problem(
            _.ngettext(
                "the text is nested deeper than {n} level",
                "the text is nested deeper than {n} levels",
                DEEPEST,
            ),
            _("take out bullets in bullets, or ** and _ in each other"),
            program.file,
        )
        raise TemplateError(problem)
    checks = _Checks(program, images)
    checks.run(tokens)
    if checks.problems:
        raise TemplateError(*checks.problems)
    text = plain_text(SyntaxTreeNode(tokens), program.marked)
    for token in _inside(tokens):
        if token.type == "image":
            token.attrs["src"] = f"{image_prefix}{token.attrs['src']}"
        elif token.type == "link_open":
            token.attrs["href"] = str(token.attrs["href"]).replace("\ue000o", "\ue000u")
    return Page(reader.renderer.render(tokens, reader.options, {}), text)


def _depth(tokens: Sequence[Token]) -> int:
    """How deep the tokens lie in each other: what reads them as a tree calls itself so often."""
    deepest = depth = 0
    for token in tokens:
        depth += token.nesting
        deepest = max(deepest, depth + _depth(token.children or ()))
    return deepest


def _hoisted(tokens: list[Token], tags: Sequence[Tag]) -> list[Token]:
    """Move an `if` around a whole paragraph or list item outside of it, so that nothing empty
    is left where it does not come true."""
    before: dict[int, str] = {}
    after: dict[int, str] = {}
    for index, token in enumerate(tokens):
        if token.type != "inline" or tokens[index - 1].type != "paragraph_open":
            continue
        whole = _whole(token, tags)
        if whole is None:
            continue
        in_item = (
            tokens[index - 2].type == "list_item_open"
            and tokens[index + 2].type == "list_item_close"
        )
        reach = 2 if in_item else 1
        before[index - reach], after[index + reach] = whole
    moved = []
    for index, token in enumerate(tokens):
        if index in before:
            moved.append(Token(BLOCK_TAGS, "", 0, content=before[index], block=True))
        moved.append(token)
        if index in after:
            moved.append(Token(BLOCK_TAGS, "", 0, content=after[index], block=True))
    return moved


def _whole(inline: Token, tags: Sequence[Tag]) -> tuple[str, str] | None:
    """Cut the `if` and `endif` off that enclose all of a paragraph, where there are such."""
    children = inline.children or []
    if not children or children[0].type != "text" or children[-1].type != "text":
        return None
    begin = children[0].content.lstrip()
    opening = PLACE.match(begin)
    closing = list(PLACE.finditer(children[-1].content))
    if not opening or not closing or closing[-1].end() != len(children[-1].content):
        return None
    tag = tags[int(opening[2])]
    if opening[1] != "b" or tag.is_split or tag.partner != int(closing[-1][2]):
        return None
    children[-1].content = children[-1].content[: closing[-1].start()]
    children[0].content = children[0].content.lstrip()[opening.end() :]
    return opening[0], closing[-1][0]


def _inside(tokens: Sequence[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        if token.children:
            yield from _inside(token.children)


def _is_row_behind_tags(tokens: Sequence[Token]) -> bool:
    types = [token.type for token in tokens[:3]]
    if types != [BLOCK_TAGS, "paragraph_open", "inline"]:
        return False
    return tokens[2].content.lstrip().startswith("|")


class _Checks:
    def __init__(self, program: Program, images: Collection[str]) -> None:
        self.program = program
        self.images = images
        self.problems: list[Problem] = []
        self.seen: list[int] = []
        self.linked: set[int] = set()

    def refuse(self, what: str, instead: str, place: str) -> None:
        """Record a problem where `place` stands in the source, or the tag that it is."""
        program = self.program
        tag = PLACE.search(place)
        if tag:
            line = program.tags[int(tag[2])].line
        else:
            at = program.source.find(place)
            line = program.first_line + program.source.count("\n", 0, max(at, 0))
        self.problems.append(Problem(what, instead, program.file, line))

    def run(self, tokens: list[Token]) -> None:
        for token in _inside(tokens):
            if token.type == "link_open":
                self._link(token)
            elif token.type == "image":
                self._image(token)
            elif token.type == "inline":
                self._paragraph(token.content)
        self._tables(tokens)
        self._balance(SyntaxTreeNode(tokens))
        if not self.problems and self.seen != sorted(set(self.seen)):
            self.problems.append(
                Problem(_("tags change their order in Markdown"), None, self.program.file)
            )
        for number in sorted(self._expected() - self.linked - set(self.seen)):
            self.refuse(
                _("Markdown drops this tag"),
                _("put it into running text; a row has as many cells as its table's head"),
                f"\ue000b{number}\ue001",
            )

    def _expected(self) -> set[int]:
        return {int(place[2]) for place in PLACE.finditer(self.program.marked)}

    def _paragraph(self, content: str) -> None:
        text = content.lstrip()
        if _TAG_THEN_MARKUP.match(text):
            self.refuse(
                _("a heading or bullet cannot begin behind a tag"),
                _("put the tag on a line of its own"),
                text,
            )

    def _tables(self, tokens: list[Token]) -> None:
        """Refuse what a table would leave out: cells without a head, rows between tags."""
        lines = self.program.marked.split("\n")
        width = 0
        for index, token in enumerate(tokens):
            if token.type == "tr_open" and token.map:
                row = lines[token.map[0]]
                cells = len(escapedSplit(row.strip().removeprefix("|").removesuffix("|")))
                if tokens[index - 1].type == "thead_open":
                    width = cells
                elif cells > width:
                    self.refuse(
                        _("this row has more cells than the head of its table"),
                        _("add a head, or write a | that shall be seen as \\|"),
                        row,
                    )
            elif token.type == "table_close" and _is_row_behind_tags(tokens[index + 1 :]):
                self.refuse(
                    _("this row stands outside of its table"),
                    _("a row cannot be conditional as a whole; put the if inside its cells"),
                    tokens[index + 3].content.lstrip().split("\n", 1)[0],
                )

    def _link(self, token: Token) -> None:
        href = str(token.attrs["href"])
        place = PLACE.fullmatch(href)
        if place:
            tag = self.program.tags[int(place[2])]
            self.linked.add(int(place[2]))
            if tag.name is None:
                self.refuse(_("a link takes a macro without a filter"), "[Text]({{X}})", href)
        elif "title" in token.attrs:
            self.refuse(
                _("a link has no title"), "[Text](https://example.org)", str(token.attrs["title"])
            )
        elif PLACE.search(href):
            self.refuse(
                _("a link is either fixed or one macro as a whole"),
                _("[Text]({{X}}), with a macro that gives the whole address"),
                href,
            )
        elif not _ALLOWED_LINK.match(href):
            self.refuse(
                _("this link leads nowhere outside of the message"),
                _("a link begins with https://, http://, mailto: or tel:"),
                href,
            )

    def _image(self, token: Token) -> None:
        source = str(token.attrs["src"])
        if PLACE.search(source + token.content) or "title" in token.attrs:
            self.refuse(
                _("an image and its description are fixed, and it has no title"),
                "![Praxislogo](logo.png)",
                token.content,
            )
        elif not _IMAGE.match(source) or source not in self.images:
            self.refuse(
                _("the template holds no image {name}", name=source),
                _("name a .png, .jpg or .gif file of the template's folder"),
                source,
            )

    def _balance(self, node: SyntaxTreeNode) -> None:
        opened: list[int] = []
        for child in node.children:
            if child.children and child.type != "image":
                self._balance(child)
                continue
            for place in PLACE.finditer(child.content if child.token else ""):
                number = int(place[2])
                self.seen.append(number)
                if place[1] == "b":
                    self._step(opened, number)
        for number in opened:
            self._unbalanced(number)

    def _step(self, opened: list[int], number: int) -> None:
        keyword = self.program.tags[number].keyword
        if keyword == "if":
            opened.append(number)
        elif not opened:
            self._unbalanced(number)
        elif keyword == "endif":
            opened.pop()

    def _unbalanced(self, number: int) -> None:
        self.refuse(
            _(
                "this {keyword} ends in another paragraph, cell, list item or emphasis than it"
                " starts in",
                keyword=self.program.tags[number].keyword,
            ),
            _("put both on lines of their own, or both into the same stretch of text"),
            f"\ue000b{number}\ue001",
        )
