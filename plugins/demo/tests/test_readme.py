"""The README documents the hard cases as they are."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

from serienpost_demo.practice.appointments import APPOINTMENT_CASES
from serienpost_demo.practice.cases import patient_cases, prospect_cases

README = Path(__file__).parents[1] / "README.md"


def test_lists_every_case() -> None:
    documented = re.findall(r"^\| (\d+) \| (.+) \|$", README.read_text("utf-8"), re.MULTILINE)
    cases = [*patient_cases(date(2026, 11, 23)), *prospect_cases()]
    expected = [(str(case.id), case.what) for case in cases]
    expected += [(str(row), what) for row, (what, _) in enumerate(APPOINTMENT_CASES, 1)]
    assert documented == expected
