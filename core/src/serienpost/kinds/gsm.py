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

# A sign with its accents (combining diacritical marks).
_LETTER = re.compile("[\\s\\S][\u0300-\u036f]*")

_SEPTETS = {**dict.fromkeys(BASIC, 1), **dict.fromkeys(EXTENSION, 2)}

# What people write instead where a sign is missing. Accents are taken off without a table.
_REWRITTEN = {
    **dict.fromkeys("„“”‟«»″", '"'),
    **dict.fromkeys("‚‘’‛‹›′´`", "'"),
    **dict.fromkeys("‐‑‒–—―−", "-"),
    **dict.fromkeys("\t\u00a0\u2007\u2009\u202f", " "),
    "…": "...",
    "ẞ": "SS",
    "°": " Grad",
    "•": "-",
    "·": "-",
    "×": "x",
    "½": "1/2",
    "²": "2",
    "³": "3",
    "µ": "u",
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

    Signs without a substitute (emoji, other scripts) stay. Doing it twice changes nothing more.
    """
    return "".join(map(_rewritten, _LETTER.findall(text)))


def changes(text: str) -> Counter[tuple[str, str]]:
    """What `transliterate` would change: sign and substitute, with how often."""
    pairs = ((letter, _rewritten(letter)) for letter in _LETTER.findall(text))
    return Counter(pair for pair in pairs if pair[0] != pair[1])


def _rewritten(letter: str) -> str:
    """The substitute of one sign with the accents that follow it; itself where there is none."""
    sign = unicodedata.normalize("NFC", letter)
    if sign in _SEPTETS:
        return sign
    if sign in _REWRITTEN:
        return _REWRITTEN[sign]
    base = unicodedata.normalize("NFD", sign)[0]
    return _REWRITTEN.get(base, base if base in _SEPTETS else letter)
