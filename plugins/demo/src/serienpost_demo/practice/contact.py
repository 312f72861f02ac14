"""E-mail addresses and telephone numbers that belong to nobody.

E-mail stays under the example domains of RFC 2606. Telephone numbers are those that the
Bundesnetzagentur keeps free for films and books (Mitteilung 148/2021, Amtsblatt 7/2021). They do
not last for a million people, so the mass gets made-up mobile numbers of valid length: 0176 0...
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

# Blocks of 1,000 numbers each, three digits follow.
LANDLINES: Final = ("030 23125", "040 66969", "069 90009", "0221 4710", "089 99998")

FILM_MOBILES: Final = (
    *(f"0171 39200{number:02d}" for number in range(100)),
    *(f"0176 040690{number:02d}" for number in range(100)),
    *("0152 28817386", "0152 28895456", "0152 54599371", "0172 9925904", "0172 9968532"),
    *("0172 9973185", "0172 9973186", "0172 9980752", "0174 9091317", "0174 9464308"),
)

_DOMAINS: Final = ("example.org", "example.com", "example.net")
_ASCII: Final = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ç": "c", "ş": "s", "ı": "i", "é": "e", " ": "-"}
)
_OTHER: Final = re.compile("[^a-z0-9-]")


@cache
def ascii_name(name: str) -> str:
    """A name as people write it in an e-mail address."""
    return _OTHER.sub("", name.lower().translate(_ASCII))


def email(first: str, last: str, number: int) -> str:
    """An address that no second person of the practice has."""
    name = f"{ascii_name(first)}.{ascii_name(last)}".strip(".")
    return f"{name}{number}@{_DOMAINS[number % 3]}"


def mobile(number: int) -> str:
    """A mobile number that no second person has, in one of the usual ways to write it."""
    if number <= len(FILM_MOBILES):
        prefix, rest = FILM_MOBILES[number - 1].split(" ")
    else:
        prefix, rest = "0176", f"0{number:07d}"
    if number % 4 == 0:
        return f"+49 {prefix[1:]} {rest}"
    return f"{prefix}{(' ', '/', '-')[number % 4 - 1]}{rest}"


def landline(number: int) -> str:
    """A landline number from the blocks for films; they repeat after 5,000."""
    return f"{LANDLINES[number % 5]}{number // 5 % 1000:03d}"
