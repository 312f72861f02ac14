"""Read a text with macros: find its tags, check each of them, remember what it uses.

A tag is checked on its own, so that all problems of a text are found at once. What is left of the
text carries placeholders where the tags were; Markdown and HTML are handled in that form, and only
then do the tags come back. Neither a value nor a text that merely looks like a tag can become one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, NamedTuple, cast

from jinja2 import Environment, TemplateSyntaxError, nodes

from serienpost.errors import Problem, TemplateError
from serienpost.templates.placeholders import PLACE, TAG
from serienpost.templates.syntax import (
    DEEPEST,
    ExpressionCheck,
    Formatted,
    Ordering,
    proven,
    too_deep,
)
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ = Texts(__name__)

# Bytes of a text at most.
LONGEST = 200_000

# The filter behind a macro that is a whole link; no text can name it.
LINK = "_link"

_ONLY_COMMENTS = re.compile("^[ \t]*(?:\ue000c[0-9]+\ue001[ \t]*)+(?:\n|\\Z)", re.MULTILINE)
_ONLY_TAGS = re.compile("^[ \t]*(?:\ue000b[0-9]+\ue001[ \t]*)+(?:\n|\\Z)", re.MULTILINE)
_COMMENT = re.compile("\ue000c[0-9]+\ue001")
_UNUSABLE = re.compile(r"[^\t\n\u0020-\u007e\u00a0-\ud7ff\ue002-\ufffd\U00010000-\U0010ffff]")
_LOOKS_LIKE_TAG = re.compile(r"\{(?=[{%#]|\Z)")
_HALF_BRACES = re.compile(r"\{\{[ \t\xa0]*(\w+)[ \t\xa0]*\}(?!\})(?:[ \t\xa0]+\})?")
_FIRST_NAME = re.compile(r"\{\{[^\w\s{}]?[ \t\xa0]*([^\W\d_]\w*)")
_KEYWORD = re.compile(r"\{%\s*(\w*)")
_INSTEAD = {
    "for": _("a text cannot repeat; a list belongs in a macro"),
    "set": _("write the text itself where it is needed"),
    "include": _("write the text here; what all texts share belongs in the signature"),
    "import": _("write the text here"),
    "from": _("write the text here"),
    "extends": _("write the whole text here"),
    "block": _("write the whole text here"),
    "macro": _("macros come from plugins; write the text here"),
    "call": _("write the macro's name between two braces: {{X}}"),
    "filter": _("write the filter behind the macro: {{X|datum}}"),
    "raw": _('braces that shall be seen are written {{ "{{" }}'),
    "with": _("write the macro's name where it is needed"),
    "autoescape": _("values are always escaped where it matters"),
    "do": _("write only what shall be seen"),
    "print": _("write the macro's name between two braces: {{X}}"),
}


class Piece(NamedTuple):
    """A stretch of a text: `data`, `variable`, `block`, `comment` or `raw`."""

    kind: str
    raw: str
    line: int


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag of a text. `name` is the macro where it stands alone, `shown` also behind filters;
    `partner` the number of the `endif` of an `if`, `is_split` whether an `elif` or `else` lies
    between."""

    keyword: str
    raw: str
    line: int
    name: str | None = None
    shown: str | None = None
    partner: int = -1
    is_split: bool = False


