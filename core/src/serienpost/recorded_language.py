"""The language that a practice recorded of a person, where it is certain which one is meant."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from serienpost.fields import FieldValue

# ISO 639-1, `en`, with script and region: `en-GB`, `en_US`, `de_AT.UTF-8`, `zh-Hant-TW`, `en-150`.
_TAG = re.compile(
    r"([a-z]{2})(?:[-_]([a-z]{4}))?(?:[-_](?:([a-z]{2})|\d{3}))?(?:\.(?:utf-?8|iso-?8859-?1?\d))?"
)
# ISO 639-2, of which some languages have two: by the English name and by their own.
_LONG = re.compile(r"[a-z]{3}")
_OTHER_LONG = """ger:de fre:fr dut:nl gre:el cze:cs rum:ro slo:sk alb:sq arm:hy geo:ka per:fa
    chi:zh mac:mk bur:my ice:is wel:cy baq:eu may:ms tib:bo"""
# Whose names of languages are read.
_NAMED_IN = ("de", "en")


def recorded_language(value: FieldValue) -> str | None:
    """`en` for `en`, `EN`, `en-GB`, `eng`, `English`, `Englisch`; empty where nothing is recorded.

    None where it is not certain what is meant: other texts, and several languages in one.
    """
    return _read(value) if isinstance(value, str) else "" if value is None else None


@lru_cache(maxsize=1024)
def _read(text: str) -> str | None:
    small = unicodedata.normalize("NFC", text).strip().casefold()
    if not small:
        return ""
    tag = _TAG.fullmatch(small)
    if tag:
        return tag[1] if _is_one_language(*tag.groups()) else None
    if _LONG.fullmatch(small):
        return _long_codes().get(small)
    return _names().get(small)


def primary(tag: str) -> str:
    """`en` of `en-GB`."""
    return re.split("[-_]", tag.lower(), maxsplit=1)[0]


def _is_one_language(code: str, script: str | None, region: str | None) -> bool:
    """Whether what follows the code is a script, and a region where that language is an official
    one: `de-en`, `en-de` and `en-tr` may be two languages."""
    from babel import Locale
    from babel.languages import get_official_languages

    if code not in _codes() or (script and script.title() not in Locale("en").scripts):
        return False
    if region is None:
        return True
    official = get_official_languages(region.upper(), de_facto=True)
    return code in {primary(one) for one in official}


@cache
def _codes() -> frozenset[str]:
    from babel import Locale

    return frozenset(code for code in map(str, Locale("en").languages) if len(code) == 2)


@cache
def _long_codes() -> dict[str, str]:
    """By their three letters: what Babel knows as other words for a language of two."""
    from babel.core import get_global

    aliases = get_global("language_aliases").items()
    known = {long: str(to) for long, to in aliases if len(long) == 3 and to in _codes()}
    return {**known, **dict(pair.split(":") for pair in _OTHER_LONG.split())}


@cache
def _names() -> dict[str, str]:
    """By their names in German and English, those that mean one language alone."""
    from babel import Locale

    found: dict[str, set[str]] = {}
    for spoken in _NAMED_IN:
        names = Locale(spoken).languages
        for code in _codes():
            found.setdefault(names.get(code, code).casefold(), set()).add(code)
    return {name: next(iter(codes)) for name, codes in found.items() if len(codes) == 1}
