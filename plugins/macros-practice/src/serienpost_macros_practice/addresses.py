"""Macros of the address: each only in messages that go there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost import Sensitivity, Texts, address_lines
from serienpost_macros_practice.address_forms import ADDRESS_LINES, ONE_PERSON
from serienpost_macros_practice.macro import PracticeMacro
from serienpost_macros_practice.names import (
    NAME_FIELDS,
    form_of,
    full_name_of,
    text_of,
    unknown_forms,
)
from serienpost_macros_practice.salutation import (
    REPRESENTATIVE,
    SALUTATION_FIELDS,
    unknown_in_addressee,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from serienpost import FieldValue, MacroSetting

_ = Texts(__name__)

POSTAL_FIELDS = frozenset({"strasse", "adresszusatz", "postfach", "plz", "ort", "land"})
_LETTER = frozenset({"letter"})


def address_block(fields: Mapping[str, FieldValue]) -> str:
    """The lines of an address after DIN 5008, at most six and none empty.

    `Frau`, `Herrn`, `Familie`, `Firma` and the like have a line of their own, and none where
    nothing is recorded or the name begins so itself. A minor's letter goes to the representative,
    without one to the parents.
    """
    return "\n".join([*_addressee(fields), *address_lines(fields)])


def _addressee(fields: Mapping[str, FieldValue]) -> list[str]:
    prefix = ""
    if fields.get("minderjaehrig"):
        if not text_of(fields, f"{REPRESENTATIVE}nachname"):
            child = full_name_of(fields)
            return ["An die Eltern von", child] if child else []
        prefix = REPRESENTATIVE
    name = full_name_of(fields, prefix)
    form = form_of(fields, prefix)
    line = ADDRESS_LINES.get(form, "")
    if not name or not line or (form not in ONE_PERSON and name.startswith(f"{line} ")):
        return [name] if name else []
    return [line, name]


def _block(fields: Mapping[str, FieldValue], _setting: MacroSetting) -> str:
    return address_block(fields)


def _form(fields: Mapping[str, FieldValue], _setting: MacroSetting) -> str:
    return ADDRESS_LINES.get(form_of(fields), "")


def _text(field: str) -> Callable[[Mapping[str, FieldValue], MacroSetting], FieldValue]:
    def compute(fields: Mapping[str, FieldValue], _setting: MacroSetting) -> FieldValue:
        return text_of(fields, field)

    return compute


def _contact(name: str, description: str, example: str, field: str, kind: str) -> PracticeMacro:
    return PracticeMacro(
        name,
        description,
        example,
        _text(field),
        frozenset({field}),
        Sensitivity.CONTACT,
        frozenset({kind}),
    )


ADDRESS_MACROS = (
    PracticeMacro(
        "Anschrift",
        _(
            "The postal address with the name, at most six lines; for minors that of the"
            " representative."
        ),
        "Frau\nDr. med. Eva von Beispiel\nMusterweg 1\n01067 Dresden",
        _block,
        SALUTATION_FIELDS | POSTAL_FIELDS,
        Sensitivity.CONTACT,
        _LETTER,
        unknown_in=unknown_in_addressee,
    ),
    PracticeMacro(
        "AnredeBrief",
        _(
            "Frau, Herrn, Familie, Firma as it stands in a postal address; empty where nothing is"
            " on record."
        ),
        "Herrn",
        _form,
        NAME_FIELDS & {"anrede", "geschlecht"},
        Sensitivity.IDENTITY,
        unknown_in=unknown_forms,
    ),
    _contact("Strasse", _("Street and house number."), "Musterweg 1", "strasse", "letter"),
    _contact("PLZ", _("The postal code."), "01067", "plz", "letter"),
    _contact("Ort", _("The city."), "Dresden", "ort", "letter"),
    _contact("Land", _("The country."), "Österreich", "land", "letter"),
    _contact("Telefon", _("The telephone number."), "0351 1234567", "telefon", "sms"),
    _contact("Mobil", _("The mobile number."), "0152 28817386", "mobil", "sms"),
    _contact("Email", _("The e-mail address."), "eva@example.org", "email", "email"),
)
