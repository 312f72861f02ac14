"""The contract of a source, for appointments of patients and Interessenten."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from serienpost_source_appointments.source import AppointmentsSource
from serienpost_testkit.suites import SourceSuite

if TYPE_CHECKING:
    from collections.abc import Callable

    from serienpost import Context, Source


class TestAppointments(SourceSuite):
    @pytest.fixture
    def source(self) -> Source:
        return AppointmentsSource()

    @pytest.fixture
    def selection(self) -> dict[str, object]:
        return {"day": "2099-03-03"}

    @pytest.fixture
    def context(self, context: Context, add: Callable[..., None]) -> Context:
        for number in range(1, 4):
            name = {"vorname": f"Vorkanarie{number}", "nachname": f"Kanarie{number}"}
            add("patient", id=number, email=f"kanarie{number}@example.org", **name)
            add("interessent", id=number, strasse=f"Kanarienweg {number}", **name)
        add("patient", id=7, nachname="Kanarienkind", geburtsdatum="2090-01-01", vertreter_id=1)
        begin = "2099-03-03 0{}:20:00"
        for number in range(1, 4):
            add("termin", id=number, patient_id=number, beginn=begin.format(number), dauer=20,
                status="geplant", terminart="Kanarienkontrolle", behandler_id=3)  # fmt: skip
            add("termin", id=10 + number, interessent_id=number, beginn=begin.format(number),
                status="bestaetigt", raum="Kanarienzimmer")  # fmt: skip
        add("termin", id=20, patient_id=7, beginn=begin.format(9), status="geplant")
        add("termin", id=21, patient_id=1, beginn=begin.format(8), status="geplant")
        return context
