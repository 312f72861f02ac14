"""The print check: a letter is measured as it is laid out, before its file gets a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost import Texts
from serienpost_channel_letter import din5008 as din
from serienpost_channel_letter.engine import Defect

if TYPE_CHECKING:
    from collections.abc import Sequence

    from serienpost_channel_letter.engine import LaidPage, TextRun
    from serienpost_channel_letter.style import Letter

_ = Texts(__name__)

# Millimetres.
_TOLERANCE = 0.5

BEYOND_THE_WINDOW = _("the postal address reaches beyond the window")


def check(
    letter: Letter, form: str, pages: Sequence[LaidPage], frame: Sequence[TextRun] = ()
) -> Defect | None:
    """The first thing that is wrong with a laid out letter.

    Codes: `foreign_text`, `address_missing`, `address_lines`, `window`, `page_size`, `overflow`,
    `overprint`, `page_count`, `glyph`.

    Args:
        letter: as it was laid out.
        form: `A` or `B` of DIN 5008.
        pages: as laid out.
        frame: what stands around the text of a first page.
    """
    if any(page.markers != {letter.ref} for page in pages):
        return Defect("foreign_text", _("a page bears the mark of another letter"))
    address = [run for run in pages[0].runs if run.in_address] if pages else []
    if any(run.in_address for page in pages[1:] for run in page.runs):
        return Defect("window", _("the postal address reaches to the next page"))
    return (
        _address_defect(letter, form, address)
        or _glyph_defect(pages)
        or _size_defect(pages)
        or _overflow(pages)
        or _overprint(form, pages, frame)
        or _count_defect(letter, len(pages))
    )


def _address_defect(letter: Letter, form: str, runs: Sequence[TextRun]) -> Defect | None:
    wanted = letter.address.split("\n")
    found = _lines(runs)
    if [_plain(line) for line in found] != [_plain(line) for line in wanted]:
        return Defect("address_missing", _("the postal address is not all in the window"))
    if len(found) > din.ADDRESS_LINES:
        many = _("the postal address has more than {lines} lines", lines=din.ADDRESS_LINES)
        return Defect("address_lines", many)
    top = din.FORMS[form].zone
    inside = all(
        run.left >= din.ADDRESS_LEFT
        and run.right <= din.ADDRESS_LEFT + din.ADDRESS_WIDTH
        and run.top >= top - _TOLERANCE
        and run.bottom <= top + din.ADDRESS_ZONE + _TOLERANCE
        for run in runs
    )
    return None if inside else Defect("window", BEYOND_THE_WINDOW)


def _lines(runs: Sequence[TextRun]) -> list[str]:
    """The address as lines: runs at one height belong together."""
    lines: list[tuple[float, str]] = []
    for run in runs:
        if lines and abs(lines[-1][0] - run.top) < _TOLERANCE:
            lines[-1] = (lines[-1][0], lines[-1][1] + run.text)
        else:
            lines.append((run.top, run.text))
    return [text for _, text in lines]


def _plain(line: str) -> str:
    return " ".join(line.split())


def _size_defect(pages: Sequence[LaidPage]) -> Defect | None:
    """Another size would be scaled in printing, and the address with it."""
    for number, page in enumerate(pages, start=1):
        width, height = page.size
        if max(abs(width - din.PAGE_WIDTH), abs(height - din.PAGE_HEIGHT)) > _TOLERANCE:
            return Defect("page_size", _("page {number} is not upright A4", number=number))
    return None


def _glyph_defect(pages: Sequence[LaidPage]) -> Defect | None:
    if all(run.is_legible for page in pages for run in page.runs):
        return None
    return Defect("glyph", _("no installed font has all signs of the text"))


def _overflow(pages: Sequence[LaidPage]) -> Defect | None:
    for number, page in enumerate(pages, start=1):
        for run in page.runs:
            if (
                run.left < din.ADDRESS_LEFT - _TOLERANCE
                or run.right > din.PAGE_WIDTH - din.RIGHT + _TOLERANCE
                or run.top < 0
                or run.bottom > din.PAGE_HEIGHT - din.BOTTOM + _TOLERANCE
            ):
                text = _("on page {number} text reaches beyond the margin", number=number)
                image = _("on page {number} a picture reaches beyond the margin", number=number)
                return Defect("overflow", text if run.text else image)
    return None


def _overprint(form: str, pages: Sequence[LaidPage], frame: Sequence[TextRun]) -> Defect | None:
    """Rules of the template's own may move text up into what stands around it."""
    upper = [run for run in pages[0].runs if run.top < din.FORMS[form].subject - _TOLERANCE]
    if any(_overlap(run, around) for run in upper for around in frame):
        return Defect(
            "overprint", _("on page 1 text stands on the letterhead, the return line or the date")
        )
    return None


def _overlap(one: TextRun, other: TextRun) -> bool:
    return (
        min(one.right, other.right) - max(one.left, other.left) > _TOLERANCE
        and min(one.bottom, other.bottom) - max(one.top, other.top) > _TOLERANCE
    )


def _count_defect(letter: Letter, pages: int) -> Defect | None:
    if letter.pages is None or letter.pages == pages:
        return None
    return Defect(
        "page_count",
        _.ngettext(
            "the letter has {n} page, {foretold} were foretold",
            "the letter has {n} pages, {foretold} were foretold",
            pages,
            foretold=letter.pages,
        ),
    )
