"""Whose an address is, in the master data: one statement for many addresses.

Addresses stand there as people typed them. The statement finds all that could hold one of those
asked for, by what no spelling changes; `written_addresses.py` then reads each of these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import (  # noqa: TID253  # imported when reading
    String,
    and_,
    case,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    true,
)

from serienpost_practice_db.birthdays import minors_born_since
from serienpost_practice_db.folding import figures
from serienpost_practice_db.functions import Beyond, Figures
from serienpost_practice_db.household import fields_for_age
from serienpost_practice_db.mapping import BIRTH_DATE, REPRESENTATIVE_ID
from serienpost_practice_db.views import KEY, view

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from sqlalchemy import Select
    from sqlalchemy.sql.elements import ColumnElement

    from serienpost_practice_db.conditions import Columns
    from serienpost_practice_db.mapping import EntityMapping

# Digits at the end of a number that every way to write it has in common.
_LAST_DIGITS = 7
_NUMBER = "0-9 +()/.-"
# Digits of the longest number (E.164); a text with more of them holds several.
_MOST_DIGITS = 15
# Digits that an extension may add to a number.
_EXTENSION = 2
# What alone does not tell whether a text is one address or more than that.
_MAILBOX = "A-Za-z0-9@._+-"


def possible_owners(
    entity: EntityMapping,
    kind: str,
    fields: Sequence[str],
    addresses: Sequence[str],
    judged_on: date,
) -> Select[Any]:
    """Who of one kind of person may have one of these addresses: the person's key, the key of a
    minor's representative, and the fields of the address.

    Args:
        entity: the kind of person.
        kind: name of the kind of contact.
        fields: those of its address that the schema maps.
        addresses: as the kind normalises them.
        judged_on: decides who is a minor.
    """
    people = view(entity, {*fields, *fields_for_age(entity)})
    representative: ColumnElement[Any] = null()
    if entity.has_minors:
        is_minor = people.c[BIRTH_DATE] >= minors_born_since(judged_on)
        representative = case((is_minor, people.c[REPRESENTATIVE_ID]), else_=null())
    values = [people.c[field] for field in fields]
    statement = select(people.c[KEY], representative.label("representative"), *values)
    given = or_(*(value.is_not(None) for value in values))
    return statement.where(given, _may_be(kind, people.c, addresses))


def _may_be(kind: str, columns: Columns, addresses: Sequence[str]) -> ColumnElement[bool]:
    """Of a kind that a plugin brings nothing is known: everybody may have the address."""
    if kind == "email":
        return _same_mailbox(columns["email"], addresses)
    if kind == "sms":
        numbers = [columns[name] for name in ("mobil", "telefon") if name in columns]
        return or_(*(_same_ending(number, addresses) for number in numbers))
    if kind == "letter":
        return _same_numbers(columns, addresses)
    return true()


def _same_mailbox(column: ColumnElement[Any], addresses: Sequence[str]) -> ColumnElement[bool]:
    """All that holds more than an address of letters and digits may be it too: names, several
    addresses, a domain with umlauts, blanks of all kinds."""
    written = func.lower(func.replace(cast(column, String), " ", ""))
    plain = sorted({address.lower() for address in addresses})
    return or_(written.in_(plain), written.like("%."), Beyond(column, _MAILBOX))


def _same_ending(column: ColumnElement[Any], addresses: Sequence[str]) -> ColumnElement[bool]:
    """What holds more than a number may be it too: the digits of a label follow it, or another
    number does."""
    digits = Figures(column)
    known = sorted({figures(address)[-_LAST_DIGITS:] for address in addresses})
    endings = [
        func.substr(digits, func.length(digits) - (_LAST_DIGITS - 1) - more, _LAST_DIGITS)
        for more in range(_EXTENSION + 1)
    ]
    is_one_of = or_(*(ending.in_(known) for ending in endings))
    return or_(is_one_of, func.length(digits) > _MOST_DIGITS, Beyond(column, _NUMBER))


def _same_numbers(columns: Columns, addresses: Sequence[str]) -> ColumnElement[bool]:
    """By postcode and house number; a place without a street has a Postfach."""
    lines = {figures(line) for address in addresses for line in address.split("\n")}
    numbers = sorted({*lines, ""})
    return and_(
        _figures_of(columns, "strasse").in_(numbers),
        _figures_of(columns, "plz", "ort").in_(numbers),
    )


def _figures_of(columns: Columns, *names: str) -> ColumnElement[str]:
    text: ColumnElement[Any] = literal("", String)
    for name in names:
        if name in columns:
            text = text + func.coalesce(cast(columns[name], String), "")
    return Figures(text)
