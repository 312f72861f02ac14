"""A template's own HTML page (`email.html`, `letter.html`): where in it a macro may stand."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from serienpost.errors import Problem, TemplateError
from serienpost.templates.language import PLACE
from serienpost.templates.styles import check_sheet

if TYPE_CHECKING:
    from collections.abc import Collection

    from serienpost.templates.language import Program

_ACTIVE = frozenset(
    {"applet", "audio", "base", "button", "embed", "form", "frame", "frameset", "iframe", "input"}
    | {"link", "math", "object", "script", "select", "svg", "textarea", "video"}
)
_LOADING = frozenset({"background", "data", "longdesc", "poster", "src", "srcset"})
_LINK = re.compile(r"(?:https?://[^/]|mailto:.|tel:.|#)", re.IGNORECASE)
_FILLED_NAME = re.compile("</?\ue000[a-z][0-9]+\ue001")


def checked_page(program: Program, images: Collection[str] = (), prefix: str = "cid:") -> str:
    """The marked page, with macros that are a whole `href` marked as links.

    Args:
        program: the page.
        images: file names that the template holds; the page names them behind the prefix.
        prefix: `cid:`, or `asset:` in a letter.

    Raises:
        TemplateError: a tag of ours stands inside an HTML tag, a comment, a script or a style,
            or the page would load something or run something when it is read.
    """
    places = _Places(program, [prefix + name for name in images], prefix)
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
    def __init__(self, program: Program, images: Collection[str], prefix: str) -> None:
        super().__init__(convert_charrefs=True)
        self.program = program
        self.images = images
        self.prefix = prefix
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
        self._passive(tag, attrs)
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

    def _passive(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Nothing in a message loads, sends or runs anything."""
        if tag in _ACTIVE:
            self._forbid(f"a page cannot contain <{tag}>", "leave it out")
        for name, value in attrs:
            text = (value or "").strip()
            if name in _LOADING and text not in self.images:
                self._forbid(
                    f"{name} names no image of the template",
                    f'put the file into the template\'s folder: src="{self.prefix}logo.png"',
                )
            elif name == "href" and not PLACE.fullmatch(text) and not _LINK.match(text):
                self._forbid("this link leads nowhere", "begin with https://, mailto: or tel:")
            elif name.startswith("on") or (name == "rel" and "attachment" in text.casefold()):
                self._forbid(f"a page cannot contain {name}", "leave it out")
            elif name == "style":
                self._style(text)

    def _style(self, sheet: str) -> None:
        try:
            check_sheet(sheet, self.program.file, self._line())
        except TemplateError as error:
            self.problems += error.problems

    def _forbid(self, what: str, instead: str) -> None:
        self.problems.append(Problem(what, instead, self.program.file, self._line()))

    def _line(self) -> int:
        return self.program.first_line + self.getpos()[0] - 1

    def handle_endtag(self, tag: str) -> None:
        self.refuse(tag, "nothing can be filled in inside an HTML tag", "write the tag itself")

    def handle_data(self, data: str) -> None:
        if self.cdata_elem:
            self.refuse(
                data, f"nothing can be filled in inside {self.cdata_elem}", "write it as it is"
            )
        if self.cdata_elem == "style":
            self._style(data)

    def handle_comment(self, data: str) -> None:
        self.refuse(data, "nothing can be filled in inside a comment", "write {# ... #} instead")

    def handle_decl(self, decl: str) -> None:
        self.refuse(decl, "nothing can be filled in inside a declaration", "write it as it is")

    def handle_pi(self, data: str) -> None:
        self.refuse(data, "nothing can be filled in inside an instruction", "write it as it is")

    def unknown_decl(self, data: str) -> None:
        self.refuse(data, "nothing can be filled in inside a declaration", "write it as it is")
