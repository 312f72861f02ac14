"""Makes the appointment book: two weeks back, two weeks ahead, working days."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from serienpost_demo.practice import records

if TYPE_CHECKING:
    from collections.abc import Iterator

    from serienpost_demo.practice.drawing import Draw, Record

_WEEKS = 14
_HOURS = ("08", "09", "10", "11", "14", "15", "16")
_TIMES = tuple(f"{hour}:{minute}:00" for hour in _HOURS for minute in ("00", "20", "40"))
_PAST = ("erschienen",) * 8 + ("nicht_erschienen", "abgesagt")
_AHEAD = (
    ("geplant",) * 8 + ("bestaetigt",) * 5 + ("abgesagt",) * 2 + ("frei",) * 4 + ("gesperrt",)
)  # fmt: skip

# The first rows of `termin`, all on the day after today, whatever weekday that is.
APPOINTMENT_CASES: tuple[tuple[str, Record], ...] = (
    ("planned", {"patient_id": 1, "status": "geplant"}),
    ("first of two on one day", {"patient_id": 2, "status": "bestaetigt"}),
    ("second of two on one day", {"patient_id": 2, "status": "geplant"}),
    ("cancelled", {"patient_id": 3, "status": "abgesagt"}),
    ("of a minor with a representative", {"patient_id": 23, "status": "geplant"}),
    ("of a minor without a representative", {"patient_id": 25, "status": "geplant"}),
    ("of a deceased patient", {"patient_id": 43, "status": "geplant"}),
    ("of a blocked patient", {"patient_id": 44, "status": "geplant"}),
    ("of an Interessent", {"interessent_id": 1, "status": "geplant"}),
    ("a free slot", {"status": "frei"}),
    ("a closed slot", {"status": "gesperrt"}),
)


def appointments(draw: Draw, patients: int, prospects: int, today: date) -> Iterator[Record]:
    """Yield appointments; those of the hard cases first, then day by day.

    Args:
        draw: the choices.
        patients: number of patients; ids from 1 to this number get appointments.
        prospects: the same for Interessenten.
        today: the days before are past, this one and the following are ahead.
    """
    tomorrow = (today + timedelta(days=1)).isoformat()
    for position, (_, changes) in enumerate(APPOINTMENT_CASES):
        if int(changes.get("patient_id") or 0) <= patients:
            yield _slot(draw, f"{tomorrow} {_TIMES[position]}", position) | changes
    per_day = max(20, patients // 50)
    for offset in range(-_WEEKS, _WEEKS + 1):
        day = today + timedelta(days=offset)
        if day.weekday() >= 5:
            continue
        for position in range(per_day):
            record = _slot(draw, f"{day} {_TIMES[position % len(_TIMES)]}", position)
            record["status"] = draw.one(_PAST if offset < 0 else _AHEAD)
            if record["status"] not in ("frei", "gesperrt"):
                _book(draw, record, patients, prospects)
            yield record


def _slot(draw: Draw, begin: str, position: int) -> Record:
    return {
        "patient_id": None,
        "interessent_id": None,
        "beginn": begin,
        "dauer": draw.one((20, 20, 20, 40)),
        "behandler_id": 1 + position % 5,
        "terminart": draw.one(records.APPOINTMENT_TYPES),
        "raum": draw.one(records.ROOMS),
        "status": "frei",
    }


def _book(draw: Draw, record: Record, patients: int, prospects: int) -> None:
    if draw.chance(0.05):
        record["interessent_id"] = 1 + draw.below(prospects)
    else:
        record["patient_id"] = 1 + draw.below(patients)
