"""What whoever checks a mailing should know about the wording of its text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from serienpost.run.prepare.renderer import RunRenderer
    from serienpost.templates.foreign_marks import ForeignMark
    from serienpost.translation import Text

_ = Texts(__name__)

# A variable of the provider's template with a sign behind it.
_VARIABLE = re.compile(r"\{\{\{?\s*(\w+)\s*\}?\}\}(?:<[^<>]*>|\s)*([,;:!.])")


def text_notes(renderer: RunRenderer) -> list[str]:
    """Where a mark was taken as text, and where a comma meets a comma."""
    read_here = renderer.header.provider_template is None
    marks = [
        _is_text(file, lines, found)
        for file, lines, found in (renderer.template.unread_marks() if read_here else ())
    ]
    return list(dict.fromkeys([*marks, *_commas(renderer)]))


def _is_text(file: str, lines: list[int], found: ForeignMark) -> Text:
    place = f"{file}:{lines[0]}"
    if lines[1:]:
        return _(
            "{place}: {mark} is text here, also in line {lines}; {instead}",
            place=place,
            mark=found.mark,
            lines=lines[1:],
            instead=found.instead,
        )
    return _(
        "{place}: {mark} is text here; {instead}",
        place=place,
        mark=found.mark,
        instead=found.instead,
    )


def _commas(renderer: RunRenderer) -> Iterator[str]:
    values = renderer.example_values()
    ending = {name for name, value in values.items() if str(value).endswith(",")}
    template = renderer.header.provider_template
    places: list[tuple[str, str, str]]
    if template:
        places = [
            (
                _("the template {template}: {part}", template=template.title, part=part),
                found[1],
                found[2],
            )
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
            yield _(
                "{place}: {macro} ends with a comma of its own; take out the {sign} behind it",
                place=place,
                macro=f"{{{{{name}}}}}",
                sign=sign,
            )
