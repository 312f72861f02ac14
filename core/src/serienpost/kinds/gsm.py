"""How long an SMS is: the GSM 03.38 alphabet, parts, and writing a text so that it fits.

The alphabet and its extension table are those of 3GPP TS 23.038, section 6.2.1; lengths of parts
with an 8-bit concatenation header those of 3GPP TS 23.040, section 9.2.3.24.1.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import Literal, TypeAlias

Encoding: TypeAlias = Literal["GSM-7", "UCS-2"]

# The default alphabet without the escape sign, one septet each.
BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ"
    " !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)

# Signs of the extension table: escape and sign, two septets.
EXTENSION = "\f^{}\\[~]|€"

# Units that fit into an SMS of one part: septets, or UTF-16 code units.
SINGLE: dict[Encoding, int] = {"GSM-7": 160, "UCS-2": 70}

# Units that fit into each part of a longer one.
CONCATENATED: dict[Encoding, int] = {"GSM-7": 153, "UCS-2": 67}

_SEPTETS = {**dict.fromkeys(BASIC, 1), **dict.fromkeys(EXTENSION, 2)}

# What people write instead where a sign is missing, wherever it stands, and read as the same.
# Accents are taken off letters without a table.
_REWRITTEN = {
    **dict.fromkeys("„“”‟«»″", '"'),
    **dict.fromkeys("‚‘’‛‹›′´`", "'"),
    **dict.fromkeys("‐‑‒–—―−", "-"),
    **dict.fromkeys("\u00a0\u2007\u2009\u202f", " "),
    "\t": " ",
    "…": "...",
    "ẞ": "SS",
    "•": "*",
    "×": "x",
    "ł": "l",
    "Ł": "L",
    "đ": "d",
    "Đ": "D",
    "ı": "i",
    "œ": "oe",
    "Œ": "OE",
    "\u00ad": "",
    "\u200b": "",
    "\u2060": "",
    "\ufeff": "",
}
# A letter with its accents; strokes through it are none, they cross it out or make another sign.
_LETTER = re.compile("[\\s\\S][\u0300-\u036f]*")
_STROKES = frozenset("\u0334\u0335\u0336\u0337\u0338")

# Signs that are written otherwise only where what stands around them lets it mean the same.
_FRACTIONS = {"½": "1/2", "¼": "1/4", "¾": "3/4", "⅓": "1/3", "⅔": "2/3"}
_POWERS = {"²": "2", "³": "3"}
_IN_PLACE = re.compile(
    r"(?P<degrees>(?<=[0-9]) ?°(?: ?(?P<scale>[CF]))?(?![\w\u0300-\u036f]))"
    r"|(?P<metres>(?:(?<=(?<![^\W\d_])m)|(?<=(?<![^\W\d_])[cdkm]m))[²³](?![\w\u0300-\u036f]))"
    r"|(?P<dot>(?<![0-9] )(?<= )·(?= )|(?<= )·(?= (?![0-9])))"
    r"|(?P<fraction>(?<![^\W\d_])(?<![/.,½¼¾⅓⅔])[½¼¾⅓⅔](?![0-9/½¼¾⅓⅔\u0300-\u036f]|[.,][0-9]))"
)


@dataclass(frozen=True, slots=True)
class Measured:
    """A text as it goes over the air.

    Args:
        encoding: `GSM-7`, or `UCS-2` as soon as one sign is outside of the alphabet.
        parts: the text of each SMS; their number is what is paid.
        beyond: the signs that force UCS-2, each once, in order.
    """

    encoding: Encoding
    parts: tuple[str, ...]
    beyond: str

    @property
    def segments(self) -> int:
        """How many SMS it takes."""
        return len(self.parts)


def measure_sms(text: str) -> Measured:
    """Encode a text and cut it into parts; an empty text is one part.

    Neither an escape sign and its character nor a surrogate pair is ever cut apart, so a part may
    hold less than it could.
    """
    beyond = "".join(dict.fromkeys(sign for sign in text if sign not in _SEPTETS))
    encoding: Encoding = "UCS-2" if beyond else "GSM-7"
    lengths = [_units(sign, encoding) for sign in text]
    if sum(lengths) <= SINGLE[encoding]:
        return Measured(encoding, (text,), beyond)
    return Measured(encoding, _cut(text, lengths, CONCATENATED[encoding]), beyond)


def _units(sign: str, encoding: Encoding) -> int:
    if encoding == "GSM-7":
        return _SEPTETS[sign]
    return 2 if ord(sign) > 0xFFFF else 1


def _cut(text: str, lengths: list[int], room: int) -> tuple[str, ...]:
    parts = []
    begin = used = 0
    for position, length in enumerate(lengths):
        if used + length > room:
            parts.append(text[begin:position])
            begin, used = position, 0
        used += length
    return (*parts, text[begin:])


def transliterate(text: str) -> str:
    """Write a text with the signs of the alphabet, as far as people would read it as the same.

    Signs without a substitute that means the same stay: emoji, other scripts, `≠`, most powers.
    Doing it twice changes nothing more.
    """
    plain = "".join(map(_rewritten, _LETTER.findall(text)))
    return _IN_PLACE.sub(_rewritten_in_place, plain)


def cheaper(text: str) -> str:
    """The text in the alphabet where it takes fewer SMS so, else as it is."""
    rewritten = transliterate(text)
    if rewritten == text or measure_sms(rewritten).segments >= measure_sms(text).segments:
        return text
    return rewritten


def changes(text: str) -> Counter[tuple[str, str]]:
    """What `transliterate` would change: sign and substitute, with how often."""
    letters = _LETTER.findall(text)
    plain = "".join(map(_rewritten, letters))
    found = Counter((letter, _rewritten(letter)) for letter in letters)
    found += Counter((one[0], _rewritten_in_place(one)) for one in _IN_PLACE.finditer(plain))
    return Counter({pair: count for pair, count in found.items() if pair[0] != pair[1]})


def _rewritten(letter: str) -> str:
    """The substitute of one sign with the accents that follow it; itself where there is none."""
    sign = unicodedata.normalize("NFC", letter)
    if sign in _SEPTETS:
        return sign
    if sign in _REWRITTEN:
        return _REWRITTEN[sign]
    decomposed = unicodedata.normalize("NFD", sign)
    base, marks = decomposed[0], decomposed[1:]
    if not base.isalpha() or not _STROKES.isdisjoint(marks):
        return letter
    return _REWRITTEN.get(base, base if base in _SEPTETS else letter)


def _rewritten_in_place(found: re.Match[str]) -> str:
    sign = found[0]
    if found["degrees"]:
        return f" Grad {found['scale']}" if found["scale"] else " Grad"
    if found["metres"]:
        return _POWERS[sign]
    if found["dot"]:
        return "-"
    follows_digit = found.string[: found.start()][-1:].isdecimal()
    return f" {_FRACTIONS[sign]}" if follows_digit else _FRACTIONS[sign]
