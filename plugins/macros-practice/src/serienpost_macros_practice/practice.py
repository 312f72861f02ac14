"""Macros about the practice, the mailing's signature and the day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost_macros_practice.macro import PracticeMacro

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from serienpost import FieldValue, MacroSetting

_LOCALES = {"de": "de_DE", "en": "en_GB"}


def _of_practice(
    attribute: str,
) -> Callable[[Mapping[str, FieldValue], MacroSetting], FieldValue]:
    def compute(_fields: Mapping[str, FieldValue], setting: MacroSetting) -> FieldValue:
        value: str | None = getattr(setting.practice, attribute)
        return value

    return compute


def _signature(_fields: Mapping[str, FieldValue], setting: MacroSetting) -> str | None:
    signature = setting.signature
    if signature is None:
        return None
    return "\n".join(filter(None, (signature.closing, signature.name, signature.text)))


def _due_date(
    style: str,
) -> Callable[[Mapping[str, FieldValue], MacroSetting], FieldValue]:
    def compute(_fields: Mapping[str, FieldValue], setting: MacroSetting) -> FieldValue:
        from babel.dates import format_date

        language = setting.language.replace("_", "-").partition("-")[0].lower()
        return format_date(setting.due, style, _LOCALES.get(language, "de_DE"))

    return compute


PRACTICE_MACROS = (
    PracticeMacro(
        "Praxis", "Der Name der Praxis.", "Praxis Dr. Sonnenschein", _of_practice("name")
    ),
    PracticeMacro(
        "Praxis_Strasse",
        "Straße und Hausnummer der Praxis.",
        "Lindenallee 5",
        _of_practice("street"),
    ),
    PracticeMacro(
        "Praxis_PLZ", "Die Postleitzahl der Praxis.", "01067", _of_practice("postal_code")
    ),
    PracticeMacro("Praxis_Ort", "Der Ort der Praxis.", "Dresden", _of_practice("city")),
    PracticeMacro(
        "Praxis_Telefon", "Die Telefonnummer der Praxis.", "0351 1234567", _of_practice("phone")
    ),
    PracticeMacro(
        "Praxis_Email",
        "Die E-Mail-Adresse der Praxis.",
        "praxis@example.org",
        _of_practice("email"),
    ),
    PracticeMacro(
        "Praxis_Web",
        "Die Internetadresse der Praxis.",
        "https://example.org",
        _of_practice("web"),
    ),
    PracticeMacro(
        "Signatur",
        "Grußformel, Name und Zusatz der Signatur, jeweils in einer eigenen Zeile.",
        "Mit freundlichen Grüßen\nDr. med. Sonja Sonnenschein\nFachärztin für Allgemeinmedizin",
        _signature,
    ),
    PracticeMacro(
        "Heute",
        "Das Datum des Versands in Ziffern.",
        "23.11.2026",
        _due_date("medium"),
        is_dated=True,
    ),
    PracticeMacro(
        "Datum_lang",
        "Das Datum des Versands mit ausgeschriebenem Monat.",
        "23. November 2026",
        _due_date("long"),
        is_dated=True,
    ),
)
