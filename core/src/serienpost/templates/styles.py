"""Style sheets: what they may contain; those of e-mails are written into the elements, since many
mail programs read nothing else."""

from __future__ import annotations

import re

from serienpost.errors import Problem, TemplateError
from serienpost.templates.placeholders import PLACE
from serienpost.translation import Texts

_ = Texts(__name__)

_FETCHES = re.compile(
    r"@import|@font-face|\b(?:url|src|image|image-set|expression)\s*\(|</|\\"
    r"|(?<![\w-])behavior\s*:|-moz-binding|AlphaImageLoader",
    re.IGNORECASE,
)
_HIDDEN = re.compile("(?:<|&lt;)!--(\ue000[bc][0-9]+\ue001)--(?:>|&gt;)")


def check_sheet(sheet: str, file: str, first_line: int = 1) -> None:
    """Refuse a style sheet that loads something or leaves its place.

    Raises:
        TemplateError: with the line of the first such rule.
    """
    found = forbidden_in_sheet(sheet)
    if found:
        what, instead, place = found
        line = first_line + sheet.count("\n", 0, place)
        raise TemplateError(Problem(what, instead, file, line))


def forbidden_in_sheet(sheet: str) -> tuple[str, str, int] | None:
    """The first thing in a style sheet that loads or runs something or leaves its place: what,
    what to do instead, where. Escapes are refused too, so that nothing can be spelled in disguise.
    """
    found = _FETCHES.search(sheet)
    if found is None:
        return None
    instead = _("nothing is loaded while a message is read; images belong into the text")
    return _("a style sheet cannot contain {what}", what=found[0].strip()), instead, found.start()


def inlined(page: str, sheet: str, file: str) -> str:
    """The marked page with the rules of its `<style>` and of `sheet` in its elements.

    Rules for a medium (`@media`) stay in the head. Nothing is loaded.

    Args:
        page: HTML with placeholders.
        sheet: a style sheet, may be empty.
        file: named in problems.

    Raises:
        TemplateError: the page puts text where HTML has no place for it, as between the rows of
            a table.
    """
    if not sheet and "<style" not in page.lower():
        return page
    from css_inline import CSSInliner

    inliner = CSSInliner(load_remote_stylesheets=False, keep_at_rules=True, extra_css=sheet)
    hidden = PLACE.sub(lambda place: f"<!--{place[0]}-->" if place[1] in "bc" else place[0], page)
    made = _HIDDEN.sub(r"\1", inliner.inline(hidden))
    if PLACE.findall(made) != PLACE.findall(page):
        raise TemplateError(
            Problem(
                _("a macro stands where HTML has no place for text"),
                _("put it into a cell or a paragraph"),
                file,
            )
        )
    return made
