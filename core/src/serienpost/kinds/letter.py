"""Postal addresses: the lines under the name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from serienpost import words
from serienpost.contracts.kinds import Address, Unreachable
from serienpost.kinds.countries import HOME, city_line, country_code, german_name
from serienpost.text import field_text, has_control, visible
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from serienpost.fields import FieldValue

_ = Texts(__name__)

_FIELDS = frozenset({"strasse", "adresszusatz", "postfach", "plz", "ort", "land"})
_LETTER = re.compile(r"[^\W\d_]")
_COUNTRY_PREFIX = re.compile(
    r"\A(?:A|AT|B|BE|CH|CZ|D|DE|DK|E|ES|F|FL|FR|I|IT|L|LI|LU|NL|PL)\s*[-–\s]\s*(?=[0-9]{3})",
    re.IGNORECASE,
)
_POSTCODES = {
    HOME: re.compile(r"(?!00)[0-9]{5}"),
    "AT": re.compile(r"[1-9][0-9]{3}"),
    "CH": re.compile(r"[1-9][0-9]{3}"),
}

_MISSING = Unreachable("missing", _("There is no postal address on record."))
_CONTROL = Unreachable(
    "control_character",
    _("The postal address has control characters or line breaks in a field."),
)
_MISSING_STREET = Unreachable(
    "missing_street", _("The postal address has neither a street nor a PO box.")
)
_MISSING_TOWN = Unreachable("missing_town", _("The postal address has no town."))
_MISSING_POSTCODE = Unreachable("missing_postcode", _("The postal address has no postal code."))
_BAD_POSTCODE = Unreachable("bad_postcode", _("The postal code does not fit the country."))
_UNKNOWN_COUNTRY = Unreachable("unknown_country", _("The country of the address is not known."))


@dataclass(frozen=True, slots=True)
class _Postal:
    """The parts of an address, cleaned; `country` is None where the name is not known."""

    extra: str
    street: str
    box: str
    postcode: str
    town: str
    land: str
    country: str | None

    def lines(self) -> list[str]:
        place = city_line(self.country, self.postcode, self.town)
        if self.country == HOME:
            lines = [self.extra, self.street or self.box, place]
        else:
            land = german_name(self.country) if self.country else self.land
            lines = [self.extra, self.street or self.box, place.upper(), land.upper()]
        return [line for line in lines if line]


class LetterKind:
    """A letter. The value is the address below the name, its lines joined by newlines."""

    name = "letter"
    title = words.kind("letter")
    fields = _FIELDS
    template_suffix = "letter.md"

    def address(self, fields: Mapping[str, FieldValue]) -> Address | Unreachable:
        """The lines of the address, or the first thing that is wrong with it.

        Codes: `missing`, `control_character`, `missing_street`, `missing_town`,
        `missing_postcode`, `bad_postcode`, `unknown_country`.
        """
        texts = [field_text(fields.get(name)) for name in _FIELDS - {"land"}]
        if not any(texts):
            return _MISSING
        if any(map(has_control, [*texts, field_text(fields.get("land"))])):
            return _CONTROL
        postal = _postal(fields)
        return _wrong(postal) or Address("\n".join(postal.lines()))


def address_lines(fields: Mapping[str, FieldValue]) -> list[str]:
    """The address without the name, at most four lines, none empty, in the order of DIN 5008.

    A Postfach stands only where there is no street, because the one postcode on record belongs
    to the street. Abroad the town and the German name of the country are in capitals and the
    postcode has no country letters; inside Germany there is no country. An address that
    `LetterKind` refuses gives the lines that are there.
    """
    return _postal(fields).lines()


def _postal(fields: Mapping[str, FieldValue]) -> _Postal:
    def part(name: str) -> str:
        return " ".join(visible(field_text(fields.get(name))).split())

    box, land = part("postfach"), part("land")
    return _Postal(
        extra=part("adresszusatz"),
        street=part("strasse"),
        box=f"Postfach {box}" if box[:1].isdigit() else box,
        postcode=_COUNTRY_PREFIX.sub("", part("plz"), count=1),
        town=part("ort"),
        land=land,
        country=country_code(land) if land else HOME,
    )


def _wrong(postal: _Postal) -> Unreachable | None:
    if not _LETTER.search(postal.street or postal.box):
        return _MISSING_STREET
    if not _LETTER.search(postal.town):
        return _MISSING_TOWN
    if postal.country is None:
        return _UNKNOWN_COUNTRY
    form = _POSTCODES.get(postal.country)
    if form and not postal.postcode:
        return _MISSING_POSTCODE
    if form and not form.fullmatch(postal.postcode):
        return _BAD_POSTCODE
    return None
