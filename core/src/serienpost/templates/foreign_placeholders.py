"""Placeholders as other programs write them: `{Vorname}`, `[Vorname]`, `%Vorname%`, `«Vorname»`.

A text would go out with the bare word in it, so what names a macro in one of these spellings, or
nearly does, is a mistake. What names none is ordinary text, and so is what a constant prints:
`{{ "[Praxis]" }}`.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, NamedTuple

from serienpost.templates.placeholders import TAG
from serienpost.text import folded

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

# What nobody sees in a word, and what looks like a blank; both come in by copying.
_UNSEEN = "\\u00ad\\u200b-\\u200f\\u2060\\ufeff"
_BLANK = rf"[ \t\xa0\u2000-\u200a\u202f\u3000{_UNSEEN}]*"
# Braces and the like of other scripts and keyboards, read as ours.
_ALIKE = str.maketrans(
    "\uff5b\uff5d\ufe5b\ufe5c\u2774\u2775\uff3b\uff3d\u3010\u3011\uff05\uff03\uff04\uff20\uff1c\uff1e"
    "\u226a\u226b\u300a\u300b\u27ea\u27eb\u3008\u3009\u27e8\u27e9\u276e\u276f",
    "{}{}{}[][]%#$@<>\u00ab\u00bb\u00ab\u00bb\u00ab\u00bb\u2039\u203a\u2039\u203a\u2039\u203a",
)
_WORD = rf"[^\W\d_][\w{_UNSEEN}]*"
# Several words, or with the table that they come from: `Praxis Telefon`, `Liste.Vorname`.
_NAME = rf"{_WORD}(?:[ .\-]\w+)*"

_ADDRESS = "(?:https?|mailto|tel|cid):"


class _Spelling(NamedTuple):
    """A way to write a placeholder. Where its signs are `ordinary` they stand around other words
    too, so that only a close likeness counts; where `exact`, only the name itself. An `evident` one
    is told whatever it names."""

    pattern: re.Pattern[str]
    ordinary: bool = False
    exact: bool = False
    evident: bool = False


def _pair(left: str, right: str, *, ordinary: bool = False, blanks: bool = True) -> _Spelling:
    blank = _BLANK if blanks else ""
    # The name alone may be bold, italic or in quotes.
    inside = f"{blank}[*_\"']*({_NAME})[*_\"']*{blank}"
    return _Spelling(re.compile(f"{left}{inside}{right}"), ordinary)


_SPELLINGS = (
    # Fields of Word; switches behind the name belong to it.
    _Spelling(
        re.compile(
            rf'(?:[{{«][ \t]*)?MERGEFIELD[ \t]+"?({_NAME})"?(?:[ \t]*\\[^}}\n«»]*)?[ \t]*[}}»]?',
            re.IGNORECASE,
        ),
        evident=True,
    ),
    _Spelling(
        re.compile(r"[{«][ \t]*(ADDRESSBLOCK|GREETINGLINE)\b[^}»\n]*[}»]", re.IGNORECASE),
        exact=True,
        evident=True,
    ),
    _pair(r"\$\{", r"\}"),
    _pair(r"(?:\{[ \t]*){1,2}[$=%]?", r"%?(?:\}[ \t]*\}|\})"),
    _pair(r"\[[ \t]*[\[%]", r"[\]%][ \t]*\]"),
    # What stands behind makes it a link, a reference or its definition.
    _pair(
        r"(?<!\[)\[",
        rf"\](?!\]|\[\d|\((?:{_ADDRESS}|{TAG}|[\w.-]+\.\w+\))|:[ \t]*<?{_ADDRESS})",
        ordinary=True,
    ),
    _Spelling(re.compile(rf"\*\|[ \t]*({_NAME})[ \t]*\|\*"), evident=True),
    _pair(r"\$\(", r"\)"),
    _pair(r"%\(", r"\)s", blanks=False),
    _pair(r"%%", r"%%"),
    _pair(r"(?<![%\w])%", r"%(?![%\w])", ordinary=True, blanks=False),
    _pair(r"<<", r">>"),
    _pair(r"<%=?", r"%>"),
    _pair(r"(?<!<)<", r">(?!>)", ordinary=True, blanks=False),
    _pair("\u00ab", "\u00bb", ordinary=True),
    _pair("\u00bb", "\u00ab", ordinary=True),
    _pair("\u2039", "\u203a", ordinary=True),
    _pair("\u203a", "\u2039", ordinary=True),
    _pair(r"\(\(", r"\)\)"),
    _pair(r"##", r"##", blanks=False),
    _pair(r"(?<![#\w])#", r"#(?![#\w])", ordinary=True, blanks=False),
    _pair(r"@@", r"@@"),
    _pair(r"(?<![@\w])@", r"@(?![@\w])", ordinary=True, blanks=False),
    _pair(r"(?<![\w$])\$", r"\$", ordinary=True, blanks=False),
    _Spelling(re.compile(rf"(?<![\w$])\$({_WORD})"), ordinary=True),
    # A brace that the other one is missing to.
    _Spelling(re.compile(rf"\{{[ \t]*({_WORD})(?![\w}}{TAG}])"), exact=True),
    _Spelling(re.compile(rf"(?<![\w{{{TAG}])({_WORD})[ \t]*\}}{{1,2}}"), exact=True),
)
_SEPARATORS = re.compile(rf"[\s_.\-{_UNSEEN}]+")
# What other programs call a macro; only between signs that stand around nothing else.
_OTHER_NAMES = {
    "name": "VollerName",
    "fullname": "VollerName",
    "firstname": "Vorname",
    "fname": "Vorname",
    "rufname": "Vorname",
    "lastname": "Nachname",
    "lname": "Nachname",
    "familienname": "Nachname",
    "zuname": "Nachname",
    "datum": "Heute",
    "termin": "Termin_Datum",
    "uhrzeit": "Termin_Uhrzeit",
    "signature": "Signatur",
}
# With one of these behind it a name is a word of its own: `»Vornamen«`, `[Telefone]`.
_INFLECTIONS = frozenset({"e", "en", "er", "es", "n", "ns", "s"})
_SHORTEST_LIKENESS = 5


class ForeignPlaceholder(NamedTuple):
    """Where it begins, what is written, and the macro's own name, None where no macro is meant."""

    at: int
    written: str
    name: str | None


