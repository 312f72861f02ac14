"""The contract of a source, for patients with and without a birthday as occasion."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from serienpost_source_patients.source import PatientsSource
from serienpost_testkit.suites import SourceSuite

if TYPE_CHECKING:
    from collections.abc import Callable

    from serienpost import Context, Source


class TestPatients(SourceSuite):
    @pytest.fixture
    def source(self) -> Source:
        return PatientsSource()

    @pytest.fixture
    def selection(self) -> dict[str, object]:
        return {"last_name": "kanar"}

    @pytest.fixture
    def context(self, context: Context, add: Callable[..., None]) -> Context:
        for number in range(1, 6):
            add(
                "patient",
                id=number,
                vorname=f"Vorkanarie{number}",
                nachname=f"Kanarie{number}",
                email=f"kanarie{number}@example.org",
                strasse=f"Kanarienweg {number}",
                geburtsdatum="1980-03-02",
                ort="Kanarienburg",
                telefon=f"0351 99887{number}",
            )
        child = {"nachname": "Kanarienkind", "geburtsdatum": "2018-03-02"}
        add(
            "patient",
            id=7,
            vorname="Lenakanarie",
            email="kind@example.org",
            vertreter_id=1,
            **child,
        )
        add("patient", id=8, vorname="Ohnekanarie", email="ohne@example.org", **child)
        return context


class TestBirthdays(TestPatients):
    @pytest.fixture
    def selection(self) -> dict[str, object]:
        return {"birthday": "today"}
