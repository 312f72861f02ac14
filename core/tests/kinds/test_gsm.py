"""How long an SMS is: a table written by hand, and properties of every text."""

from __future__ import annotations

import re
import unicodedata
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serienpost.kinds.gsm import (
    BASIC,
    CONCATENATED,
    EXTENSION,
    SINGLE,
    changes,
    cheaper,
    measure_sms,
    transliterate,
)

GSM, UCS = "GSM-7", "UCS-2"

TEXTS = [
    # one part, septets
    ("", GSM, 0, 1),
    ("a", GSM, 1, 1),
    ("a" * 159, GSM, 159, 1),
    ("a" * 160, GSM, 160, 1),
    ("ä" * 160, GSM, 160, 1),
    ("ß" * 160, GSM, 160, 1),
    ("Guten Tag, Ihr Termin ist am 02.03. um 08:30 Uhr.", GSM, 49, 1),
    ("Grüße aus Köln, Ärzte öffnen früh!", GSM, 34, 1),
    ("ÄÖÜäöüß§", GSM, 8, 1),
    ("àèéìòùÇñÑ", GSM, 9, 1),
    ("¿Qué?¡Sí!", UCS, 9, 1),
    ("¿Qué?¡Si!", GSM, 9, 1),
    ("Zeile 1\nZeile 2", GSM, 15, 1),
    ("Zeile 1\r\nZeile 2", GSM, 16, 1),
    ("ΔΦΓΛΩΠΨΣΘΞ", GSM, 10, 1),
    ("@£$¥_¤%&'()*+,-./:;<=>?", GSM, 23, 1),
    # the extension table: two septets each
    ("€", GSM, 2, 1),
    ("^{}\\[~]|€\f", GSM, 20, 1),
    ("€" * 80, GSM, 160, 1),
    ("€" * 79 + "a", GSM, 159, 1),
    ("a" * 158 + "€", GSM, 160, 1),
    ("a" * 159 + "€", GSM, 161, 2),
    ("€" * 81, GSM, 162, 2),
    ("{Rabatt} 20 % [nur heute] ~ 5 €", GSM, 37, 1),
    # several parts of 153 septets
    ("a" * 161, GSM, 161, 2),
    ("a" * 305, GSM, 305, 2),
    ("a" * 306, GSM, 306, 2),
    ("a" * 307, GSM, 307, 3),
    ("a" * 459, GSM, 459, 3),
    ("a" * 460, GSM, 460, 4),
    ("ü" * 306, GSM, 306, 2),
    ("€" * 76 + "a" + "€" * 76 + "a", GSM, 306, 2),
    # an escape is not cut from its sign
    ("a" * 151 + "€" + "a" * 153, GSM, 306, 2),
    ("a" * 152 + "€" + "a" * 151, GSM, 305, 2),
    ("a" * 152 + "€" + "a" * 152, GSM, 306, 3),
    ("a" * 153 + "€" + "a" * 151, GSM, 306, 2),
    ("a" * 305 + "€", GSM, 307, 3),
    ("a" * 304 + "€", GSM, 306, 2),
    ("€" * 152, GSM, 304, 2),
    ("€" * 153, GSM, 306, 3),
    ("€" * 228, GSM, 456, 3),
    ("€" * 229, GSM, 458, 4),
    ("a" * 152 + "{" + "a" * 151 + "}", GSM, 307, 3),
    # one part, UTF-16 units
    ("„", UCS, 1, 1),
    ("„Termin“", UCS, 8, 1),
    ("„" * 69, UCS, 69, 1),
    ("„" * 70, UCS, 70, 1),
    ("„" * 71, UCS, 71, 2),
    ("a" * 69 + "ç", UCS, 70, 1),
    ("a" * 70 + "ç", UCS, 71, 2),
    ("a" * 160 + "–", UCS, 161, 3),
    ("a" * 69 + "€", GSM, 71, 1),
    ("€" * 69 + "ž", UCS, 70, 1),
    ("Žižkov", UCS, 6, 1),
    ("ẞ", UCS, 1, 1),
    ("Привет", UCS, 6, 1),
    ("\u00a0", UCS, 1, 1),
    ("\t", UCS, 1, 1),
    ("`", UCS, 1, 1),
    ("´", UCS, 1, 1),
    ("20°C", UCS, 4, 1),
    ("a\x1b", UCS, 2, 1),
    # several parts of 67 units
    ("„" * 134, UCS, 134, 2),
    ("„" * 135, UCS, 135, 3),
    ("„" * 201, UCS, 201, 3),
    ("„" * 202, UCS, 202, 4),
    # a surrogate pair is not cut
    ("😀", UCS, 2, 1),
    ("😀" * 35, UCS, 70, 1),
    ("😀" * 36, UCS, 72, 2),
    ("x" * 68 + "😀", UCS, 70, 1),
    ("x" * 69 + "😀", UCS, 71, 2),
    ("x" * 65 + "😀" + "x" * 67, UCS, 134, 2),
    ("x" * 66 + "😀" + "x" * 65, UCS, 133, 2),
    ("x" * 66 + "😀" + "x" * 66, UCS, 134, 3),
    ("x" * 67 + "😀" + "x" * 65, UCS, 134, 2),
    ("😀" * 66, UCS, 132, 2),
    ("😀" * 67, UCS, 134, 3),
    ("x" * 133 + "😀", UCS, 135, 3),
    ("x" * 132 + "😀", UCS, 134, 2),
    ("👨‍👩‍👧", UCS, 8, 1),
]


