"""Text as people type it: without case, umlauts, accents and the punctuation of numbers.

Two foldings, because people write Müller as "Mueller" and as "Muller": `german` spells umlauts out
(DIN 5007-2, the order of telephone books), `plain` drops their dots. Two texts are the same if
they are the same under either. The tables are shared with the SQL of `functions`, so that SQLite
and PostgreSQL select the same people.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_LIGATURES: Final = {"ß": "ss", "ẞ": "ss", "æ": "ae", "Æ": "ae", "œ": "oe", "Œ": "oe"}
_UMLAUTS: Final = {"ä": "ae", "Ä": "ae", "ö": "oe", "Ö": "oe", "ü": "ue", "Ü": "ue"}
GERMAN_SPELLING: Final = {**_UMLAUTS, **_LIGATURES}
PLAIN_SPELLING: Final = _LIGATURES

UNDECOMPOSED: Final = {"ø": "o", "Ø": "o", "ł": "l", "Ł": "l", "đ": "d", "Đ": "d", "ı": "i"}
COMBINING_MARKS: Final = "".join(map(chr, range(0x300, 0x370)))


def _base_letters() -> dict[str, str]:
    letters = dict(UNDECOMPOSED)
    for letter in map(chr, range(0xC0, 0x250)):
        base = unicodedata.normalize("NFKD", letter)[0]
        if base != letter and base.isascii() and base.isalpha():
            letters[letter] = base.lower()
    return letters


BASE_LETTERS: Final = _base_letters()
_TO_BASE = str.maketrans({**BASE_LETTERS, **dict.fromkeys(COMBINING_MARKS, "")})

COUNTRY_PREFIX: Final = r"^\s*(\+|00)49[\s(0)]*"
NOT_A_DIGIT: Final = "[^0-9]"
_COUNTRY_PREFIX = re.compile(COUNTRY_PREFIX)
_NOT_A_DIGIT = re.compile(NOT_A_DIGIT)


def _folded(text: str, spelling: dict[str, str]) -> str:
    folded = text.lower()
    for letter, spelt in spelling.items():
        folded = folded.replace(letter, spelt)
    return folded.translate(_TO_BASE)


def german(text: str) -> str:
    """`MÜLLER-LÜDENSCHEIDT` -> `mueller-luedenscheidt`."""
    return _folded(text, GERMAN_SPELLING)


def plain(text: str) -> str:
    """`MÜLLER-LÜDENSCHEIDT` -> `muller-ludenscheidt`."""
    return _folded(text, PLAIN_SPELLING)


def digits(text: str) -> str:
    """A telephone number without punctuation, German numbers in national form: `+49 (0)351 1`
    -> `03511`."""
    return _NOT_A_DIGIT.sub("", _COUNTRY_PREFIX.sub("0", text))


def figures(text: str) -> str:
    """The digits of a text, nothing else."""
    return _NOT_A_DIGIT.sub("", text)
