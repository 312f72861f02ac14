"""Briefanrede and the practice's macros.

`people` holds the macros about the person, `addresses` those of the address, `appointment` those
of the appointment, `practice` those about the practice and the day; `salutation` and its tables of
titles and names decide how a person is addressed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost import hookimpl
from serienpost_macros_practice.addresses import ADDRESS_MACROS
from serienpost_macros_practice.appointment import APPOINTMENT_MACROS
from serienpost_macros_practice.people import PERSON_MACROS
from serienpost_macros_practice.practice import PRACTICE_MACROS

if TYPE_CHECKING:
    from serienpost import Macro


@hookimpl
def serienpost_macros() -> list[Macro]:
    """Register all macros of this package."""
    return [*PERSON_MACROS, *ADDRESS_MACROS, *APPOINTMENT_MACROS, *PRACTICE_MACROS]
