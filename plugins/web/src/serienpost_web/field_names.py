"""What people call the fields that a practice knows of a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost import Texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from serienpost import Text

_ = Texts(__name__)

_NAMES: Mapping[str, Text] = {
    "anrede": _.pgettext("field", "Form of address"),
    "titel": _.pgettext("field", "Academic title"),
    "vorsatzwort": _.pgettext("field", "Prefix of the name"),
    "vorname": _.pgettext("field", "First name"),
    "nachname": _.pgettext("field", "Last name"),
    "namenszusatz": _.pgettext("field", "Addition to the name"),
    "geschlecht": _.pgettext("field", "Sex"),
    "sprache": _.pgettext("field", "Language of the person"),
    "nummer": _.pgettext("field", "Patient number"),
    "minderjaehrig": _.pgettext("field", "Under age or not"),
    "termin_beginn": _.pgettext("field", "Day and time of the appointment"),
    "termin_dauer": _.pgettext("field", "Length of the appointment"),
    "termin_raum": _.pgettext("field", "Room of the appointment"),
    "termin_status": _.pgettext("field", "State of the appointment"),
    "terminart": _.pgettext("field", "Kind of appointment"),
    "geburtsdatum": _.pgettext("field", "Date of birth"),
    "beruf": _.pgettext("field", "Profession"),
    "versicherungsnummer": _.pgettext("field", "Insurance number"),
    "krankenkasse": _.pgettext("field", "Health insurance"),
    "letzter_besuch": _.pgettext("field", "Last visit"),
    "anliegen": _.pgettext("field", "Concern"),
    "quelle": _.pgettext("field", "How they found the practice"),
    "status": _.pgettext("field", "State"),
    "anamnese": _.pgettext("field", "Anamnesis"),
    "diagnose": _.pgettext("field", "Diagnosis"),
    "therapie": _.pgettext("field", "Therapy"),
    "behandlung": _.pgettext("field", "Treatment"),
    "strasse": _.pgettext("field", "Street"),
    "adresszusatz": _.pgettext("field", "Addition to the address"),
    "postfach": _.pgettext("field", "Post office box"),
    "plz": _.pgettext("field", "Postcode"),
    "ort": _.pgettext("field", "Town"),
    "land": _.pgettext("field", "Country"),
    "email": _.pgettext("field", "Address for e-mail"),
    "mobil": _.pgettext("field", "Mobile number"),
    "telefon": _.pgettext("field", "Telephone number"),
}
# Before the name of a field of somebody else.
_OF_OTHERS: Mapping[str, Text] = {
    "vertreter": _.pgettext("field", "Parent or guardian"),
    "behandler": _.pgettext("field", "Practitioner"),
}


def field_name(name: str) -> str:
    """What a field is called; one of a practice's own goes by its name."""
    if name in _NAMES:
        return str(_NAMES[name])
    whose, _sign, own = name.partition("_")
    if whose in _OF_OTHERS and own in _NAMES:
        return f"{_OF_OTHERS[whose]}: {_NAMES[own]}"
    return name.replace("_", " ").capitalize()
