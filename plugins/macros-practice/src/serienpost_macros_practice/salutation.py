"""The Briefanrede, German and English.

Whose form of address is not recorded is greeted by first and last name; it is never guessed (OLG
Frankfurt, 21 June 2022, 9 U 92/20). For a minor the representative is greeted, or the parents.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from serienpost_macros_practice.address_forms import (
    ADDRESS_LINES,
    COUPLES,
    NOBODY,
    ONE_PERSON,
    read_address_form,
)
from serienpost_macros_practice.language import language_of
from serienpost_macros_practice.names import NAME_FIELDS, form_of, name_of, unknown_forms

if TYPE_CHECKING:
    from collections.abc import Mapping

    from serienpost import FieldValue
from serienpost_macros_practice.names import Name

REPRESENTATIVE = "vertreter_"
SALUTATION_FIELDS = (
    NAME_FIELDS | {f"{REPRESENTATIVE}{name}" for name in NAME_FIELDS} | {"minderjaehrig"}
)


@dataclass(frozen=True, slots=True)
class Wording:
    """How one language addresses people. Each text ends as the salutation line ends."""

    address: Mapping[str, str]
    greeting: Mapping[str, str]
    professor: Mapping[str, str]
    doctor: str
    neutral: str
    nobody: str
    parents_of: str
    parents: str


_WORDINGS = {
    "de": Wording(
        address={
            **ADDRESS_LINES,
            "m": "Herr",
            "couple_w": "Frau und Herr",
            "couple_m": "Herr und Frau",
        },
        greeting={
            "w": "Sehr geehrte Frau {name},",
            "m": "Sehr geehrter Herr {name},",
            "couple": "Sehr geehrte Frau {name}, sehr geehrter Herr {name},",
            "family": "Sehr geehrte Familie {name},",
            "spouses": "Sehr geehrte Eheleute {name},",
            "pair": "Sehr geehrtes Ehepaar {name},",
        },
        professor={"w": "Professorin", "m": "Professor", "": "Prof."},
        doctor="Dr.",
        neutral="Guten Tag {name},",
        nobody="Sehr geehrte Damen und Herren,",
        parents_of="Sehr geehrte Eltern von {name},",
        parents="Sehr geehrte Eltern,",
    ),
    "en": Wording(
        address={
            "w": "Ms",
            "m": "Mr",
            "couple_w": "Ms and Mr",
            "couple_m": "Mr and Ms",
            "family": "Family",
            "spouses": "Mr and Mrs",
            "pair": "Mr and Mrs",
            "company": "Messrs",
        },
        greeting={
            "w": "Dear Ms {name},",
            "m": "Dear Mr {name},",
            "title": "Dear {name},",
            "couple": "Dear Ms {name}, dear Mr {name},",
            "family": "Dear {name} family,",
            "spouses": "Dear {name} family,",
            "pair": "Dear {name} family,",
        },
        professor={"w": "Professor", "m": "Professor", "": "Professor"},
        doctor="Dr",
        neutral="Dear {name},",
        nobody="Dear Sir or Madam,",
        parents_of="Dear parents of {name},",
        parents="Dear parents,",
    ),
}


def form_of_address(fields: Mapping[str, FieldValue], language: str) -> str:
    """`Frau`, `Herr`, `Familie` and the like, or nothing where nothing is recorded."""
    return _wording(language).address.get(form_of(fields), "")


def unknown_in_addressee(fields: Mapping[str, FieldValue]) -> list[str]:
    """Which form of address or gender of whoever is written to is not understood."""
    if not fields.get("minderjaehrig"):
        return unknown_forms(fields)
    return unknown_forms(fields, REPRESENTATIVE)


def salutation(fields: Mapping[str, FieldValue], language: str) -> str:
    """The first line of a letter, with its comma."""
    wording = _wording(language)
    person = name_of(fields)
    if not fields.get("minderjaehrig"):
        return _greeting(person, wording)
    representative = name_of(fields, REPRESENTATIVE)
    if representative.surname:
        return _greeting(representative, wording)
    return wording.parents_of.format(name=person.first) if person.first else wording.parents


def _wording(language: str) -> Wording:
    return _WORDINGS[language_of(language)]


def _greeting(name: Name, wording: Wording) -> str:
    if name.form in NOBODY:
        return wording.nobody
    title = _spoken_title(name, wording)
    if name.form not in ONE_PERSON:
        return _greeting_of_several(name, title, wording)
    if name.form and name.surname:
        spoken = " ".join(filter(None, (title, name.surname)))
        pattern = wording.greeting[name.form]
        if title and "title" in wording.greeting:
            pattern = wording.greeting["title"]
        return pattern.format(name=spoken)
    return _by_name(name, title, wording)


def _greeting_of_several(name: Name, title: str, wording: Wording) -> str:
    """By their name; whose of them a title is, is not recorded, so both are greeted in full."""
    if title or not name.surname:
        return _by_name(name, title, wording)
    form = "couple" if name.form in COUPLES else name.form
    typed = name.surname.split(" ", 1)
    if len(typed) > 1 and read_address_form(typed[0]).form == name.form:
        return wording.greeting[form].format(name=typed[1])
    return wording.greeting[form].format(name=name.surname)


def _by_name(name: Name, title: str, wording: Wording) -> str:
    if not name.first:
        return wording.nobody
    spoken = " ".join(filter(None, (title if name.surname else "", name.first, name.surname)))
    return wording.neutral.format(name=spoken)


def _spoken_title(name: Name, wording: Wording) -> str:
    if name.titles.is_professor:
        return wording.professor[name.form if name.form in ONE_PERSON else ""]
    return wording.doctor if name.titles.is_doctor else ""
