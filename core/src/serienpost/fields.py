"""The catalogue of known fields: the class of each, how much it tells about a person, and its
type."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time
from enum import IntEnum
from typing import Literal, TypeAlias

# A plain value of a field. Strings are text as the practice stores it, never markup.
FieldValue: TypeAlias = str | int | bool | date | time | datetime | None

# What the value of a field is; `written_values.py` knows how each may be written.
FieldType: TypeAlias = Literal["text", "integer", "boolean", "date", "datetime"]

# Where in a message a macro stands.
Part: TypeAlias = Literal["subject", "text", "html"]


class Sensitivity(IntEnum):
    """Classes of data, the strictest last."""

    PLAIN = 0
    IDENTITY = 1
    CONTACT = 2
    APPOINTMENT = 3
    PROTECTED = 4
    MEDICAL = 5

    @classmethod
    def named(cls, name: str) -> Sensitivity:
        """The class with this lower-case name, as written in `schema.yaml`.

        Raises:
            KeyError: there is no such class.
        """
        return cls[name.upper()]

    @property
    def label(self) -> str:
        """The name as written in files and shown to users."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Field:
    """A datum of a person. `kinds` limits contact data to the kinds that are sent there."""

    name: str
    sensitivity: Sensitivity
    kinds: frozenset[str] | None = None
    type: FieldType = "text"


_NAMES = """anrede titel vorsatzwort vorname nachname namenszusatz geschlecht sprache nummer
    minderjaehrig vertreter_anrede vertreter_titel vertreter_vorsatzwort vertreter_vorname
    vertreter_nachname vertreter_namenszusatz vertreter_geschlecht"""
_APPOINTMENT = """termin_beginn termin_dauer termin_raum termin_status terminart
    behandler_titel behandler_vorname behandler_nachname"""
_PROTECTED = """geburtsdatum beruf versicherungsnummer krankenkasse letzter_besuch anliegen quelle
    status"""
_MEDICAL = "anamnese diagnose therapie behandlung"
_POSTAL = "strasse adresszusatz postfach plz ort land"

# Fields that are no text.
_TYPES: dict[str, FieldType] = {
    "minderjaehrig": "boolean",
    "termin_beginn": "datetime",
    "termin_dauer": "integer",
    "geburtsdatum": "date",
    "letzter_besuch": "date",
}

# Fields that the core knows; anything else is `protected` until `schema.yaml` classes it.
CATALOGUE: dict[str, Field] = {
    field.name: replace(field, type=_TYPES.get(field.name, "text"))
    for field in (
        *(Field(name, Sensitivity.IDENTITY) for name in _NAMES.split()),
        *(Field(name, Sensitivity.CONTACT, frozenset({"letter"})) for name in _POSTAL.split()),
        Field("email", Sensitivity.CONTACT, frozenset({"email"})),
        Field("mobil", Sensitivity.CONTACT, frozenset({"sms"})),
        Field("telefon", Sensitivity.CONTACT, frozenset({"sms"})),
        *(Field(name, Sensitivity.APPOINTMENT) for name in _APPOINTMENT.split()),
        *(Field(name, Sensitivity.PROTECTED) for name in _PROTECTED.split()),
        *(Field(name, Sensitivity.MEDICAL) for name in _MEDICAL.split()),
    )
}

# Those of a type that not every text is a value of.
TYPED_FIELDS = frozenset(_TYPES)

# The one appointment field that tells what somebody is treated for.
APPOINTMENT_TYPE = "terminart"


def known_field(name: str, classes: dict[str, Sensitivity] | None = None) -> Field:
    """The field of this name.

    Args:
        name: field name.
        classes: classes that the practice's schema gives to further fields. They add to the
            catalogue and never loosen it.
    """
    known = CATALOGUE.get(name)
    given = (classes or {}).get(name)
    if known is None:
        return Field(name, given if given is not None else Sensitivity.PROTECTED)
    if given is not None and given > known.sensitivity:
        return replace(known, sensitivity=given)
    return known
