"""Makes patients: first the hard cases, then a mix as a practice has it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from serienpost_demo.practice import contact, people, places
from serienpost_demo.practice.cases import patient_cases

if TYPE_CHECKING:
    from collections.abc import Iterator

    from serienpost_demo.practice.drawing import Draw, Record

_FLAGS = ("ja",) * 13 + ("nein",) * 3 + (None,) * 4
_BROKEN_EMAILS = ("{0}@", "{0}", "{0}@example..org", "{0} @example.org", "{0}@@example.org")
_ODD_NAMES = ("O'Brien", "D'Angelo", "{{Nachname}}", "<b>Muster</b>", "=?utf-8?q?Muster?=")
_ADULT, _CHILD = 18 * 366, 17 * 365


def patients(draw: Draw, count: int, today: date) -> Iterator[Record]:
    """Yield patients in the order of their ids, from 1 on."""
    hard = {case.id: case.changes for case in patient_cases(today)}
    parent: Record | None = None
    for number in range(1, count + 1):
        record = plain_patient(draw, number, today)
        if number in hard:
            record |= hard[number]
            if "email" not in hard[number]:
                first, last = (str(record[name] or "") for name in ("vorname", "nachname"))
                record["email"] = contact.email(first, last, number)
        elif parent is not None and draw.chance(0.12):
            _make_child(draw, record, parent, today)
        else:
            _mix(draw, record, parent)
            parent = record
        yield record


def plain_patient(draw: Draw, number: int, today: date) -> Record:
    """An adult who can be reached by every kind of message and agrees to all of them."""
    person = person_fields(draw, number)
    days = today.toordinal()
    return {
        "id": number,
        "nummer": f"P{number:07d}",
        **person,
        "vorsatzwort": None,
        "namenszusatz": None,
        "geburtsdatum": date.fromordinal(days - _ADULT - draw.below(70 * 365)).isoformat(),
        "beruf": draw.one(people.OCCUPATIONS),
        "versicherungsnummer": f"{chr(65 + draw.below(26))}{draw.below(10**9):09d}",
        "krankenkasse": draw.one(people.INSURERS),
        "adresszusatz": None,
        "postfach": None,
        "sprache": "de",
        "behandler_id": 1 + draw.below(5),
        "letzter_besuch": date.fromordinal(days - 1 - draw.below(1200)).isoformat(),
        "vertreter_id": None,
        "verstorben": 0,
        "gesperrt": 0,
    }


def person_fields(draw: Draw, number: int) -> Record:
    """What patients and Interessenten have in common, complete and valid."""
    is_woman = draw.chance(0.54)
    first = draw.one(people.WOMEN if is_woman else people.MEN)
    last = draw.one(people.SURNAMES)
    in_dresden = draw.chance(0.6)
    code, town = (
        (draw.one(places.DRESDEN_CODES), "Dresden") if in_dresden else draw.one(places.TOWNS)
    )
    return {
        "anrede": "Frau" if is_woman else "Herr",
        "titel": None,
        "vorname": first,
        "nachname": last,
        "geschlecht": "w" if is_woman else "m",
        "strasse": f"{draw.one(places.STREETS)} {1 + draw.below(120)}",
        "plz": code,
        "ort": town,
        "land": "Deutschland",
        "telefon": contact.landline(number),
        "mobil": contact.mobile(number),
        "email": contact.email(first, last, number),
        "kontakt_email": "ja",
        "kontakt_sms": "ja",
        "kontakt_brief": "ja",
    }


def mix_contact(draw: Draw, record: Record) -> None:
    """Give a complete person the gaps and mistakes that data has after ten years of typing."""
    for flag in ("kontakt_email", "kontakt_sms", "kontakt_brief"):
        record[flag] = draw.one(_FLAGS)
    _mix_addresses(draw, record)
    if draw.chance(0.06):
        record["titel"] = draw.one(people.TITLES)
    if draw.chance(0.015):
        record |= {"geschlecht": draw.one(("d", "x", None)), "anrede": None}
        record["vorname"] = draw.one(people.NEUTRAL)
    if draw.chance(0.002):
        record["nachname"] = draw.one(_ODD_NAMES)


def _mix_addresses(draw: Draw, record: Record) -> None:
    if draw.chance(0.25):
        record["email"] = None
    elif draw.chance(0.02):
        name = contact.ascii_name(str(record["vorname"]))
        record["email"] = draw.one(_BROKEN_EMAILS).format(name)
    if draw.chance(0.15):
        record["mobil"] = None
    elif draw.chance(0.04):
        record["mobil"] = record["telefon"]
    if draw.chance(0.015):
        record["plz"], record["ort"], record["land"] = draw.one(places.ABROAD)
    elif draw.chance(0.03):
        record["strasse"] = None


def _mix(draw: Draw, record: Record, family: Record | None) -> None:
    mix_contact(draw, record)
    record["sprache"] = draw.one(people.LANGUAGES)
    if family is not None and draw.chance(0.08):
        _join_family(record, family)
    if draw.chance(0.015):
        _make_noble(draw, record)
    if draw.chance(0.04):
        record["adresszusatz"] = draw.one(places.ADDITIONS)
    if record["strasse"] is None and draw.chance(0.5):
        record["postfach"] = f"{1000 + draw.below(9000)}"
    record["verstorben"] = int(draw.chance(0.02))
    record["gesperrt"] = int(draw.chance(0.01))


def _make_noble(draw: Draw, record: Record) -> None:
    record["vorsatzwort"] = draw.one(people.NOBLE_PREFIXES)
    titles = people.NOBLE_TITLES.get(str(record["geschlecht"]))
    if titles and draw.chance(0.4):
        record["namenszusatz"] = draw.one(titles)


def _join_family(record: Record, family: Record) -> None:
    for column in ("nachname", "strasse", "plz", "ort", "land", "telefon", "email"):
        record[column] = family[column]


def _make_child(draw: Draw, record: Record, parent: Record, today: date) -> None:
    _join_family(record, parent)
    born = date.fromordinal(today.toordinal() - 1 - draw.below(_CHILD))
    record |= {
        "geburtsdatum": born.isoformat(),
        "beruf": "Schülerin" if record["geschlecht"] == "w" else "Schüler",
        "vertreter_id": None if draw.chance(0.1) else parent["id"],
        "anrede": None,
        "mobil": None,
    }
    for flag in ("kontakt_email", "kontakt_sms", "kontakt_brief"):
        record[flag] = draw.one(_FLAGS)
