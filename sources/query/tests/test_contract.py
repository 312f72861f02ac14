"""The contract of a source, for people chosen by a query."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from serienpost_source_query.source import QuerySource
from serienpost_testkit.suites import SourceSuite

if TYPE_CHECKING:
    from collections.abc import Callable

    from serienpost import Context, Source


class TestQuery(SourceSuite):
    @pytest.fixture
    def source(self) -> Source:
        return QuerySource()

    @pytest.fixture
    def selection(self) -> dict[str, object]:
        return {
            "query": "SELECT patient_id AS id FROM termin WHERE dauer > :dauer ORDER BY 1",
            "parameters": {"dauer": 10},
        }

    @pytest.fixture
    def context(self, context: Context, add: Callable[..., None]) -> Context:
        for number in range(1, 6):
            add(
                "patient",
                id=number,
                vorname=f"Vorkanarie{number}",
                nachname=f"Kanarie{number}",
                email=f"kanarie{number}@example.org",
                geburtsdatum="2015-01-01" if number == 5 else "1980-03-02",
                vertreter_id=1,
            )
            for time in ("09:00:00", "10:00:00"):
                add("termin", patient_id=number, beginn=f"2026-03-0{number} {time}", dauer=20)
        return context