def foreign_placeholders(text: str, names: Collection[str]) -> Iterator[ForeignPlaceholder]:
    """What in a text, beside its tags, is a macro in the spelling of another program.

    Args:
        text: with one `TAG` in place of each tag.
        names: the macros that there are.
    """
    known = {_key(name): name for name in names}
    alike = text.translate(_ALIKE)
    taken: list[tuple[int, int]] = []
    for spelling in _SPELLINGS:
        for found in spelling.pattern.finditer(alike):
            begin, end = found.span()
            if any(begin < other_end and other_begin < end for other_begin, other_end in taken):
                continue
            name = _meant(found[1], known, spelling)
            if name or spelling.evident:
                taken.append((begin, end))
                yield ForeignPlaceholder(begin, text[begin:end].strip(), name)


def placeholders_in_page(source: str, names: Collection[str]) -> Iterator[ForeignPlaceholder]:
    """The same in a page, as it is read; of what stands in a line, `at` says the beginning.

    What no reader sees counts as well where it looks like an element of HTML: `<Vorname>`.
    """
    from serienpost.templates.markup import read, running_text
    from serienpost.templates.passive import ELEMENTS

    markup = read(source)
    texts = list(running_text(markup))
    texts += [
        (token.begin, source[token.begin : token.end])
        for token in markup.tokens
        if token.kind == "start" and token.name not in ELEMENTS and not token.attributes
    ]
    lines = [0, *(found.end() for found in re.finditer("\n", source))]
    for begin, text in texts:
        for found in foreign_placeholders(text, names):
            line = markup.line(begin) + text.count("\n", 0, found.at)
            yield found._replace(at=lines[min(line, len(lines) - 1)])


def _meant(written: str, known: Mapping[str, str], spelling: _Spelling) -> str | None:
    """The macro that is named or nearly named; of `Liste.Vorname` the last part counts too, and of
    `Vorname Nachname` the first where each is one."""
    words = written.split()
    if len(words) > 1 and all(_key(word) in known for word in words):
        return known.get(_key(written), known[_key(words[0])])
    for part in dict.fromkeys((written, written.rpartition(".")[2])):
        key = _key(part)
        if key in known:
            return known[key]
        other = _OTHER_NAMES.get(key)
        if other in known.values() and not (spelling.ordinary or spelling.exact):
            return other
        if spelling.exact or len(key) < _SHORTEST_LIKENESS:
            continue
        near = get_close_matches(key, known, n=1, cutoff=0.85 if spelling.ordinary else 0.8)
        if near and not (spelling.ordinary and key.removeprefix(near[0]) in _INFLECTIONS):
            return known[near[0]]
    return None


def _key(name: str) -> str:
    return _SEPARATORS.sub("", folded(name))