@dataclass(frozen=True, slots=True)
class Program:
    """A checked text.

    Args:
        file: where it stands.
        first_line: the line of the file that it starts on.
        source: as written.
        marked: with placeholders for tags, without comments.
        tags: by the number in the placeholder.
        lines: every macro's name, with the line of its first use.
        unguarded: macros that are used somewhere without provision for an empty value.
        formatted: macros behind a filter that needs a date or time.
        orderings: comparisons by size.
    """

    file: str
    first_line: int
    source: str
    marked: str
    tags: tuple[Tag, ...]
    lines: Mapping[str, int]
    unguarded: frozenset[str]
    formatted: tuple[Formatted, ...]
    orderings: tuple[Ordering, ...]

    @property
    def names(self) -> frozenset[str]:
        """Every macro that the text names, also in conditions."""
        return frozenset(self.lines)

    @property
    def filters(self) -> frozenset[str]:
        """The filters that need a date or time."""
        return frozenset(use.filter for use in self.formatted)

    @property
    def may_be_empty(self) -> frozenset[str]:
        """Macros all of whose uses provide for an empty value."""
        return self.names - self.unguarded

    def plain(self) -> str:
        """The marked text without the line breaks of lines that hold nothing but block tags."""
        return _ONLY_TAGS.sub(
            lambda found: "".join(p[0] for p in PLACE.finditer(found[0])), self.marked
        )

    def outline(self) -> str:
        """The text as written, line by line, with one `TAG` in place of each tag."""
        return "".join(
            piece.raw if piece.kind == "data" else TAG + "\n" * piece.raw.count("\n")
            for piece in _pieces(self.source)
        )

    def places(self, name: str) -> Iterator[tuple[int, int]]:
        """Line of the file and column, both from 1, of each tag's word that is this name."""
        word, at = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)"), 0
        for piece in _pieces(self.source):
            for found in word.finditer(piece.raw) if piece.kind in ("variable", "block") else ():
                before = self.source[: at + found.start()]
                yield self.first_line + before.count("\n"), len(before) - before.rfind("\n")
            at += len(piece.raw)

    def trace(self) -> str:
        """The source of a text that names, each on a line of its own, the macros that are shown."""
        shown = {tag.shown for tag in self.tags}
        asked = [f"{name}\n" for name in sorted(self.names - shown)]
        tags = (f"{tag.shown or ''}\n" if tag.keyword == "output" else tag.raw for tag in self.tags)
        return "".join((*asked, *tags))

    def restored(self, marked: str) -> str:
        """Put the tags back; text that looks like a tag stays text."""
        parts = []
        done = 0
        for place in PLACE.finditer(marked):
            tag = self.tags[int(place[2])]
            parts.append(_literal(marked[done : place.start()]))
            parts.append(f"{{{{{tag.name}|{LINK}}}}}" if place[1] == "u" else tag.raw)
            done = place.end()
        parts.append(_literal(marked[done:]))
        return "".join(parts)


def parse(source: str, file: str, first_line: int = 1) -> Program:
    """Check a text.

    Args:
        source: the text.
        file: named in problems.
        first_line: the line of the file that the text starts on.

    Raises:
        TemplateError: with every place that is not the template language.
    """
    source = source.replace("\r\n", "\n").replace("\r", "\n")
    reader = _Reader(file, first_line)
    marked = reader.read(source)
    if reader.problems:
        raise TemplateError(*sorted(reader.problems, key=lambda problem: problem.line or 0))
    return Program(
        file=file,
        first_line=first_line,
        source=source,
        marked=_COMMENT.sub("", _ONLY_COMMENTS.sub("", marked)),
        tags=tuple(reader.tags),
        lines=reader.lines,
        unguarded=frozenset(reader.unguarded),
        formatted=tuple(reader.formatted),
        orderings=tuple(reader.orderings),
    )


@dataclass(slots=True)
class _Branch:
    """An open `if`: its number, what holds in the current branch, what failed before it."""

    number: int
    holds: frozenset[str]
    failed: frozenset[str]
    has_else: bool = False
    is_split: bool = False


