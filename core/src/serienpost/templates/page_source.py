"""A template's own HTML page (`email.html`, `letter.html`): where in it a macro may stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost.errors import Problem, TemplateError
from serienpost.templates.placeholders import PLACE
from serienpost.translation import Texts

if TYPE_CHECKING:
    import re
    from collections.abc import Collection

    from serienpost.templates.language import Program
    from serienpost.templates.markup import Markup, Token

_ = Texts(__name__)

_AS_IT_IS = _("write it as it is")
_NAME = _("the name of an HTML tag cannot be filled in"), _AS_IT_IS
_IN = {
    "comment": (_("nothing can be filled in inside a comment"), _("write {# ... #} instead")),
    "doctype": (_("nothing can be filled in inside a declaration"), _AS_IT_IS),
    "end": (_("nothing can be filled in inside an HTML tag"), _("write the tag itself")),
}


def checked_page(program: Program, images: Collection[str] = (), prefix: str = "cid:") -> str:
    """The marked page, with macros that are a whole `href` marked as links.

    Args:
        program: the page.
        images: file names that the template holds; the page names them behind the prefix.
        prefix: `cid:`, or `asset:` in a letter.

    Raises:
        TemplateError: a tag of ours stands elsewhere than in text and whole links, or the page
            would load something or run something when it is read.
    """
    from serienpost.templates.markup import read
    from serienpost.templates.passive import active_parts

    markup = read(program.marked)
    places = _Places(program, markup)
    for place in PLACE.finditer(markup.source):
        places.look_at(place)
    for what, instead, at in active_parts(markup, {prefix + name for name in images}, prefix):
        line = program.first_line + markup.line(at)
        places.problems.append(Problem(what, instead, program.file, line))
    if places.problems:
        problems = sorted(places.problems, key=lambda problem: problem.line or 0)
        raise TemplateError(*dict.fromkeys(problems))
    marked = program.plain()
    for link in places.links:
        marked = marked.replace(link, link.replace("\ue000o", "\ue000u"))
    return marked


def refuse_active(page: str, images: Collection[str], prefix: str, file: str) -> None:
    """Look at a page once more as it leaves, when style sheets are written into it.

    Raises:
        TemplateError: it would load or run something.
    """
    from serienpost.templates.markup import read
    from serienpost.templates.passive import active_parts

    found = active_parts(read(page), {prefix + name for name in images}, prefix)
    problems = [Problem(what, instead, file) for what, instead, _place in found]
    if problems:
        raise TemplateError(*dict.fromkeys(problems))


class _Places:
    """Where the tags of a page stand: allowed are text and whole links, all else is refused."""

    def __init__(self, program: Program, markup: Markup) -> None:
        from serienpost.templates.markup import raw_texts

        self.program = program
        self.markup = markup
        self.problems: list[Problem] = []
        self.links: list[str] = []
        self._raw = [
            (name, begin, end)
            for name in ("script", "style", "title")
            for begin, end in raw_texts(markup, name)
        ]

    def look_at(self, place: re.Match[str]) -> None:
        """Refuse a tag, unless it stands where one may."""
        token = self.markup.at(place.start())
        found = self._refusal(token, place)
        if found:
            line = self.program.tags[int(place[2])].line
            self.problems.append(Problem(*found, self.program.file, line))

    def _refusal(self, token: Token | None, place: re.Match[str]) -> tuple[str, str] | None:
        if token is None:
            return _("nothing can be filled in behind a tag without an end"), ">"
        if PLACE.search(token.name):
            return _NAME
        if token.kind == "text":
            return self._refusal_in_text(place)
        if token.kind == "start":
            if self._is_link(token, place):
                return None
            what = _("nothing can be filled in inside the HTML tag {tag}", tag=token.name)
            return what, _('only a whole link can: href="{{X}}"')
        return _IN[token.kind]

    def _is_link(self, token: Token, place: re.Match[str]) -> bool:
        whole = token.attributes.get("href") == place[0]
        raw = self.markup.source[token.begin : token.end]
        if not whole or not (f'"{place[0]}"' in raw or f"'{place[0]}'" in raw):
            return False
        if self.program.tags[int(place[2])].name is None:
            return False
        self.links.append(place[0])
        return True

    def _refusal_in_text(self, place: re.Match[str]) -> tuple[str, str] | None:
        source = self.markup.source
        if source[: place.start()].endswith("<"):
            return _NAME
        for name, begin, end in self._raw:
            if not begin <= place.start() < end:
                continue
            if name != "title":
                return _("nothing can be filled in inside {part}", part=name), _AS_IT_IS
            if place[1] == "b" and not self._is_balanced(source[begin:end]):
                return _("an if begins and ends inside the title or outside of it"), _(
                    "move one of them"
                )
        return None

    def _is_balanced(self, text: str) -> bool:
        depth = 0
        for place in PLACE.finditer(text):
            keyword = self.program.tags[int(place[2])].keyword
            depth += {"if": 1, "endif": -1}.get(keyword, 0)
            if depth < 0 or (depth == 0 and keyword in ("elif", "else")):
                return False
        return depth == 0
