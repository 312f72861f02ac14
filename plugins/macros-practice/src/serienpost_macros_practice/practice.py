"""Macros about the practice, the mailing's signature and the day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from serienpost import PLACEHOLDER, Texts, parse_sender, unsubscribe_mail
from serienpost_macros_practice.language import LANGUAGES, language_of, locale_of
from serienpost_macros_practice.macro import PracticeMacro

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from serienpost import FieldValue, MacroSetting

_ = Texts(__name__)

_DAYS_TO_ANSWER = 14


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


def _address(_fields: Mapping[str, FieldValue], setting: MacroSetting) -> str:
    practice = setting.practice
    place = f"{practice.postal_code} {practice.city}".strip()
    return "\n".join(filter(None, (practice.name, practice.street, place)))


def _unsubscribe_link(_fields: Mapping[str, FieldValue], setting: MacroSetting) -> str | None:
    """RFC 6068 for the mail; the subject names the message, so that the practice finds it."""
    if setting.practice.unsubscribe_url:
        return f"{setting.practice.unsubscribe_url}{PLACEHOLDER}"
    try:
        address = parse_sender(setting.reply_to or "").address
    except ValueError:
        return None
    return unsubscribe_mail(address, language_of(setting.language))


def _time_limit(_fields: Mapping[str, FieldValue], setting: MacroSetting) -> date:
    return setting.due + timedelta(days=_DAYS_TO_ANSWER)


def _year(_fields: Mapping[str, FieldValue], setting: MacroSetting) -> str:
    return str(setting.due.year)


def _due_date(
    style: str,
) -> Callable[[Mapping[str, FieldValue], MacroSetting], FieldValue]:
    def compute(_fields: Mapping[str, FieldValue], setting: MacroSetting) -> FieldValue:
        from babel.dates import format_date

        return format_date(setting.due, style, locale_of(setting))

    return compute


PRACTICE_MACROS = (
    PracticeMacro(
        "Praxis", _("The name of the practice."), "Praxis Dr. Sonnenschein", _of_practice("name")
    ),
    PracticeMacro(
        "Praxis_Strasse",
        _("Street and house number of the practice."),
        "Lindenallee 5",
        _of_practice("street"),
    ),
    PracticeMacro(
        "Praxis_PLZ", _("The postal code of the practice."), "01067", _of_practice("postal_code")
    ),
    PracticeMacro("Praxis_Ort", _("The city of the practice."), "Dresden", _of_practice("city")),
    PracticeMacro(
        "Praxis_Telefon",
        _("The telephone number of the practice."),
        "0351 1234567",
        _of_practice("phone"),
    ),
    PracticeMacro(
        "Praxis_Email",
        _("The e-mail address of the practice."),
        "praxis@example.org",
        _of_practice("email"),
    ),
    PracticeMacro(
        "Praxis_Web",
        _("The web address of the practice."),
        "https://example.org",
        _of_practice("web"),
    ),
    PracticeMacro(
        "Praxis_Anschrift",
        _("Name and postal address of the practice, each in a line of its own."),
        "Praxis Dr. Sonnenschein\nLindenallee 5\n01067 Dresden",
        _address,
    ),
    PracticeMacro(
        "Abmelde_Link",
        _(
            "Where one writes to get nothing more: `unsubscribe_url` or an e-mail to the address"
            " for answers, each with the reference of the message."
        ),
        f"mailto:praxis@example.org?subject=Abmeldung%20{PLACEHOLDER}",
        _unsubscribe_link,
        kinds=frozenset({"email", "sms"}),
        languages=LANGUAGES,
    ),
    PracticeMacro(
        "Signatur",
        _("Closing, name and addition of the signature, each in a line of its own."),
        "Mit freundlichen Grüßen\nDr. med. Sonja Sonnenschein\nFachärztin für Allgemeinmedizin",
        _signature,
    ),
    PracticeMacro(
        "Heute",
        _("The date of sending in digits."),
        "23.11.2026",
        _due_date("medium"),
        is_dated=True,
        languages=LANGUAGES,
    ),
    PracticeMacro(
        "Datum_lang",
        _("The date of sending with the month as a word."),
        "23. November 2026",
        _due_date("long"),
        is_dated=True,
        languages=LANGUAGES,
    ),
    PracticeMacro("Jahr", _("The year of sending."), "2026", _year, is_dated=True),
    PracticeMacro(
        "Fristdatum",
        _("The date fourteen days after sending."),
        date(2026, 12, 7),
        _time_limit,
        is_dated=True,
    ),
)
