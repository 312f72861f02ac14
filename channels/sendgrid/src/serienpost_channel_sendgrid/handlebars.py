"""Which variables a template of SendGrid uses and how, read off its Handlebars.

Understood is what SendGrid documents: `{{x}}`, `{{{x}}}`, the block helpers below, `insert` with a
default, `length`, comments. Everything else, and everything that belongs to marketing mail, is a
problem that names the tag.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from serienpost import Texts, Variable, active_parts_of_foreign, joined

if TYPE_CHECKING:
    from serienpost import Part

_ = Texts(__name__)

# One backslash makes a tag text, two are a backslash and a tag (handlebars.l, state INITIAL).
TAG = re.compile(
    r"(?<!\\)\\\{\{|\{\{~?!--.*?--~?\}\}|\{\{~?!.*?\}\}|\{\{\{(?P<raw>.*?)\}\}\}|\{\{(?P<tag>.*?)\}\}",
    re.DOTALL,
)
WORD = re.compile(r"\"[^\"]*\"|'[^']*'|[()]|[^\s()\"']+")
_NAME = re.compile(r"[^\W\d]\w*\Z")
_LITERAL = re.compile(r"[\"'].*[\"']\Z|-?\d+(\.\d+)?\Z|(true|false|null|undefined)\Z", re.DOTALL)
# Stands for a tag where the page around it is read; no page holds this private character.
_FILLER = "\ue001"
_MARKETING = re.compile(
    r"<%.*?%>|\[(?:unsubscribe|weblink|Unsubscribe_Preferences|Sender_\w+)\]",
    re.DOTALL | re.IGNORECASE,
)

_PARTS: Final = MappingProxyType(
    {"subject": _("subject"), "text": _.pgettext("part", "text"), "html": "html"}
)

BLOCKS: Final = frozenset(
    ("if", "unless", "equals", "notEquals", "greaterThan", "lessThan", "and", "or")
)
# Names that SendGrid fills in itself, for marketing mail.
SYSTEM: Final = frozenset(
    (
        *("unsubscribe", "unsubscribe_preferences", "weblink", "Sender_Name", "Sender_Address"),
        *("Sender_City", "Sender_State", "Sender_Zip", "Sender_Country"),
    )
)


@dataclass(slots=True)
class _OpenBlock:
    """An open block: which names are known to be filled in its current branch, and in `else`."""

    helper: str
    proven: frozenset[str]
    otherwise: frozenset[str] = frozenset()


@dataclass(slots=True)
class _Use:
    parts: list[Part] = field(default_factory=list)
    as_markup: bool = False
    as_text: bool = False
    in_html: bool = False
    tested: bool = False
    unguarded: bool = False


class Reading:
    """What is in a template; parts are added one by one, a generated text after the HTML.

    Attributes:
        problems: why it must not be used.
        hints: what may look wrong.
    """

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.hints: list[str] = []
        self._uses: dict[str, _Use] = {}
        self._part: Part = "text"
        self._is_generated = False
        self._open: list[_OpenBlock] = []

    def add(self, part: Part, source: str, *, is_generated: bool = False) -> None:
        """Read one part: `subject`, `text` or `html`.

        What SendGrid generated from the HTML must be sound too, but the HTML alone decides how a
        variable that stands in both is sent.
        """
        self._part, self._open = part, []
        self._is_generated = is_generated
        if is_generated:
            self._hint_about_codes()
        if part == "html":
            self._read_page(source)
        for found in _MARKETING.finditer(source):
            self._refuse(found[0], _("belongs to marketing mail"))
        for found in TAG.finditer(source):
            raw, tag = found["raw"], found["tag"]
            if raw is None and tag is None:
                continue
            self._tag(
                found[0], (raw if raw is not None else tag).strip("~ \t\r\n"), raw is not None
            )
        for block in self._open:
            self._refuse(f"{{{{#{block.helper}}}}}", _("is not closed"))

    def variables(self) -> tuple[Variable, ...]:
        """All variables, by name."""
        return tuple(
            Variable(
                name,
                tuple(dict.fromkeys(use.parts)),
                as_markup=use.as_markup,
                as_text=use.as_text,
                tested=use.tested,
                may_be_empty=not use.unguarded,
            )
            for name, use in sorted(self._uses.items())
        )

    def _read_page(self, source: str) -> None:
        """What of the page around the tags runs, sends, or would tell what is filled in."""
        source = source.replace("\r\n", "\n").replace("\r", "\n")  # as HTML is read
        tags = {
            found.start(): found[0]
            for found in TAG.finditer(source)
            if found["raw"] is not None or found["tag"] is not None
        }
        filled = TAG.sub(_filled, source.replace(_FILLER, " "))
        for what, _end, place in active_parts_of_foreign(filled, _FILLER, _blocks(source)):
            line = source.count("\n", 0, place) + 1
            tag = tags.get(place)
            self._note(_shortened(tag) if tag else _("line {line}:", line=line), what)

    def _refuse(self, tag: str, why: str) -> None:
        self._note(_shortened(tag), why)

    def _note(self, what: str, why: str) -> None:
        part = _PARTS[self._part]
        self.problems.append(joined("", (part, ": ", what, " ", why)))

    def _tag(self, whole: str, inner: str, raw: bool) -> None:
        words = WORD.findall(inner)
        head = words[0] if words else ""
        if not words:
            self._refuse(whole, _("is empty"))
        elif head[0] in "#^":
            self._begin(whole, inner, raw)
        elif head[0] == "/":
            self._end(whole, head[1:])
        elif head == "else":
            self._otherwise(whole, words[1:])
        elif head[0] in ">*":
            self._refuse(whole, _("includes another template"))
        elif head[0] == "&":
            self._output(whole, WORD.findall(inner[1:]), raw=True)
        else:
            self._output(whole, words, raw=raw)

    def _begin(self, whole: str, inner: str, raw: bool) -> None:
        words = WORD.findall(inner[1:])
        helper = words[0] if words else ""
        if helper == "each":
            self._refuse(whole, _("repeats a list; a macro is one text"))
        elif raw or inner[0] == "^" or helper not in BLOCKS:
            self._refuse(whole, _("is none of {names}", names=sorted(BLOCKS)))
        proven, otherwise = self._condition(whole, helper, words[1:])
        self._open.append(_OpenBlock(helper, proven, otherwise))

    def _condition(
        self, whole: str, helper: str, words: list[str]
    ) -> tuple[frozenset[str], frozenset[str]]:
        """Names that a test proves to be filled where it holds, and where it does not."""
        names = frozenset(filter(None, (self._name(whole, word) for word in words)))
        for name in names:
            use = self._use(name)
            use.tested = use.tested or helper in ("if", "unless", "and", "or")
        if helper in ("if", "and"):
            return names, frozenset()
        return frozenset(), names if helper == "unless" else frozenset()

    def _end(self, whole: str, helper: str) -> None:
        if self._open and self._open[-1].helper in (helper, ""):
            self._open.pop()
        else:
            self._refuse(whole, _("closes nothing that is open"))

    def _otherwise(self, whole: str, words: list[str]) -> None:
        if not self._open:
            self._refuse(whole, _("belongs to no block"))
            return
        block = self._open[-1]
        block.proven, block.otherwise = block.otherwise, frozenset()
        if words:
            also, _else = self._condition(whole, words[0], words[1:])
            block.proven |= also

    def _output(self, whole: str, words: list[str], *, raw: bool) -> None:
        provided = False
        if len(words) > 1 and words[0] == "insert":
            provided, words = len(words) > 2, words[1:2]
        elif len(words) > 1 and words[0] == "formatDate":
            self._refuse(whole, _("formats a date; macros are sent as ready text"))
            return
        elif len(words) == 4 and words[:2] == ["(", "length"]:
            self._name(whole, words[2])
            return
        if len(words) != 1:
            self._refuse(whole, _("is no helper that SendGrid knows"))
            return
        name = self._name(whole, words[0])
        if name is None:
            return
        use = self._use(name)
        if self._is_generated and use.in_html:
            return
        is_markup = raw and self._part == "html"
        use.in_html = use.in_html or self._part == "html"
        use.as_markup = use.as_markup or is_markup
        use.as_text = use.as_text or not is_markup
        if not provided and not any(name in block.proven for block in self._open):
            use.unguarded = True
        if not raw:
            self._hint_about_braces(name)

    def _hint_about_codes(self) -> None:
        """A value is sent once, as the HTML needs it; the same reaches the text."""
        shown = {name: use for name, use in sorted(self._uses.items()) if use.in_html}
        if shown:
            hint = _("text: SendGrid generates it from the HTML, so ' \" & < show there as codes")
            marked = [name for name, use in shown.items() if use.as_markup]
            if marked:
                hint = _(
                    "text: SendGrid generates it from the HTML, so ' \" & < show there as codes,"
                    " lines of {names} as <br>",
                    names=marked,
                )
            self.hints.append(hint)

    def _hint_about_braces(self, name: str) -> None:
        if self._part != "html":
            self.hints.append(
                _(
                    "{part}: {tag} shows ' \" & < as codes; write {better}",
                    part=_PARTS[self._part],
                    tag=f"{{{{{name}}}}}",
                    better=f"{{{{{{{name}}}}}}}",
                )
            )
        elif name == "Signatur":
            self.hints.append(
                _(
                    "html: {tag} loses its lines; write {better}",
                    tag="{{Signatur}}",
                    better="{{{Signatur}}}",
                )
            )

    def _use(self, name: str) -> _Use:
        use = self._uses.setdefault(name, _Use())
        use.parts.append(self._part)
        return use

    def _name(self, whole: str, word: str) -> str | None:
        """The variable that a word names; None for a literal, or where it is refused."""
        if _LITERAL.match(word) or word in ("(", ")", "length"):
            return None
        name = word.removeprefix("@root.").removeprefix("this.")
        if name in SYSTEM:
            self._refuse(whole, _("belongs to marketing mail"))
        elif not _NAME.match(name):
            self._refuse(whole, _("uses {word}, which cannot be the name of a macro", word=word))
        else:
            return name
        return None


def _shortened(tag: str) -> str:
    shown = " ".join(tag.split())
    return shown if len(shown) <= 60 else f"{shown[:59]}…"


def _blocks(source: str) -> list[tuple[int, int]]:
    """Where the outermost blocks begin and end; one that is not closed goes on to the end."""
    spans: list[tuple[int, int]] = []
    depth, begin = 0, 0
    for found in TAG.finditer(source):
        head = (found["tag"] or found["raw"] or "").strip("~ \t\r\n")[:1]
        if head in ("#", "^"):
            begin = found.end() if depth == 0 else begin
            depth += 1
        elif head == "/" and depth:
            depth -= 1
            if depth == 0:
                spans.append((begin, found.start()))
    return [*spans, (begin, len(source))] if depth else spans


def _filled(found: re.Match[str]) -> str:
    """Fillers in place of a tag, one that opens or closes a block too; blanks for what shows
    nothing."""
    is_tag = found["raw"] is not None or found["tag"] is not None
    return (_FILLER if is_tag else " ") * len(found[0])
