"""A person's name and form of address, as a letter uses them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from serienpost import name_parts, one_line
from serienpost_macros_practice import titles
from serienpost_macros_practice.address_forms import (
    ONE_PERSON,
    read_address_form,
    read_gender,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from serienpost import FieldValue, NameParts
    from serienpost_macros_practice.titles import Titles

NAME_FIELDS = frozenset(
    {"anrede", "titel", "vorsatzwort", "vorname", "nachname", "namenszusatz", "geschlecht"}
)
SURNAME_FIELDS = frozenset({"namenszusatz", "vorsatzwort", "nachname"})

# Additions that follow a name without a comma.
_GENERATIONS = frozenset({"jun.", "jr.", "junior", "sen.", "sr.", "senior", "i.", "ii.", "iii."})

_REPEATED = {
    "w": re.compile(r"frau\s+(?=\S)(.+)", re.IGNORECASE),
    "m": re.compile(r"herrn?\s+(?=\S)(.+)", re.IGNORECASE),
}
_LAST_AND_FIRST = re.compile(r"(?P<last>[^,]+), (?P<first>[A-ZÄÖÜ][^,.\d]*)")


@dataclass(frozen=True, slots=True)
class Name:
    """The parts of a name, cleaned.

    `surname` is whole, with noble name and preposition: `Freiherr von und zu Stein`. `form` is one
    of `address_forms`, as the practice recorded it, else empty: it is never guessed from a name.
    """

    titles: Titles
    first: str
    surname: str
    form: str


def name_of(fields: Mapping[str, FieldValue], prefix: str = "") -> Name:
    """The name in the fields, that of the representative with the prefix `vertreter_`."""
    form = form_of(fields, prefix)
    parts = _parts(fields, prefix, form)
    return Name(titles.parse(parts.title), parts.first, parts.surname, form)


def full_name_of(fields: Mapping[str, FieldValue], prefix: str = "") -> str:
    """As in an address: titles, first name, surname, degrees and other additions."""
    recorded = read_address_form(text_of(fields, f"{prefix}anrede"))
    parts = _parts(fields, prefix, recorded.form)
    title = titles.parse(parts.title)
    generation = parts.addition if parts.addition.lower() in _GENERATIONS else ""
    name = " ".join(filter(None, (title.before, parts.first, parts.surname, generation)))
    return ", ".join(filter(None, (name, title.after, "" if generation else parts.addition)))


def _parts(fields: Mapping[str, FieldValue], prefix: str, form: str) -> NameParts:
    """The name; a title may have been typed behind the form of address alone (`Frau Dr.`), the
    first name of a Frau or a Herr behind the last one (`Klos, Eva`), and the form once more before
    a name (`Frau Klos`)."""
    recorded = read_address_form(text_of(fields, f"{prefix}anrede"))
    if recorded.title and not fields.get(f"{prefix}titel"):
        fields = {**fields, f"{prefix}titel": recorded.title}
    if form not in ("w", "m"):
        return name_parts(fields, prefix)
    for name in ("vorname", "nachname"):
        if repeated := _REPEATED[form].match(text_of(fields, f"{prefix}{name}")):
            fields = {**fields, f"{prefix}{name}": repeated[1]}
    parts = name_parts(fields, prefix)
    if parts.first:
        return parts
    whole = _LAST_AND_FIRST.fullmatch(parts.surname)
    if whole is None:
        return parts
    names = {f"{prefix}nachname": whole["last"], f"{prefix}vorname": whole["first"]}
    return name_parts({**fields, **names}, prefix)


def text_of(fields: Mapping[str, FieldValue], field: str) -> str:
    """The field as one line without outer white space; empty where there is none."""
    return one_line(fields.get(field))


def surname_of(fields: Mapping[str, FieldValue]) -> str:
    """Noble name, preposition and last name, as far as `SURNAME_FIELDS` hold them: behind a first
    name or a title they stay there, so that a text that names both says nothing twice. A title that
    was typed before the last name stays there."""
    parts = name_parts({name: fields.get(name) for name in SURNAME_FIELDS})
    typed = text_of(fields, "nachname").startswith(parts.title) and parts.title
    return f"{typed} {parts.surname}" if typed else parts.surname


def form_of(fields: Mapping[str, FieldValue], prefix: str = "") -> str:
    """How to address, by form of address and gender: a form of `address_forms`.

    Empty where nothing is recorded, where neither Frau nor Herr is meant, and where both fields
    are filled and differ. A family or a company is one whatever gender stands beside it.
    """
    recorded = read_address_form(text_of(fields, f"{prefix}anrede")).form
    gender = read_gender(text_of(fields, f"{prefix}geschlecht"))
    if recorded not in ONE_PERSON or not gender:
        return recorded
    if gender == "d" or recorded not in ("", gender):
        return ""
    return gender


def unknown_forms(fields: Mapping[str, FieldValue], prefix: str = "") -> list[str]:
    """Which of form of address and gender hold a text that nobody can use."""
    form, gender = f"{prefix}anrede", f"{prefix}geschlecht"
    found = [] if read_address_form(text_of(fields, form)).known else [form]
    return found if read_gender(text_of(fields, gender)) is not None else [*found, gender]
