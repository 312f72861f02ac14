"""Measured on the page: the letter stands where DIN 5008 has it, within half a millimetre."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pdfplumber
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Writer

MM = 25.4 / 72
WITHIN = 0.5
FACTS = {
    "A": {
        "address": 44.7,
        "return": 27.0,
        "information": 32.0,
        "subject": 80.46,
        "fold": (87, 192),
    },
    "B": {
        "address": 62.7,
        "return": 45.0,
        "information": 50.0,
        "subject": 98.46,
        "fold": (105, 210),
    },
}
# Tops in millimetres: DIN 5008:2020, dimension drawings of both forms.
MARKS = {"A": (87.0, 192.0), "B": (105.0, 210.0)}


@pytest.fixture(scope="module", params=["A", "B"])
def form(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def pages(writer_of: Callable[..., Writer], form: str) -> Iterator[list[Any]]:
    writer = writer_of(form=form)
    with pdfplumber.open(io.BytesIO(writer.pdf(writer.content(html=writer.pages)))) as pdf:
        yield pdf.pages


def _word(page: pdfplumber.page.Page, text: str) -> dict[str, float]:
    """Left, top of the line box and right of a word, in millimetres."""
    found = [w for w in page.extract_words(extra_attrs=["size"]) if w["text"] == text]
    assert found, f"{text} is not on the page"
    word = min(found, key=lambda each: each["top"])
    return {
        "left": word["x0"] * MM,
        "right": word["x1"] * MM,
        "middle": (word["top"] + word["bottom"]) / 2 * MM,
        "size": word["size"],
    }


def test_page_is_a4(pages: list[Any]) -> None:
    for page in pages:
        assert page.width * MM == pytest.approx(210, abs=WITHIN)
        assert page.height * MM == pytest.approx(297, abs=WITHIN)


def test_address_stands_in_its_zone(pages: list[Any], form: str) -> None:
    first, last = _word(pages[0], "Frau"), _word(pages[0], "01099")
    assert first["left"] == pytest.approx(25, abs=WITHIN)
    assert first["middle"] == pytest.approx(FACTS[form]["address"] + 4.23 / 2, abs=WITHIN)
    assert last["middle"] == pytest.approx(FACTS[form]["address"] + 4.23 * 4.5, abs=WITHIN)
    assert first["size"] == pytest.approx(10, abs=0.01)


def test_return_line_and_information_block(pages: list[Any], form: str) -> None:
    back = next(w for w in pages[0].extract_words() if w["text"] == "Lindenallee")
    assert (back["top"] + back["bottom"]) / 2 * MM == pytest.approx(
        FACTS[form]["return"] + 2.5, abs=WITHIN
    )
    block = _word(pages[0], "Telefon")
    assert block["left"] == pytest.approx(125, abs=WITHIN)
    assert block["middle"] == pytest.approx(FACTS[form]["information"] + 4.23 / 2, abs=WITHIN)


def test_subject_two_lines_below(pages: list[Any], form: str) -> None:
    subject = _word(pages[0], "Vorsorge")
    assert subject["middle"] == pytest.approx(FACTS[form]["subject"] + 4.23 / 2, abs=WITHIN)
    assert _word(pages[0], "Ihre")["left"] == pytest.approx(25, abs=WITHIN)


def test_marks(pages: list[Any], form: str) -> None:
    lines = [r for r in [*pages[0].rects, *pages[0].lines] if r["x1"] * MM < 20]
    tops = sorted((line["top"] + line["bottom"]) / 2 * MM for line in lines)
    wanted = sorted([*MARKS[form], 148.5])
    assert tops == pytest.approx(wanted, abs=WITHIN)
    assert all(r["x0"] * MM >= 2.5 for r in lines)
    assert [r for r in pages[1].rects if r["x1"] * MM < 20] == []


def test_margins(pages: list[Any]) -> None:
    for page in pages:
        words = page.extract_words()
        assert min(w["x0"] for w in words) * MM >= 25 - WITHIN
        assert max(w["x1"] for w in words) * MM <= 190 + WITHIN
        body = [w for w in words if w["bottom"] * MM < 272]
        assert max(w["bottom"] for w in body) * MM <= 272 + WITHIN


def test_page_numbers_on_following_pages_alone(pages: list[Any]) -> None:
    texts = [page.extract_text() for page in pages]
    assert len(pages) > 1
    assert "Seite 1" not in texts[0]
    assert [f"Seite {n} von {len(pages)}" in text for n, text in enumerate(texts[1:], 2)] == [
        True
    ] * (len(pages) - 1)


def test_following_pages_bear_no_address(pages: list[Any]) -> None:
    assert all("Mustermann" not in page.extract_text() for page in pages[1:])
    assert _word(pages[1], "Seite")["middle"] < 27


def test_closing_and_signature_stand_together(pages: list[Any]) -> None:
    with_closing = [n for n, page in enumerate(pages) if "Grüßen" in page.extract_text()]
    with_name = [n for n, page in enumerate(pages) if "Sonja" in page.extract_text()]
    assert with_closing == with_name == [len(pages) - 1]
