"""HTML as a browser reads it, by the algorithm of the standard (https://html.spec.whatwg.org/#parsing).

Whoever wants to know what stands where in a page asks here: what another reading takes for a
comment or for text may be a tag that loads something. Importing this takes the parser's time.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from tinyhtml5.constants import Token as Kind
from tinyhtml5.parser import HTMLParser
from tinyhtml5.tokenizer import HTMLTokenizer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

# Behind a page it comes out as a comment, unless something in the page swallows it.
_END = "\ue001"
_KINDS: dict[Any, Literal["text", "start", "end", "comment", "doctype"]] = {
    Kind.CHARACTERS: "text",
    Kind.SPACE_CHARACTERS: "text",
    Kind.START_TAG: "start",
    Kind.END_TAG: "end",
    Kind.COMMENT: "comment",
    Kind.DOCTYPE: "doctype",
}
_LOOKS = frozenset({"a", "b", "em", "font", "i", "small", "span", "strong", "u"})
_NO_TEXT = frozenset({"script", "style", "title"})


class Token(NamedTuple):
    """A piece of a page.

    Args:
        kind: what it is.
        begin: where it begins in the source.
        end: where the next one begins.
        name: of a tag, in small letters.
        attributes: of a start tag, with what entities stand for.
        data: what a comment says.
        twice: whether a tag has an attribute twice, of which only the first counts.
    """

    kind: Literal["text", "start", "end", "comment", "doctype"]
    begin: int
    end: int
    name: str = ""
    attributes: Mapping[str, str] = {}
    data: str = ""
    twice: bool = False


class Markup(NamedTuple):
    """A page as it was read.

    Args:
        source: its text, with line feeds alone.
        tokens: its pieces in order; together they are the source up to `end`.
        end: the page's end, or where what has no end begins.
        is_whole: whether every tag, comment, title and style sheet that begins in the page ends
            in it, so that it swallows nothing of what follows.
    """

    source: str
    tokens: Sequence[Token]
    end: int
    is_whole: bool

    def at(self, place: int) -> Token | None:
        """The piece that a place of the source lies in, None behind the end."""
        index = bisect_right(self.tokens, place, key=lambda token: token.begin) - 1
        return self.tokens[index] if place < self.end and index >= 0 else None

    def line(self, place: int) -> int:
        """How many lines lie before a place."""
        return self.source.count("\n", 0, place)


def read(source: str) -> Markup:
    """Read a page or a part of one that stands in a body."""
    parser = _Parser(namespace_html_elements=False)
    parser.parse(f"{source}<!--{_END}-->")
    tokens = list(parser.tokenizer.placed(source))
    last = tokens[-1] if tokens else None
    if last and last.kind == "comment" and last.data == _END and last.begin == len(source):
        return Markup(source, tokens[:-1], len(source), is_whole=True)
    ended = [token for token in tokens if token.end <= len(source)]
    return Markup(source, ended, ended[-1].end if ended else 0, is_whole=False)


def raw_texts(markup: Markup, element: str) -> Iterator[tuple[int, int]]:
    """Where the texts of elements begin and end that hold nothing but text, `style` or `title`."""
    begin = None
    for token in markup.tokens:
        if token.name != element:
            continue
        if token.kind == "start":
            begin = token.end
        elif begin is not None:
            yield begin, token.begin
            begin = None
    if begin is not None:
        yield begin, markup.end


def running_text(markup: Markup) -> Iterator[tuple[int, str]]:
    """What a reader sees as one text, whatever stands in it for the look: where it begins, and the
    text with what its entities stand for."""
    begin, text = 0, ""
    inside = None
    for token in markup.tokens:
        if token.kind == "text" and inside is None:
            begin, text = (begin, text) if text else (token.begin, text)
            text += token.data
        elif token.kind in ("start", "end") and token.name not in _LOOKS:
            if text:
                yield begin, text
            text = ""
            is_raw = token.kind == "start" and token.name in ("script", "style")
            inside = token.name if is_raw else None
    if text:
        yield begin, text


def shown_text(source: str) -> str:
    """What a reader sees of a page: its text without comments, title and style sheets."""
    inside = None
    shown = []
    for token in read(source).tokens:
        if token.kind == "start" and token.name in _NO_TEXT:
            inside = token.name
        elif token.kind == "end" and token.name == inside:
            inside = None
        elif token.kind == "text":
            shown.append("" if inside else token.data)
        else:
            shown.append(" ")
    return "".join(shown)


class _Tokenizer(HTMLTokenizer):  # type: ignore[misc]
    """Remembers each token and where it ended, as the parser takes it."""

    def __iter__(self) -> Iterator[dict[str, Any]]:
        self.taken: list[tuple[tuple[int, int], Token]] = []
        twice = False
        for token in super().__iter__():
            kind = _KINDS.get(token["type"])
            if kind is None:
                twice = twice or token["data"] == "duplicate-attribute"
            else:
                taken = _token(kind, token, twice=twice)
                self.taken.append((self.stream.position(), taken))
                twice = False
            yield token

    def placed(self, source: str) -> Iterator[Token]:
        """The tokens with their places."""
        lines = [0, *accumulate(len(line) + 1 for line in source.split("\n"))]
        begin = 0
        for (line, column), token in self.taken:
            end = lines[line - 1] + column
            yield token._replace(begin=begin, end=end)
            begin = end


class _Parser(HTMLParser):  # type: ignore[misc]
    """Tells the tokenizer where scripts and style sheets begin, as the standard has it."""

    def _parse(self, stream: str, container: str | None = None, **_: Any) -> None:  # noqa: ANN401
        self.container, self.scripting = container, False
        self.tokenizer = _Tokenizer(stream, parser=self)
        self.reset()
        self.main_loop()


def _token(
    kind: Literal["text", "start", "end", "comment", "doctype"],
    token: Mapping[str, Any],
    *,
    twice: bool,
) -> Token:
    name = token["name"] if kind in ("start", "end") else ""
    attributes = dict(token["data"]) if kind == "start" else {}
    data = token["data"] if kind in ("text", "comment") else ""
    return Token(kind, 0, 0, name, attributes, data, twice)
