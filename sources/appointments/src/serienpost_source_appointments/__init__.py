"""Recipients from the appointment list: one row per appointment.

The source `appointments` reads through `serienpost-practice-db`; `selection` says what can be
asked, `days` what a day is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from serienpost import hookimpl
from serienpost_source_appointments.source import AppointmentsSource

if TYPE_CHECKING:
    from serienpost import Source


@hookimpl
def serienpost_sources() -> list[Source[Any]]:
    """Register `appointments`."""
    return [AppointmentsSource()]
