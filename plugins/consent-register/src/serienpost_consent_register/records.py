"""One written consent, read strictly: what is unclear in a record never counts as permission."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from serienpost import FieldValue

REQUIRED = ("kontaktart", "zweck", "erteilt_am", "widerrufen_am")
OPTIONAL = ("adresse", "wortlaut", "dokument")

ALL_PURPOSES = frozenset({"alle", "all", "*"})
"""What stands in `zweck` where somebody agreed to every purpose. An empty one agrees to none."""


@dataclass(frozen=True, slots=True)
class Record:
    """A written consent.

    Args:
        id: its key in the practice.
        kind: kind of contact, `email`.
        purpose: `marketing`, or one of `ALL_PURPOSES`.
        given: the day of the signature; None where there is no readable day.
        withdrawn: the day of the withdrawal, the last day of all where the entry is no readable
            day; None where nothing is entered.
        address: the address it is bound to, as the practice wrote it, empty for none.
        wording: the text or version that was signed, empty for none.
        document: whether the signed paper is on file.
    """

    id: str
    kind: str
    purpose: str
    given: date | None
    withdrawn: date | None
    address: str
    wording: str
    document: bool

    @classmethod
    def of(cls, fields: Mapping[str, FieldValue]) -> Record:
        """The record in these fields of the practice's database."""
        withdrawn = _text(fields["widerrufen_am"])
        return cls(
            id=_text(fields["id"]),
            kind=_text(fields["kontaktart"]).casefold(),
            purpose=_text(fields["zweck"]).casefold(),
            given=_day(fields["erteilt_am"]),
            withdrawn=(_day(fields["widerrufen_am"]) or date.max) if withdrawn else None,
            address=_text(fields.get("adresse")),
            wording=_text(fields.get("wortlaut")),
            document=bool(_text(fields.get("dokument"))),
        )

    def is_for(self, purpose: str) -> bool:
        """Whether it was given for this purpose or for all."""
        return self.purpose in ALL_PURPOSES or self.purpose == purpose.casefold()


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
