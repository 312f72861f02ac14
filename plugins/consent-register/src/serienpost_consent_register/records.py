"""One written consent, read strictly: what is unclear in a record never counts as permission."""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from serienpost import FieldValue

REQUIRED = ("kontaktart", "zweck", "erteilt_am", "widerrufen_am")
OPTIONAL = ("adresse", "wortlaut", "dokument")


class Terms(NamedTuple):
    """What many written consents have in common.

    Args:
        kind: kind of contact, `email`.
        purpose: `marketing`, or one of `standing.ALL_PURPOSES`.
        given: the day of the signature; None where there is no readable day.
        withdrawn: the day of the withdrawal, the last day of all where the entry is no readable
            day; None where nothing is entered.
    """

    kind: str
    purpose: str
    given: date | None
    withdrawn: date | None


class Record(NamedTuple):
    """A written consent.

    Args:
        id: its key in the practice.
        terms: kind, purpose and days.
        address: the address it is bound to, as the practice wrote it, empty for none.
        wording: the text or version that was signed, empty for none.
        document: whether the signed paper is on file.
    """

    id: str
    terms: Terms
    address: str
    wording: str
    document: bool

    @property
    def given(self) -> date | None:
        return self.terms.given

    @property
    def withdrawn(self) -> date | None:
        return self.terms.withdrawn


def record_of(values: Sequence[FieldValue]) -> Record:
    """The record in the values of the practice's database, as `PracticeDb.records` has them."""
    _person, key, kind, purpose, given, withdrawn, address, wording, document = values
    return Record(
        str(key),
        terms_of(kind, purpose, given, withdrawn),
        "" if address is None else _text(address),
        "" if wording is None else _text(wording),
        document is not None and bool(_text(document)),
    )


@lru_cache(maxsize=4096, typed=True)
def terms_of(
    kind: FieldValue, purpose: FieldValue, given: FieldValue, withdrawn: FieldValue
) -> Terms:
    """The terms in the values of a record."""
    return Terms(
        _text(kind).casefold(),
        _text(purpose).casefold(),
        _day(given),
        (_day(withdrawn) or date.max) if _text(withdrawn) else None,
    )


def _text(value: FieldValue) -> str:
    return "" if value is None else str(value).strip()


def _day(value: FieldValue) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(_text(value)[:10])
    except ValueError:
        return None