@dataclass
class _Reader:
    file: str
    first_line: int
    problems: list[Problem] = field(default_factory=list)
    tags: list[Tag] = field(default_factory=list)
    lines: dict[str, int] = field(default_factory=dict)
    unguarded: set[str] = field(default_factory=set)
    formatted: list[Formatted] = field(default_factory=list)
    orderings: list[Ordering] = field(default_factory=list)
    branches: list[_Branch] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)

    def refuse(self, line: int, what: str, instead: str | None = None) -> None:
        self.problems.append(Problem(what, instead, self.file, self.first_line + line - 1))

    def read(self, source: str) -> str:
        if len(source.encode("utf-8", "surrogatepass")) > LONGEST:
            too_long = _.ngettext(
                "the text is longer than {n} byte", "the text is longer than {n} bytes", LONGEST
            )
            self.refuse(1, too_long, _("shorten it"))
            return ""
        self._check_characters(source)
        source = self._check_half_braces(self._check_triple_braces(source))
        marked = []
        try:
            for piece in _pieces(source):
                part = piece.raw if piece.kind == "data" else self._mark(piece)
                marked.append(part)
        except TemplateSyntaxError as error:
            line = source.split("\n")[error.lineno - 1]
            self.refuse(error.lineno, _unread(error), _rewritten(line))
            return ""
        for branch in self.branches:
            self.problems.append(
                Problem(
                    _("if without endif"), "{% endif %}", self.file, self.tags[branch.number].line
                )
            )
        return "".join(marked)

    def _check_characters(self, source: str) -> None:
        for found in _UNUSABLE.finditer(source):
            self.refuse(
                source.count("\n", 0, found.start()) + 1,
                _("the character {sign} cannot stand in a text", sign=f"U+{ord(found[0]):04X}"),
                _("delete it and save the file as UTF-8"),
            )

    def _check_triple_braces(self, source: str) -> str:
        if "{{{" not in source:
            return source
        for found in re.finditer(r"\{{3,}", source):
            self.refuse(
                source.count("\n", 0, found.start()) + 1,
                _("a macro stands between two braces: {{X}}"),
                _("triple braces belong in SendGrid's own template"),
            )
        return re.sub(r"\}{3,}", "}}", re.sub(r"\{{3,}", "{{", source))

    def _check_half_braces(self, source: str) -> str:
        for found in _HALF_BRACES.finditer(source):
            self.refuse(
                source.count("\n", 0, found.start()) + 1,
                _("{tag} lacks a brace", tag=found[0]),
                _("write {tag}", tag=f"{{{{{found[1]}}}}}"),
            )
        return _HALF_BRACES.sub(r"{{\1}}", source)

    def _mark(self, piece: Piece) -> str:
        number = len(self.tags)
        if piece.kind == "comment":
            return f"\ue000c{number}\ue001"
        if piece.raw[2] in "-+" or piece.raw[-3] in "-+":
            self.refuse(
                piece.line,
                _("a text cannot contain {begin} or {end}", begin="{%-", end="-%}"),
                _("lines that hold only tags vanish by themselves"),
            )
            piece = Piece(
                piece.kind, re.sub(r"^(..)[-+]|[-+](..)$", r"\1\2", piece.raw), piece.line
            )
        line = self.first_line + piece.line - 1
        if piece.kind == "variable":
            name, shown = self._output(piece)
            self.tags.append(Tag("output", piece.raw, line, name, shown))
            return f"\ue000o{number}\ue001"
        keyword = "raw" if piece.kind == "raw" else _keyword(piece.raw)
        self.tags.append(Tag(keyword, piece.raw, line))
        if keyword in ("if", "elif", "else", "endif"):
            self._block(keyword, piece, number)
        elif keyword.removeprefix("end") not in self.refused:
            self.refused.add(keyword)
            self.refuse(
                piece.line,
                _("a text cannot contain {what}", what=keyword)
                if keyword
                else _("a text cannot contain an empty tag"),
                _INSTEAD.get(keyword, _("the tags are if, elif, else and endif")),
            )
        return f"\ue000b{number}\ue001"

    def _output(self, piece: Piece) -> tuple[str | None, str | None]:
        parsed = self._parsed(piece.raw, piece.line)
        if parsed is None:
            return None, None
        output = parsed.body[0]
        if not isinstance(output, nodes.Output) or len(output.nodes) != 1:
            self.refuse(piece.line, _("a pair of braces holds one macro"), "{{A}} {{B}}")
            return None, None
        check = ExpressionCheck(self.file, self.first_line + piece.line - 1)
        name, has_fallback = check.printed(output.nodes[0])
        held = frozenset().union(*(branch.holds for branch in self.branches))
        self._take(check)
        if not has_fallback:
            self.unguarded |= check.names.keys() - held
        return name, next(iter(check.names), None)

    def _block(self, keyword: str, piece: Piece, number: int) -> None:
        if keyword != "if" and not self.branches:
            self.refuse(piece.line, _("{keyword} without if", keyword=keyword), "{% if X %}")
            return
        if keyword == "if":
            test = self._test(f"{piece.raw}{{% endif %}}", piece.line)
            self.branches.append(_Branch(number, _proven(test, True), _proven(test, False)))
            if len(self.branches) == DEEPEST + 1:
                self.refuse(piece.line, too_deep(), _("use elif, and, or"))
            return
        branch = self.branches[-1]
        if keyword == "endif":
            self._parsed(f"{{% if x %}}{piece.raw}", piece.line)
            self.branches.pop()
            opened = self.tags[branch.number]
            self.tags[branch.number] = Tag(
                "if", opened.raw, opened.line, partner=number, is_split=branch.is_split
            )
            return
        if branch.has_else:
            self.refuse(piece.line, _("{keyword} after else", keyword=keyword), "{% endif %}")
        branch.is_split = True
        if keyword == "else":
            self._parsed(f"{{% if x %}}{piece.raw}{{% endif %}}", piece.line)
            branch.has_else, branch.holds = True, branch.failed
            return
        test = self._test(f"{{% if x %}}{piece.raw}{{% endif %}}", piece.line)
        branch.holds = branch.failed | _proven(test, True)
        branch.failed |= _proven(test, False)

    def _test(self, source: str, line: int) -> nodes.Expr | None:
        parsed = self._parsed(source, line)
        if parsed is None or not isinstance(found := parsed.body[0], nodes.If):
            return None
        test = cast("nodes.Expr", (found.elif_[0] if found.elif_ else found).test)
        check = ExpressionCheck(self.file, self.first_line + line - 1)
        check.condition(test)
        self._take(check)
        return None if check.problems else test

    def _take(self, check: ExpressionCheck) -> None:
        self.problems += check.problems
        self.formatted += check.formatted
        self.orderings += check.orderings
        for name, line in check.names.items():
            self.lines.setdefault(name, line)

    def _parsed(self, source: str, line: int) -> nodes.Template | None:
        try:
            return _lexer().parse(source)
        except TemplateSyntaxError as error:
            self.refuse(
                line + error.lineno - 1,
                _unread(error),
                _rewritten(source),
            )
        except RecursionError:
            self.refuse(line, too_deep(), _("leave out parentheses"))
        return None


