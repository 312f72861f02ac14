"""Recipients from the patient table and the patient search.

The source `patients` reads through `serienpost-practice-db`; `selection` says what can be asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from serienpost import hookimpl
from serienpost_source_patients.source import PatientsSource

if TYPE_CHECKING:
    from serienpost import Source


@hookimpl
def serienpost_sources() -> list[Source[Any]]:
    """Register `patients`."""
    return [PatientsSource()]
