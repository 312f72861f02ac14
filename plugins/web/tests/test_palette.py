"""The colours of the stylesheet can be read in both schemes (WCAG 2.2, 1.4.3 and 1.4.11)."""

from __future__ import annotations

import re

import pytest

from serienpost_web.rendering import static

CSS = (static("desk.css") or b"").decode()
LIGHT, DARK = (
    dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))
    for block in re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)
)
BACKS = ("page", "card")
TEXTS = [
    *((ink, back) for ink in ("ink", "soft", "link", "stop") for back in BACKS),
    *((name, f"{name}-back") for name in ("good", "ask", "stop", "busy", "off")),
    ("main-ink", "main"),
    ("link", "off-back"),
    ("ink", "off-back"),
    ("soft", "busy-back"),
]
# Edges of fields, bars of charts, the mark of the focus.
SHAPES = [(name, back) for name in ("edge", "bar", "focus", "main") for back in BACKS]


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2, definition)."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_measure_is_right() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_both_schemes_name_the_same_colours() -> None:
    assert set(LIGHT) == set(DARK)
    assert {name for pair in TEXTS + SHAPES for name in pair} <= set(LIGHT)


def test_no_colour_stands_elsewhere() -> None:
    rest = re.sub(r":root \{.*?\}|@media print \{.*?\n\}", "", CSS, flags=re.DOTALL)
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b", rest) == []


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "back"), TEXTS)
def test_text_can_be_read(scheme: dict[str, str], ink: str, back: str) -> None:
    assert contrast(scheme[ink], scheme[back]) >= 4.5


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("shape", "back"), SHAPES)
def test_shapes_can_be_seen(scheme: dict[str, str], shape: str, back: str) -> None:
    assert contrast(scheme[shape], scheme[back]) >= 3
