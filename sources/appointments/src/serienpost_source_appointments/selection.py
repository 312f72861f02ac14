"""What `select:` may say about appointments."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from serienpost import StrictModel, Texts
from serienpost_practice_db.people import Text  # noqa: TC001  # the model needs it
from serienpost_source_appointments.days import first_and_last, is_relative

_ = Texts(__name__)

_ANY_DAY = date(2024, 1, 1)


def _days(value: str) -> str:
    written = "..".join(part.strip() for part in value.split("..", 1))
    if is_relative(written) and any(part[:1].isdigit() for part in written.split("..")):
        raise ValueError(_("a range is of two dates, or of two days counted from the due date"))
    first_and_last(written, _ANY_DAY)
    return written


class AppointmentSelection(StrictModel):
    """Which appointments; one is selected that meets every condition.

    Free, blocked and cancelled ones are never selected.
    """

    day: Annotated[str, AfterValidator(_days)] = Field(
        description=_(
            "The day, counted from the due date: today, tomorrow, next workday (Monday to "
            "Friday; public holidays are not known), +3, a date, or a range of these."
        ),
        examples=["tomorrow", "next workday", "+3", "2026-12-01", "+1..+7"],
    )
    status: list[Literal["geplant", "bestaetigt", "erschienen", "nicht_erschienen"]] = Field(
        default=["geplant", "bestaetigt"],
        min_length=1,
        description=_("Any of these states of the appointment."),
        examples=[["geplant"]],
    )
    practitioner: Text | int | None = Field(
        default=None,
        description=_(
            "Whom the appointment is with: the last name, first and last name, or the key "
            "in the practice's database."
        ),
        examples=["Sonnenschein", 3],
    )
    type: list[Text] | None = Field(
        default=None,
        min_length=1,
        description=_("Any of these types of appointment; case and umlauts do not matter."),
        examples=[["Kontrolle", "Vorsorge"]],
    )
    room: list[Text] | None = Field(
        default=None,
        min_length=1,
        description=_("Any of these rooms."),
        examples=[["Zimmer 1"]],
    )
    person: list[Literal["patient", "interessent"]] = Field(
        default=["patient", "interessent"],
        min_length=1,
        description=_("Whose appointments: those of patients, of Interessenten, or both."),
        examples=[["patient"]],
    )
