"""A letter's own page (`letter.html`): what of it is text, and what are rules."""

from __future__ import annotations

from html.parser import HTMLParser
from itertools import accumulate
from typing import TYPE_CHECKING

from serienpost.errors import Problem, TemplateError

if TYPE_CHECKING:
    from serienpost.templates.language import Program

# Around a page's rules, with which it begins where it has any.
SHEET, SHEET_END = "<style>", "</style>"

_FRAME = frozenset({"html", "body", "meta"})
_LEFT_OUT = frozenset({"head", "title", "style"})


def letter_page(program: Program, marked: str) -> str:
    """The inside of a page's body, behind one `<style>` with all its rules if it has any.

    Args:
        program: the page; problems name its lines.
        marked: the page with placeholders, free of what `checked_page` refuses.

    Raises:
        TemplateError: something is filled in where nothing of it is printed, or rules stand
            behind a macro, so that they could be conditional.
    """
    cut = _Cut(program, marked)
    cut.feed(marked)
    cut.close()
    if cut.problems:
        raise TemplateError(*cut.problems)
    body = "".join([*cut.kept, marked[cut.since :]])
    sheet = "\n".join(filter(str.strip, cut.sheets))
    return f"{SHEET}{sheet}{SHEET_END}{body}" if sheet else body


def split_page(html: str) -> tuple[str, str]:
    """The rules and the text of what `letter_page` gave."""
    if not html.startswith(SHEET):
        return "", html
    sheet, _, body = html.removeprefix(SHEET).partition(SHEET_END)
    return sheet, body


class _Cut(HTMLParser):
    def __init__(self, program: Program, marked: str) -> None:
        super().__init__(convert_charrefs=False)
        self.kept: list[str] = []
        self.sheets: list[str] = []
        self.problems: list[Problem] = []
        self.since = 0
        self._program = program
        self._marked = marked
        self._lines = [0, *accumulate(len(line) + 1 for line in marked.split("\n"))]
        self._leaving_out: str | None = None
        self._filled = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag == "body" and self._leaving_out == "head":
            self._leaving_out = None
        elif self._leaving_out:
            return
        elif tag in _LEFT_OUT:
            self._keep()
            self._leaving_out = tag
        if tag == "style" and self._filled:
            self._refuse(
                self._filled, "rules stand behind this macro", "write them before, or in letter.css"
            )
        if tag in _FRAME:
            self._keep()

    def handle_endtag(self, tag: str) -> None:
        if tag == self._leaving_out:
            self._leaving_out = None
            self.since = self._end()
        elif tag in _FRAME and not self._leaving_out:
            self._keep()

    def handle_decl(self, decl: str) -> None:  # noqa: ARG002
        if not self._leaving_out:
            self._keep()

    def handle_data(self, data: str) -> None:
        from serienpost.templates.language import PLACE

        if self.cdata_elem == "style":
            self.sheets.append(data)
        for place in PLACE.finditer(data):
            self._filled = self._program.tags[int(place[2])].line
            if self._leaving_out:
                self._refuse(
                    self._filled,
                    f"nothing can be filled in inside {self._leaving_out}",
                    "only the body is printed; the title of a letter is its subject",
                )

    def _refuse(self, line: int, what: str, instead: str) -> None:
        self.problems.append(Problem(what, instead, self._program.file, line))

    def _keep(self) -> None:
        """Keep what stands before the present tag, and go on behind it."""
        self.kept.append(self._marked[self.since : self._at()])
        self.since = self._end()

    def _at(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column

    def _end(self) -> int:
        return self._marked.index(">", self._at()) + 1