def _proven(test: nodes.Expr | None, outcome: bool) -> frozenset[str]:
    return frozenset() if test is None else proven(test, outcome)


@cache
def _lexer() -> Environment:
    return Environment(keep_trailing_newline=True, autoescape=True)


def _unread(error: TemplateSyntaxError) -> str:
    return _("the tag cannot be read: {why}", why=error.message or "?")


def _rewritten(text: str) -> str:
    """How the first macro that a text tries to name is written."""
    found = _FIRST_NAME.search(text)
    if found:
        return _("write {tag}", tag=f"{{{{{found[1]}}}}}")
    return _("write {{X}}, {{X|datum}} or {% if X %}")


def _keyword(raw: str) -> str:
    found = _KEYWORD.match(raw)
    return found[1] if found else ""


def _pieces(source: str) -> Iterator[Piece]:
    """Cut a text into data and tags. Raises TemplateSyntaxError where a tag cannot be cut."""
    opened: Piece | None = None
    for line, kind, raw in _lexer().lex(source):
        if opened is None:
            if kind == "data":
                yield Piece("data", raw, line)
            else:
                opened = Piece(kind.removesuffix("_begin"), raw, line)
            continue
        opened = Piece(opened.kind, opened.raw + raw, opened.line)
        if kind == f"{opened.kind}_end":
            yield opened
            opened = None
    if opened is not None:
        raise TemplateSyntaxError(_("it has no end"), opened.line)


def _literal(text: str) -> str:
    return _LOOKS_LIKE_TAG.sub('{{"{"}}', text)
