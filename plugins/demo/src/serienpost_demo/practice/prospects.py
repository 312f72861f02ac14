"""Makes Interessenten: people who asked but are not patients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost_demo.practice import contact, records
from serienpost_demo.practice.cases import prospect_cases
from serienpost_demo.practice.patients import mix_contact, person_fields

if TYPE_CHECKING:
    from collections.abc import Iterator

    from serienpost_demo.practice.drawing import Draw, Record

# Keeps e-mail addresses and mobile numbers apart from those of the patients.
_FIRST_NUMBER = 5_000_000


def prospects(draw: Draw, count: int) -> Iterator[Record]:
    """Yield Interessenten in the order of their ids, from 1 on."""
    hard = {case.id: case.changes for case in prospect_cases()}
    for number in range(1, count + 1):
        record: Record = {
            "id": number,
            **person_fields(draw, _FIRST_NUMBER + number),
            "anliegen": draw.one(records.CONCERNS),
            "quelle": draw.one(records.ORIGINS),
            "status": draw.one(records.PROSPECT_STATES),
            "gesperrt": 0,
        }
        record["email"] = contact.email(str(record["vorname"]), str(record["nachname"]), number)
        if number in hard:
            record |= hard[number]
        else:
            mix_contact(draw, record)
            record["gesperrt"] = int(draw.chance(0.02))
        yield record