def test_the_table_is_long_enough() -> None:
    assert len(TEXTS) == len({text for text, *_ in TEXTS}) >= 60


@pytest.mark.parametrize(
    ("text", "encoding", "units", "segments"), TEXTS, ids=[ascii(t[:24]) for t, *_ in TEXTS]
)
def test_length(text: str, encoding: str, units: int, segments: int) -> None:
    found = measure_sms(text)
    assert (found.encoding, found.segments) == (encoding, segments)
    assert _octets_or_septets(text, encoding) == units


def test_the_alphabet() -> None:
    assert len(BASIC) == len(set(BASIC)) == 127
    assert len(EXTENSION) == len(set(EXTENSION)) == 10
    assert not set(BASIC) & set(EXTENSION)


def test_names_the_signs_that_cost() -> None:
    assert measure_sms("Žižek – „Žižkov“ 😀").beyond == "Žž–„“😀"
    assert measure_sms("Müller & Söhne {5 €}").beyond == ""


SMS_LIKE = st.text(st.sampled_from("aäß €{„ž😀\n"), max_size=800)


@given(st.one_of(st.text(max_size=400), SMS_LIKE))
def test_parts_lose_nothing_and_fit(text: str) -> None:
    found = measure_sms(text)
    assert "".join(found.parts) == text
    assert found.segments >= 1
    room = (SINGLE if found.segments == 1 else CONCATENATED)[found.encoding]
    for part in found.parts:
        assert _octets_or_septets(part, found.encoding) <= room


@given(st.one_of(st.text(max_size=400), SMS_LIKE))
def test_no_part_could_take_the_next_sign(text: str) -> None:
    """As few parts as possible: each is full, but for a pair that does not fit any more."""
    found = measure_sms(text)
    for part, following in zip(found.parts, found.parts[1:], strict=False):
        room = CONCATENATED[found.encoding]
        assert _octets_or_septets(part + following[0], found.encoding) > room


