"""The print check finds what must not be printed, measured on real pages."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from serienpost import Cost, Refused
from serienpost_channel_letter.check import check
from serienpost_channel_letter.engine import LaidPage, TextRun
from serienpost_channel_letter.style import Letter

if TYPE_CHECKING:
    from conftest import Writer

LETTER = Letter("R1", "Eva Beispiel\n01067 Dresden", "Brief", "", 1)
GOOD = (
    TextRun("Eva Beispiel", 25, 62.8, 60, 66.9, in_address=True),
    TextRun("01067 ", 25, 67.0, 36, 71.2, in_address=True),
    TextRun("Dresden", 36, 67.0, 60, 71.2, in_address=True),
    TextRun("Guten Tag", 25, 110, 60, 114, in_address=False),
)


def _code(
    *runs: TextRun, letter: Letter = LETTER, pages: int = 1, marker: str = "R1"
) -> str | None:
    page = LaidPage(runs, frozenset({marker}))
    defect = check(letter, "B", [page, *[LaidPage((), frozenset({"R1"}))] * (pages - 1)])
    return defect.code if defect else None


def test_a_good_letter_passes() -> None:
    assert _code(*GOOD) is None


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"right": 106.0}, "window"),
        ({"left": 19.0}, "window"),
        ({"top": 61.0}, "window"),
        ({"text": "Eva Beispie"}, "address_missing"),
    ],
)
def test_address(change: dict[str, float | str], code: str) -> None:
    assert _code(replace(GOOD[0], **change), *GOOD[1:]) == code  # type: ignore[arg-type]


def test_address_below_the_window() -> None:
    assert _code(GOOD[0], *(replace(r, top=88, bottom=92) for r in GOOD[1:3])) == "window"


@pytest.mark.parametrize("change", [{"right": 191.0}, {"bottom": 273.0}, {"left": 10.0}])
def test_overflow(change: dict[str, float]) -> None:
    assert _code(*GOOD[:3], replace(GOOD[3], **change)) == "overflow"


def test_another_letters_page_and_page_count() -> None:
    assert _code(*GOOD, marker="R2") == "foreign_text"
    assert _code(*GOOD, pages=2) == "page_count"
    assert _code(*GOOD, pages=2, letter=replace(LETTER, pages=None)) is None


def test_real_pages(writer: Writer) -> None:
    wide = writer.address.replace("Lindenweg", "L" * 70)
    word = "Vorsorge" * 60
    good, window, overflow = writer.forecast(
        writer.content(),
        writer.content(values={"Anschrift": wide}),
        writer.content(html=f"<p>{word}</p>"),
    )
    assert isinstance(good, Cost)
    assert isinstance(window, Refused)
    assert window.code in ("window", "address_missing")
    assert isinstance(overflow, Refused)
    assert overflow.code == "overflow"


@pytest.mark.parametrize("size", ["A3", "A4 landscape", "200mm 297mm"])
def test_pages_of_another_size(writer: Writer, size: str) -> None:
    rules = {"letter.css": f"@page {{ size: {size} }}".encode()}
    (answer,) = writer.forecast(writer.content(files=rules))
    assert answer.code == "page_size"
