"""A letter's own page (`letter.html`): what of it is text, and what are rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost.errors import Problem, TemplateError
from serienpost.translation import Texts

if TYPE_CHECKING:
    from serienpost.templates.language import Program
    from serienpost.templates.markup import Markup, Token

_ = Texts(__name__)

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
    from serienpost.templates.markup import raw_texts, read

    markup = read(marked)
    cut = _Cut(program, markup)
    for token in markup.tokens:
        cut.take(token)
    if cut.problems:
        raise TemplateError(*cut.problems)
    body = "".join([*cut.kept, marked[cut.since :]])
    sheets = (marked[begin:end] for begin, end in raw_texts(markup, "style"))
    sheet = "\n".join(filter(str.strip, sheets))
    return f"{SHEET}{sheet}{SHEET_END}{body}" if sheet else body


def split_page(html: str) -> tuple[str, str]:
    """The rules and the text of what `letter_page` gave."""
    if not html.startswith(SHEET):
        return "", html
    sheet, _end, body = html.removeprefix(SHEET).partition(SHEET_END)
    return sheet, body


class _Cut:
    """Goes through a page and keeps what is printed."""

    def __init__(self, program: Program, markup: Markup) -> None:
        self.kept: list[str] = []
        self.problems: list[Problem] = []
        self.since = 0
        self._program = program
        self._marked = markup.source
        self._leaving_out: str | None = None
        self._filled = 0

    def take(self, token: Token) -> None:
        """Go past a piece of the page."""
        if token.kind == "start":
            self._start(token)
        elif token.kind == "end":
            self._end(token)
        elif token.kind == "doctype" and not self._leaving_out:
            self._keep(token)
        elif token.kind == "text":
            self._text(self._marked[token.begin : token.end])

    def _start(self, token: Token) -> None:
        tag = token.name
        if tag == "body" and self._leaving_out == "head":
            self._leaving_out = None
        elif self._leaving_out:
            return
        elif tag in _LEFT_OUT:
            self._keep(token)
            self._leaving_out = tag
        if tag == "style" and self._filled:
            self._refuse(
                self._filled,
                _("rules stand behind this macro"),
                _("write them before, or in letter.css"),
            )
        if tag in _FRAME:
            self._keep(token)

    def _end(self, token: Token) -> None:
        if token.name == self._leaving_out:
            self._leaving_out = None
            self.since = token.end
        elif token.name in _FRAME and not self._leaving_out:
            self._keep(token)

    def _text(self, text: str) -> None:
        from serienpost.templates.placeholders import PLACE

        for place in PLACE.finditer(text):
            self._filled = self._program.tags[int(place[2])].line
            if self._leaving_out:
                self._refuse(
                    self._filled,
                    _("nothing can be filled in inside {part}", part=self._leaving_out),
                    _("only the body is printed; the title of a letter is its subject"),
                )

    def _refuse(self, line: int, what: str, instead: str) -> None:
        self.problems.append(Problem(what, instead, self._program.file, line))

    def _keep(self, token: Token) -> None:
        """Keep what stands before this piece, and go on behind it."""
        self.kept.append(self._marked[self.since : token.begin])
        self.since = token.end
