"""A template's own HTML page (`email.html`): where in it a macro may stand."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from serienpost.errors import Problem, TemplateError
from serienpost.templates.language import PLACE

if TYPE_CHECKING:
    from serienpost.templates.language import Program

_FILLED_NAME = re.compile("</?\ue000[a-z][0-9]+\ue001")


def checked_page(program: Program) -> str:
    """The marked page, with macros that are a whole `href` marked as links.

    Raises:
        TemplateError: a tag of ours stands inside an HTML tag, a comment, a script or a style.
    """
    places = _Places(program)
    places.feed(program.marked)
    places.unfinished()
    places.close()
    if places.problems:
        raise TemplateError(*places.problems)
    marked = program.plain()
    for link in places.links:
        marked = marked.replace(link, link.replace("\ue000o", "\ue000u"))
    return marked


class _Places(HTMLParser):
    def __init__(self, program: Program) -> None:
        super().__init__(convert_charrefs=True)
        self.program = program
        self.problems: list[Problem] = []
        self.links: list[str] = []

    def refuse(self, text: str, what: str, instead: str) -> None:
        for place in PLACE.finditer(text):
            line = self.program.tags[int(place[2])].line
            self.problems.append(Problem(what, instead, self.program.file, line))

    def unfinished(self) -> None:
        """Look at tags that never end, and at names of tags that are filled in."""
        if self.rawdata.startswith("<"):
            self.refuse(self.rawdata, "nothing can be filled in behind a tag without an end", ">")
        for found in _FILLED_NAME.finditer(self.program.marked):
            self.refuse(
                found[0], "the name of an HTML tag cannot be filled in", "write it as it is"
            )

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        raw = self.get_starttag_text() or ""
        for name, value in attrs:
            if name != "href" or not value or not PLACE.fullmatch(value):
                continue
            named = self.program.tags[int(PLACE.fullmatch(value)[2])].name  # type: ignore[index]
            quoted = next((q for q in (f'"{value}"', f"'{value}'") if q in raw), None)
            if named and quoted:
                self.links.append(value)
                raw = raw.replace(quoted, "")
        self.refuse(
            raw,
            f"nothing can be filled in inside the HTML tag {PLACE.sub('', tag)}",
            'only a whole link can: href="{{X}}"',
        )

    def handle_endtag(self, tag: str) -> None:
        self.refuse(tag, "nothing can be filled in inside an HTML tag", "write the tag itself")

    def handle_data(self, data: str) -> None:
        if self.cdata_elem:
            self.refuse(
                data, f"nothing can be filled in inside {self.cdata_elem}", "write it as it is"
            )

    def handle_comment(self, data: str) -> None:
        self.refuse(data, "nothing can be filled in inside a comment", "write {# ... #} instead")

    def handle_decl(self, decl: str) -> None:
        self.refuse(decl, "nothing can be filled in inside a declaration", "write it as it is")

    def handle_pi(self, data: str) -> None:
        self.refuse(data, "nothing can be filled in inside an instruction", "write it as it is")

    def unknown_decl(self, data: str) -> None:
        self.refuse(data, "nothing can be filled in inside a declaration", "write it as it is")