def _octets_or_septets(text: str, encoding: str) -> int:
    """The length as the encodings themselves give it."""
    if encoding == UCS:
        return len(text.encode("utf-16-be", "surrogatepass")) // 2
    return len(text) + sum(text.count(sign) for sign in EXTENSION)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("„Guten Tag“", '"Guten Tag"'),
        ("‚so‘ geht’s", "'so' geht's"),
        ("Mo – Fr — immer", "Mo - Fr - immer"),
        ("bald …", "bald ..."),
        ("8\u00a0Uhr\t!", "8 Uhr !"),
        ("GROẞ", "GROSS"),
        ("20 °", "20 Grad"),
        ("37,5°C, 37,5 °C oder 99\u00a0°F", "37,5 Grad C, 37,5 Grad C oder 99 Grad F"),
        ("80 m², 3 km², 2m³", "80 m2, 3 km2, 2m3"),
        ("1½ Stunden, ½ Tag, 1 ¾, (¼)", "1 1/2 Stunden, 1/2 Tag, 1 3/4, (1/4)"),
        ("Praxis · Lindenallee 5 · Dresden", "Praxis - Lindenallee 5 - Dresden"),
        ("• Termin", "* Termin"),
        ("Žižek, Çelik, Dvořák, Łódź, Şahin", "Zizek, Çelik, Dvorak, Lodz, Sahin"),
        ("René, Zoë, François, Ångström", "René, Zoe, Francois, Ångström"),
        ("Mu\u0308ller, e\u0308", "Müller, e"),
        ("Привет 😀", "Привет 😀"),
        ("Müller {€}", "Müller {€}"),
        *(
            (same, same)
            for same in (
                "5²",
                "x²",
                "10³",
                "m²2",
                "2²½",
                "5°30",
                "n°5",
                "°C",
                "5·10",
                "5 · 10",
                "Patient·innen",
                "½½",
                "½5",
                "3/½",
                "1,½",
                "a ≠ b",
                "≤ 5 ≥ 3 ± 1",
                "5 µg",
                "‰",
                "¹",
                "⁰",
                "№ 5",
                "①",
                "5\u0336 4",
                "a\u0336",
                "1\u0301",
                "÷",
                "∞",
                "√",
                "→",
                "†",
                "™",
                "5 € ~ {}",
            )
        ),
    ],
)
def test_writes_with_the_alphabet(before: str, after: str) -> None:
    assert transliterate(before) == after


def test_lists_what_changes() -> None:
    assert changes("„a“ – ž – 😀") == {
        ("„", '"'): 1,
        ("“", '"'): 1,
        ("–", "-"): 2,
        ("ž", "z"): 1,
    }
    assert changes("Müller {€} Привет") == {}


SIGNS = st.text(st.sampled_from("015½¼²³m /.,·°CF\u00a0\u200b\u0301\u0336éž…•≠µkg\n"), max_size=40)


@given(st.one_of(st.text(max_size=200), SIGNS))
def test_writing_twice_changes_nothing_more(text: str) -> None:
    once = transliterate(text)
    assert transliterate(once) == once
    assert changes(once) == {}
    assert (changes(text) == {}) == (once == text)


@given(st.text(st.sampled_from(BASIC + EXTENSION), max_size=200))
def test_what_fits_stays(text: str) -> None:
    assert transliterate(text) == text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("„Guten Tag“", "„Guten Tag“"),
        ("ž" * 70, "ž" * 70),
        ("ž" * 71, "z" * 71),
        ("„" + "a" * 70, '"' + "a" * 70),
        ("„" + "a" * 100 + "😀", "„" + "a" * 100 + "😀"),
        ("≤" + "…" * 70, "≤" + "…" * 70),
        ("a" * 200, "a" * 200),
    ],
)
def test_is_rewritten_only_where_that_saves_an_sms(before: str, after: str) -> None:
    assert cheaper(before) == after


@given(st.one_of(st.text(max_size=400), SMS_LIKE))
def test_never_takes_more_and_is_changed_for_less_alone(text: str) -> None:
    written = cheaper(text)
    assert measure_sms(written).segments <= measure_sms(text).segments
    assert (written == text) == (measure_sms(written).segments == measure_sms(text).segments)


def figures(text: str) -> list[Fraction | str]:
    """What a reader understands: numbers with their fractions, and words."""
    whole = r"(?P<n>\d+)? ?(?P<sign>[½¼¾⅓⅔])|(?P<m>\d+ )?(?P<a>1|2|3)/(?P<b>[234])(?![\d/])|\d+|\w+"
    found: list[Fraction | str] = []
    for one in re.finditer(whole, text):
        if one["sign"]:
            part = Fraction(unicodedata.numeric(one["sign"])).limit_denominator(9)
            found.append(int(one["n"] or 0) + part)
        elif one["a"]:
            found.append(int(one["m"] or 0) + Fraction(int(one["a"]), int(one["b"])))
        else:
            found.append(one[0])
    return found


@given(
    st.integers(0, 99),
    st.sampled_from("½¼¾⅓⅔"),
    st.sampled_from(["", " "]),
    st.sampled_from([" Std.", "h", "-jährig", "", ", dann", "."]),
)
def test_a_fraction_keeps_its_value(number: int, sign: str, gap: str, after: str) -> None:
    text = f"ca. {number}{gap}{sign}{after}"
    assert figures(transliterate(text)) == figures(text)
