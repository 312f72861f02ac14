"""Addresses within what people typed into a field: several, with names, remarks and brackets.

A field may hold more than the one address that a message could be sent to, and all that it holds
belong to the person. Reading too much here denies too much at worst.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from serienpost import Address
from serienpost_practice_db.folding import figures

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from serienpost import FieldValue, Kind

# Fields that may hold an address of a kind of contact beside those that it is read from.
_BESIDE = {"sms": frozenset({"telefon"})}

_BESIDE_AT = re.compile(r'["\s]*@["\s]*')
_MAILBOX = re.compile(r"[^\s@<>()\[\]{},;:|\\\"]+@[\w.。-]+")
_BEFORE_MAILBOX = re.compile(r"[/'=]")
_GERMAN = "+49"


def fields_with(kind: Kind, known: Iterable[str]) -> list[str]:
    """Those of the known fields in which addresses of this kind of contact stand."""
    wanted = kind.fields | _BESIDE.get(kind.name, frozenset())
    return sorted(wanted.intersection(known))


class WrittenAddresses:
    """Finds addresses in the fields of people.

    Args:
        kind: the kind of contact.
        addresses: those looked for, as the kind normalises them.
    """

    def __init__(self, kind: Kind, addresses: Iterable[str]) -> None:
        self._kind = kind
        self._wanted = {address.casefold() for address in addresses}
        self._numbers = (
            {_national(address): address for address in self._wanted} if kind.name == "sms" else {}
        )
        self._lengths = {len(number) for number in self._numbers}

    def within(self, fields: Mapping[str, FieldValue]) -> set[str]:
        """Which of the addresses stand in these fields, in lower case."""
        found = set(self._read(fields))
        if self._kind.name == "email":
            for written in _texts(fields):
                found.update(*(self._read({"email": each}) for each in _mailboxes(written)))
        for number in map(figures, _texts(fields)) if self._numbers else ():
            found.update(self._numbers_within(number))
        return found & self._wanted

    def _read(self, fields: Mapping[str, FieldValue]) -> Sequence[str]:
        address = self._kind.address(fields)
        return [address.value.casefold()] if isinstance(address, Address) else []

    def _numbers_within(self, digits: str) -> Iterator[str]:
        for length in self._lengths:
            for start in range(len(digits) - length + 1):
                if address := self._numbers.get(digits[start : start + length]):
                    yield address


def _texts(fields: Mapping[str, FieldValue]) -> Iterator[str]:
    """The fields as plainly written as can be: wide and small letters as others, nothing unseen."""
    for value in fields.values():
        if value is not None:
            text = unicodedata.normalize("NFKC", str(value))
            yield "".join(sign for sign in text if unicodedata.category(sign) != "Cf")


def _mailboxes(text: str) -> Iterator[str]:
    for found in _MAILBOX.findall(_BESIDE_AT.sub("@", text)):
        bare = found.strip(".'")
        yield bare
        yield _BEFORE_MAILBOX.split(bare)[-1]


def _national(number: str) -> str:
    """The digits that every way to write a number has in common: of a German one without the
    country's code."""
    return figures(number.removeprefix(_GERMAN))
