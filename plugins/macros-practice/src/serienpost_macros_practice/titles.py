"""Academic titles: which of them are spoken, which stand after the name. Data, not rules.

Practice after DIN 5008 and the advice of the Federal Ministry of the Interior ("Anschriften und
Anreden"): in a salutation one Dr. is abbreviated and stands without its subject, a professor is
written out and drops the Dr., Diplom and Magister stand in the address only, Bachelor and Master
after the name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_PROFESSOR = re.compile(r"\bprof(?:\.|essor(?:in)?\b|\b)", re.IGNORECASE)
_DOCTOR = re.compile(r"\b(?:d{1,2}r(?:\.|\b)(?!\w)|doktor(?:in)?\b)", re.IGNORECASE)

_DEGREES = (
    r"B\.?\s?A",
    r"B\.?\s?Sc",
    r"B\.?\s?Eng",
    r"B\.?\s?Ed",
    r"B\.?\s?Mus",
    r"LL\.?\s?B",
    r"M\.?\s?A",
    r"M\.?\s?Sc",
    r"M\.?\s?Eng",
    r"M\.?\s?Ed",
    r"M\.?\s?Mus",
    r"LL\.?\s?M",
    r"MBA",
    r"MPH",
    r"Ph\.?\s?D",
)
_AFTER_NAME = re.compile(rf",?\s*(?<![\w.])(?:{'|'.join(_DEGREES)})(?:\.|(?!\w))")


@dataclass(frozen=True, slots=True)
class Titles:
    """What a practice entered as title, taken apart.

    Args:
        before: what stands before the name in an address, as entered.
        after: degrees that stand after the name.
        is_professor: speak of Professor.
        is_doctor: speak of Dr.
    """

    before: str
    after: str
    is_professor: bool
    is_doctor: bool


def parse(title: str) -> Titles:
    """Take a title apart: `Prof. Dr. med. habil., M. Sc.`."""
    degrees = [found.strip(" ,") for found in _AFTER_NAME.findall(title)]
    before = " ".join(_AFTER_NAME.sub(" ", title).split()).strip(" ,")
    return Titles(
        before,
        ", ".join(degrees),
        _PROFESSOR.search(before) is not None,
        _DOCTOR.search(before) is not None,
    )
