"""Measures of DIN 5008:2020, in millimetres from the top left of an A4 page (210 x 297)."""

from __future__ import annotations

from dataclasses import dataclass

PAGE_WIDTH = 210.0
PAGE_HEIGHT = 297.0
LEFT = 25.0
RIGHT = 20.0
TEXT_WIDTH = PAGE_WIDTH - LEFT - RIGHT
BOTTOM = 25.0
TOP_FOLLOWING = 27.0
INFORMATION_LEFT = 125.0
INFORMATION_WIDTH = 65.0
ADDRESS_LEFT = 20.0
ADDRESS_WIDTH = 85.0
ADDRESS_ZONE = 27.3
ADDRESS_LINES = 6
# The return line stands in the top of the address field, as wide as the address.
RETURN_WIDTH = 80.0
RETURN_HEIGHT = 5.0
# Points; the return line is set no smaller.
LEAST_TYPE = 6
HEAD_TOP = 8.0
FOOT_TOP = 278.0
# Most printers leave this much of the paper's edge white.
EDGE = 5.0
# Pitch of a base line: 12 pt.
LINE = 4.23

HOLE = 148.5


@dataclass(frozen=True, slots=True)
class Form:
    """What differs between the forms A and B.

    Args:
        field: top of the address field, 85 x 45.
        zone: top of the address zone inside it, 27.3 high, for up to six lines.
        information: top of the information block.
        subject: top of the subject line.
        folds: the two fold marks.
    """

    field: float
    zone: float
    information: float
    subject: float
    folds: tuple[float, float]

    @property
    def head(self) -> float:
        """Height of the letterhead, which ends two millimetres above the address field."""
        return self.field - HEAD_TOP - 2


FORMS = {
    "A": Form(field=27.0, zone=44.7, information=32.0, subject=80.46, folds=(87.0, 192.0)),
    "B": Form(field=45.0, zone=62.7, information=50.0, subject=98.46, folds=(105.0, 210.0)),
}
