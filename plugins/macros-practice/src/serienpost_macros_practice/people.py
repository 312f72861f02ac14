"""Macros about the person a message is for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost import Sensitivity, Texts
from serienpost_macros_practice.language import LANGUAGES
from serienpost_macros_practice.macro import PracticeMacro
from serienpost_macros_practice.names import (
    NAME_FIELDS,
    SURNAME_FIELDS,
    full_name_of,
    surname_of,
    text_of,
    unknown_forms,
)
from serienpost_macros_practice.salutation import (
    SALUTATION_FIELDS,
    form_of_address,
    salutation,
    unknown_in_addressee,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from serienpost import FieldValue, MacroSetting

_ = Texts(__name__)


def _briefanrede(fields: Mapping[str, FieldValue], setting: MacroSetting) -> str:
    return salutation(fields, setting.language)


def _anrede(fields: Mapping[str, FieldValue], setting: MacroSetting) -> str:
    return form_of_address(fields, setting.language)


def _titel(fields: Mapping[str, FieldValue], _setting: MacroSetting) -> str:
    return text_of(fields, "titel")


def _vorname(fields: Mapping[str, FieldValue], _setting: MacroSetting) -> str:
    return text_of(fields, "vorname")


def _nachname(fields: Mapping[str, FieldValue], _setting: MacroSetting) -> str:
    return surname_of(fields)


def _child(fields: Mapping[str, FieldValue], _setting: MacroSetting) -> str:
    return text_of(fields, "vorname") if fields.get("minderjaehrig") else ""


def _namenszusatz(fields: Mapping[str, FieldValue], _setting: MacroSetting) -> str:
    return text_of(fields, "namenszusatz")


def _nummer(fields: Mapping[str, FieldValue], _setting: MacroSetting) -> str:
    return text_of(fields, "nummer")


def _voller_name(fields: Mapping[str, FieldValue], _setting: MacroSetting) -> str:
    return full_name_of(fields)


PERSON_MACROS = (
    PracticeMacro(
        "Briefanrede",
        _("The line of salutation with a comma; for minors that of the representative."),
        "Sehr geehrte Frau Dr. Beispiel,",
        _briefanrede,
        SALUTATION_FIELDS,
        Sensitivity.IDENTITY,
        unknown_in=unknown_in_addressee,
        languages=LANGUAGES,
    ),
    PracticeMacro(
        "Anrede",
        _("Frau, Herr, Familie, Eheleute, Firma; empty where none of these is on record."),
        "Frau",
        _anrede,
        frozenset({"anrede", "geschlecht"}),
        Sensitivity.IDENTITY,
        unknown_in=unknown_forms,
        languages=LANGUAGES,
    ),
    PracticeMacro(
        "Titel",
        _("The academic title as it is on record."),
        "Dr. med.",
        _titel,
        frozenset({"titel"}),
        Sensitivity.IDENTITY,
    ),
    PracticeMacro(
        "Vorname",
        _("The first name."),
        "Eva",
        _vorname,
        frozenset({"vorname"}),
        Sensitivity.IDENTITY,
    ),
    PracticeMacro(
        "Nachname",
        _("The last name with title of nobility and prefix."),
        "von Beispiel",
        _nachname,
        SURNAME_FIELDS,
        Sensitivity.IDENTITY,
    ),
    PracticeMacro(
        "VollerName",
        _("Title, first name and last name as they stand in a postal address."),
        "Dr. med. Eva von Beispiel",
        _voller_name,
        NAME_FIELDS - {"geschlecht"},
        Sensitivity.IDENTITY,
    ),
    PracticeMacro(
        "Namenszusatz",
        _("The addition to the name as it is on record."),
        "Freifrau",
        _namenszusatz,
        frozenset({"namenszusatz"}),
        Sensitivity.IDENTITY,
    ),
    PracticeMacro(
        "Kind_Vorname",
        _("The first name of a minor whose representative is written to; else empty."),
        "Lena",
        _child,
        frozenset({"vorname", "minderjaehrig"}),
        Sensitivity.IDENTITY,
    ),
    PracticeMacro(
        "PatientenNr",
        _("The number in the practice."),
        "4711",
        _nummer,
        frozenset({"nummer"}),
        Sensitivity.IDENTITY,
    ),
)
