"""The Briefanrede, German and English.

Who is neither recorded as `w` nor as `m` is greeted by first and last name; the form is never
guessed (OLG Frankfurt, 21 June 2022, 9 U 92/20). For a minor the representative is greeted, or
the parents.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from serienpost_macros_practice.language import language_of
from serienpost_macros_practice.names import NAME_FIELDS, form_of, name_of

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
        address={"w": "Frau", "m": "Herr"},
        greeting={
            "w": "Sehr geehrte Frau {name},",
            "m": "Sehr geehrter Herr {name},",
        },
        professor={"w": "Professorin", "m": "Professor", "": "Prof."},
        doctor="Dr.",
        neutral="Guten Tag {name},",
        nobody="Sehr geehrte Damen und Herren,",
        parents_of="Sehr geehrte Eltern von {name},",
        parents="Sehr geehrte Eltern,",
    ),
    "en": Wording(
        address={"w": "Ms", "m": "Mr"},
        greeting={"w": "Dear Ms {name},", "m": "Dear Mr {name},", "title": "Dear {name},"},
        professor={"w": "Professor", "m": "Professor", "": "Professor"},
        doctor="Dr",
        neutral="Dear {name},",
        nobody="Dear Sir or Madam,",
        parents_of="Dear parents of {name},",
        parents="Dear parents,",
    ),
}


def form_of_address(fields: Mapping[str, FieldValue], language: str) -> str:
    """`Frau`, `Herr`, or nothing where neither is recorded."""
    return _wording(language).address.get(form_of(fields), "")


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
    title = _spoken_title(name, wording)
    if name.form and name.surname:
        spoken = " ".join(filter(None, (title, name.surname)))
        pattern = wording.greeting[name.form]
        if title and "title" in wording.greeting:
            pattern = wording.greeting["title"]
        return pattern.format(name=spoken)
    if not name.first:
        return wording.nobody
    spoken = " ".join(filter(None, (title if name.surname else "", name.first, name.surname)))
    return wording.neutral.format(name=spoken)


def _spoken_title(name: Name, wording: Wording) -> str:
    if name.titles.is_professor:
        return wording.professor[name.form]
    return wording.doctor if name.titles.is_doctor else ""
