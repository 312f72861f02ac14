"""What `select:` may say about people of any kind; sources add what only theirs have."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field

from serienpost import StrictModel, Texts, has_control

if TYPE_CHECKING:
    from collections.abc import Iterator

    from serienpost_practice_db.conditions import Condition
    from serienpost_practice_db.database import PracticeDb

_ = Texts(__name__)

_CODES = re.compile(r"(\d+)\s*-\s*(\d+)")
_NUMBERS = ("telefon", "mobil")
_TEXTS = ("vorname", "nachname", "vorsatzwort", "namenszusatz", "nummer", "email", "ort")


def _text(value: str) -> str:
    if not value.strip():
        raise ValueError(_("is empty; leave the key out to select everybody"))
    if has_control(value.strip()):
        raise ValueError(_("holds a control character; type the words again"))
    return value.strip()


def _postal_code(value: str) -> str:
    codes = _CODES.fullmatch(value)
    if codes and (len(codes[1]) != len(codes[2]) or codes[1] > codes[2]):
        raise ValueError(_("the first code of a range is the smaller one and as long as the last"))
    return value


def _iso_day(value: str) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise ValueError(_("is no date; write year-month-day, such as 2026-01-31")) from None


Text = Annotated[str, Field(max_length=200), AfterValidator(_text)]
Day = Annotated[str, AfterValidator(_iso_day)]


class PersonSelection(StrictModel):
    """Filters by the data that every kind of person has; all that are given must be met."""

    search: Text | None = Field(
        default=None,
        description=_(
            "Words as typed into the search. Each must stand in name, number, telephone, mobile,"
            " e-mail or city; case, umlauts and accents do not matter."
        ),
        examples=["mueller dresden", "0351 1234"],
    )
    last_name: Text | None = Field(
        default=None,
        description=_("Beginning of the last name; case, umlauts and accents do not matter."),
        examples=["Müller"],
    )
    first_name: Text | None = Field(
        default=None,
        description=_("Beginning of the first name; case, umlauts and accents do not matter."),
        examples=["Anna"],
    )
    postal_code: Annotated[Text, AfterValidator(_postal_code)] | None = Field(
        default=None,
        description=_("One postal code, or the first and the last of a range."),
        examples=["01067", "01000-01999"],
    )
    city: Text | None = Field(
        default=None,
        description=_("Whole name of the city; case, umlauts and accents do not matter."),
        examples=["Dresden"],
    )
    ids: Annotated[list[int | str], Field(min_length=1, max_length=10_000)] | None = Field(
        default=None,
        description=_("Only these people: keys in the practice's database, or person ids."),
        examples=[[17, "patient:23"]],
    )

    def postal_code_range(self) -> tuple[str, str] | None:
        """First and last code, None where one code was given or none."""
        codes = _CODES.fullmatch(self.postal_code or "")
        return (codes[1], codes[2]) if codes else None


def person_conditions(
    selected: PersonSelection, db: PracticeDb, entity_name: str
) -> Iterator[Condition]:
    """What `PersonSelection` asks, as conditions on that kind of person.

    Raises:
        SourceError: the schema does not have that kind of person.
    """
    from serienpost_practice_db import conditions as where

    entity = db.entity(entity_name)
    if selected.search is not None:
        known = entity.fields
        yield where.all_words(
            selected.search,
            [field for field in _TEXTS if field in known],
            [field for field in _NUMBERS if field in known],
        )
    if selected.last_name is not None:
        yield where.starts_with("nachname", selected.last_name)
    if selected.first_name is not None:
        yield where.starts_with("vorname", selected.first_name)
    if selected.city is not None:
        yield where.same_text("ort", selected.city)
    if selected.postal_code is not None:
        codes = selected.postal_code_range()
        yield (
            where.code_between("plz", *codes)
            if codes
            else where.same_text("plz", selected.postal_code)
        )
    if selected.ids is not None:
        keys = (entity.key(str(id_).removeprefix(f"{entity_name}:")) for id_ in selected.ids)
        yield where.keys_among([key for key in keys if key is not None])
