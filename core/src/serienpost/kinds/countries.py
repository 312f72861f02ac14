"""Countries as people write them, and their German names for the last line of an address."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

HOME = "DE"

_NO_COUNTRY = frozenset({"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"})
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})

# Names as Deutsche Post and everyday letters use them, where CLDR's are official or odd.
_GERMAN = {
    "CD": "Demokratische Republik Kongo",
    "CG": "Republik Kongo",
    "GB": "Großbritannien",
    "HK": "Hongkong",
    "MO": "Macau",
    "PS": "Palästina",
    "US": "USA",
}

# Further names and the old letters for cars, one per country in practice records.
_ALSO = {
    "AT": ("A", "Republik Österreich"),
    "BA": ("Bosnien", "Bosnien-Herzegowina"),
    "BE": ("B",),
    "BY": ("Weißrussland",),
    "CH": ("Suisse", "Svizzera", "Schweizerische Eidgenossenschaft"),
    "CI": ("Elfenbeinküste", "Ivory Coast"),
    "CZ": ("Tschechische Republik", "Czech Republic"),
    "DE": ("D", "BRD", "Bundesrepublik", "Bundesrepublik Deutschland"),
    "ES": ("E", "España"),
    "FR": ("F",),
    "GB": ("England", "Schottland", "Wales", "Nordirland", "Scotland", "Northern Ireland"),
    "HU": ("H",),
    "IT": ("I", "Italia"),
    "KR": ("Korea",),
    "LI": ("FL", "Fürstentum Liechtenstein"),
    "LU": ("L", "Luxembourg"),
    "MD": ("Moldau", "Moldawien"),
    "MK": ("Mazedonien",),
    "NL": ("Holland",),
    "PL": ("Polska",),
    "PT": ("P",),
    "RU": ("Russische Föderation",),
    "SE": ("S",),
    "SK": ("Slowakische Republik",),
    "TR": ("Turkey", "Turkiye"),
    "US": ("Amerika", "Vereinigte Staaten von Amerika", "United States of America"),
    "VA": ("Vatikan",),
}


def country_code(text: str) -> str | None:
    """The ISO 3166 code (two letters) of a German or English name or of a code; None: unknown."""
    return _codes().get(_key(text))


def german_name(code: str) -> str:
    """The German name of a country code that `country_code` returned."""
    return _GERMAN.get(code) or _territories("de")[code]


def _key(text: str) -> str:
    """What is compared: letters only, no case, ä as ae, no other accents."""
    plain = unicodedata.normalize("NFC", text).casefold().translate(_UMLAUTS)
    bare = unicodedata.normalize("NFD", re.sub(r"&|\band\b", "und", plain))
    return re.sub(r"[\W\d_]", "", "".join(c for c in bare if not unicodedata.combining(c)))


@cache
def _territories(language: str) -> dict[str, str]:
    from babel import Locale

    names: dict[str, str] = dict(Locale(language).territories)
    return {
        code: name for code, name in names.items() if len(code) == 2 and code not in _NO_COUNTRY
    }


@cache
def _codes() -> dict[str, str]:
    from babel.core import get_global

    known = _territories("de")
    codes = {_key(code): code for code in known}
    for old, new in get_global("territory_aliases").items():
        if len(new) == 1 and new[0] in known and _key(old):
            codes.setdefault(_key(old), new[0])
    for names in (known, _territories("en"), _GERMAN):
        codes |= {_key(name): code for code, name in names.items()}
    return codes | {_key(name): code for code, names in _ALSO.items() for name in names}


# Countries in whose addresses the postcode follows the town (UPU, POST*CODE).
_CODE_AFTER_TOWN = frozenset({"AU", "CA", "GB", "IE", "IN", "NZ", "US", "ZA"})


def city_line(code: str | None, postcode: str, town: str) -> str:
    """Town and postcode in the order of the country; unknown countries as in Germany."""
    parts = (town, postcode) if code in _CODE_AFTER_TOWN else (postcode, town)
    return " ".join(filter(None, parts))
