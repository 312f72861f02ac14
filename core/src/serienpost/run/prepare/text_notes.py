"""What whoever checks a mailing should know about the wording of its text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from serienpost.run.prepare.renderer import RunRenderer

# A variable of the provider's template with a sign behind it.
_VARIABLE = re.compile(r"\{\{\{?\s*(\w+)\s*\}?\}\}(?:<[^<>]*>|\s)*([,;:!.])")


def text_notes(renderer: RunRenderer) -> list[str]:
    """Where a mark was taken as text, and where a comma meets a comma."""
    read_here = renderer.header.provider_template is None
    marks = [
        f"{file}:{lines[0]}: {found.mark} is text here{_further(lines[1:])}; {found.instead}"
        for file, lines, found in (renderer.template.unread_marks() if read_here else ())
    ]
    return list(dict.fromkeys([*marks, *_commas(renderer)]))


def _further(lines: list[int]) -> str:
    return f", also in line {', '.join(map(str, lines))}" if lines else ""


def _commas(renderer: RunRenderer) -> Iterator[str]:
    values = renderer.example_values()
    ending = {name for name, value in values.items() if str(value).endswith(",")}
    template = renderer.header.provider_template
    if template:
        places = [
            (f"the template {template.title}: {part}", found[1], found[2])
            for part, source in template.sources.items()
            for found in _VARIABLE.finditer(source)
        ]
    else:
        places = [
            (f"{file}:{line}", name, sign)
            for file, line, name, sign in renderer.template.punctuated()
        ]
    for place, name, sign in places:
        if name in ending:
            what = f"{{{{{name}}}}} ends with a comma of its own"
            yield f"{place}: {what}; take out the {sign} behind it"
