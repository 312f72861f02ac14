"""Placeholders as other programs write them: `{Vorname}`, `[Vorname]`, `%Vorname%`, `«Vorname»`.

A text would go out with the bare word in it, so what names a macro in one of these spellings is a
mistake. What names none is ordinary text, and so is what a constant prints: `{{ "[Praxis]" }}`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from serienpost.text import folded

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_NAME = r"[^\W\d_]\w*(?:[ \-]\w+)*"
# Each pair of marks, with what must not stand before and behind it. Behind a bracket `(`, `[` and
# `:` make it a link of Markdown.
_MARKS = (
    (r"\{", r"\}", "", ""),
    (r"\[\[", r"\]\]", "", ""),
    (r"\[", r"\]", r"(?<![\[\]!])", r"(?![\](\[:])"),
    (r"%%", r"%%", "", ""),
    (r"%", r"%", r"(?<![%\w])", r"(?![%\w])"),
    (r"<<", r">>", "", ""),
    (r"<", r">", r"(?<!<)", r"(?!>)"),
    ("\u00ab", "\u00bb", "", ""),
    ("\u00bb", "\u00ab", "", ""),
    ("\u2039", "\u203a", "", ""),
    ("\u203a", "\u2039", "", ""),
    (r"\$\{", r"\}", "", ""),
    (r"\$", r"\$", r"(?<![$\w])", r"(?![$\w])"),
    (r"##", r"##", "", ""),
    (r"#", r"#", r"(?<![#\w])", r"(?![#\w])"),
    (r"@@", r"@@", "", ""),
)
_TIGHT = frozenset({"%", r"\$", "#", "<"})
_PATTERNS = tuple(
    re.compile(f"{before}{left}{blank}({_NAME}){blank}{right}{behind}")
    for left, right, before, behind in _MARKS
    for blank in ("" if left in _TIGHT else r"[ \t]*",)
)


def foreign_placeholders(text: str, names: Collection[str]) -> Iterator[tuple[int, str, str]]:
    """What in a text, without its tags, is a macro in the spelling of another program.

    Args:
        text: a stretch of text between tags.
        names: the macros that there are.

    Yields:
        Where it begins, what is written, and the macro's own name.
    """
    known = {folded(name): name for name in names}
    seen: set[int] = set()
    for pattern in _PATTERNS:
        for found in pattern.finditer(text):
            name = known.get(folded(re.sub(r"[ \-]", "_", found[1])))
            if name and found.start(1) not in seen:
                seen.add(found.start(1))
                yield found.start(), found[0], name
