"""The language of a text, and how dates are written in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from serienpost import MacroSetting

_LOCALES = {"de": "de_DE", "en": "en_GB"}

# What a macro says that differs between them.
LANGUAGES = frozenset(_LOCALES)


def language_of(tag: str) -> str:
    """`en` for `en`, `en-GB`, `EN_us`; German for every other language."""
    primary = tag.lower().replace("_", "-").partition("-")[0]
    return primary if primary in _LOCALES else "de"


def locale_of(setting: MacroSetting) -> str:
    """The locale for Babel."""
    return _LOCALES[language_of(setting.language)]
