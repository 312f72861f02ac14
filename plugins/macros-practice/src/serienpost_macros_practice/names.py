"""A person's name: noble names and prepositions, written as they belong together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from serienpost_macros_practice import titles

if TYPE_CHECKING:
    from collections.abc import Mapping

    from serienpost import FieldValue
    from serienpost_macros_practice.titles import Titles

NAME_FIELDS = frozenset(
    {"anrede", "titel", "vorsatzwort", "vorname", "nachname", "namenszusatz", "geschlecht"}
)

_NOBLE_NAMES = """baron baronin baronesse burggraf burggräfin edle edler erbgraf erbprinz freifrau
    freifräulein freiherr freiin fürst fürstin graf gräfin herzog herzogin komtess komtesse landgraf
    landgräfin markgraf markgräfin pfalzgraf pfalzgräfin prinz prinzessin reichsfreiherr reichsgraf
    reichsgräfin reichsritter ritter vicomte vicomtesse"""
# Former titles; part of the surname since 1919 (Art. 109 (3) of the Weimar constitution).
_NOBLE = frozenset(_NOBLE_NAMES.split())

_PREPOSITION_WORDS = """af al am an auf aus d' da dal dalla dall' das de degli dei del dela dell'
    della dello dem den der des di die do dos du el in la las le les lo los op 's 't te ten ter thor
    tho to und van vom von y zu zum zur"""
_PREPOSITIONS = frozenset(_PREPOSITION_WORDS.split())

# Additions that follow a name without a comma.
_GENERATIONS = frozenset({"jun.", "jr.", "junior", "sen.", "sr.", "senior", "i.", "ii.", "iii."})


@dataclass(frozen=True, slots=True)
class Name:
    """The parts of a name, cleaned.

    `surname` is whole, with noble name and preposition: `Freiherr von und zu Stein`. `form` is
    `w` or `m` where the practice recorded it, else empty: it is never guessed from a name.
    """

    titles: Titles
    first: str
    surname: str
    form: str


def name_of(fields: Mapping[str, FieldValue], prefix: str = "") -> Name:
    """The name in the fields, that of the representative with the prefix `vertreter_`."""
    return Name(
        titles.parse(text_of(fields, f"{prefix}titel")),
        text_of(fields, f"{prefix}vorname"),
        surname_of(fields, prefix),
        form_of(fields, prefix),
    )


def full_name_of(fields: Mapping[str, FieldValue], prefix: str = "") -> str:
    """As in an address: titles, first name, surname, degrees and other additions."""
    title = titles.parse(text_of(fields, f"{prefix}titel"))
    addition = text_of(fields, f"{prefix}namenszusatz")
    if _is_noble(addition):
        addition = ""
    generation = addition if addition.lower() in _GENERATIONS else ""
    parts = (
        title.before,
        text_of(fields, f"{prefix}vorname"),
        surname_of(fields, prefix),
        generation,
    )
    name = " ".join(filter(None, parts))
    return ", ".join(filter(None, (name, title.after, "" if generation else addition)))


def text_of(fields: Mapping[str, FieldValue], field: str) -> str:
    """The field as one line without outer white space; empty where there is none."""
    return " ".join(str(fields.get(field) or "").split())


def surname_of(fields: Mapping[str, FieldValue], prefix: str = "") -> str:
    """Noble name, preposition and last name as they are spoken."""
    last = text_of(fields, f"{prefix}nachname")
    if not last:
        return ""
    addition = text_of(fields, f"{prefix}namenszusatz")
    preposition = text_of(fields, f"{prefix}vorsatzwort")
    noble = addition if _is_noble(addition) else ""
    if noble.lower().endswith(f" {preposition.lower()}"):
        preposition = ""
    words = [
        word.lower() if word.lower() in _PREPOSITIONS else word
        for word in f"{noble} {preposition}".split()
    ]
    elided = bool(words) and words[-1].endswith("'")
    return " ".join(words) + ("" if elided or not words else " ") + last


def _is_noble(addition: str) -> bool:
    words = addition.lower().split()
    return any(word in _NOBLE for word in words) and all(
        word in _NOBLE or word in _PREPOSITIONS for word in words
    )


_BY_GENDER = {"w": "w", "m": "m", "d": "", "x": ""}
_BY_FORM_OF_ADDRESS = {"frau": "w", "herr": "m", "herrn": "m"}


def form_of(fields: Mapping[str, FieldValue], prefix: str = "") -> str:
    """`w` or `m` as recorded in gender or form of address; empty where neither or both are."""
    gender = text_of(fields, f"{prefix}geschlecht").lower()
    recorded = _BY_FORM_OF_ADDRESS.get(text_of(fields, f"{prefix}anrede").lower(), "")
    if gender not in _BY_GENDER:
        return recorded
    form = _BY_GENDER[gender]
    return "" if recorded and recorded != form else form
