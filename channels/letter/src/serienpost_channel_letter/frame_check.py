"""The print check of the frame: what stands around every letter fits into its place, all of it.

The frame is the same for all letters of a run, so it is measured before any of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from serienpost import Problem, Texts
from serienpost_channel_letter import din5008 as din

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from serienpost_channel_letter.engine import TextRun

_ = Texts(__name__)

# The account's key of the return line, and how it is set, tried in this order (classes of the
# style sheet): 7 pt, 6 pt, in two lines of whole parts, in two lines broken anywhere.
RETURN_LINE = "return_line"
RETURN_LINES = ("", "klein", "zweizeilig", "zweizeilig umbrochen")

# Millimetres.
_TOLERANCE = 0.3


@dataclass(frozen=True, slots=True)
class Zone:
    """A part of the frame as it was laid out: `kopf`, `absender`, `information`, `fuss`."""

    name: str
    runs: Sequence[TextRun]


@dataclass(frozen=True, slots=True)
class _Place:
    """How far a part of the frame may reach, in millimetres, and the key that mends it."""

    what: str
    key: str
    remedy: str
    right: float
    bottom: float


def frame_problems(form: str, zones: Sequence[Zone]) -> list[Problem]:
    """What does not fit, each thing once, with the key that mends it."""
    places = _places(din.FORMS[form])
    found = [
        Problem(wrong, place.remedy, key=place.key)
        for zone in zones
        for place in [places[zone.name]]
        for wrong in _wrong(zone.runs, place)
    ]
    return list(dict.fromkeys(found))


def _wrong(runs: Sequence[TextRun], place: _Place) -> Iterator[str]:
    if not all(run.is_legible for run in runs):
        yield _("{what} has a sign that no installed font has", what=place.what)
    too_wide = max((run.right for run in runs), default=0) - place.right
    if too_wide > _TOLERANCE:
        yield _(
            "{what} has a word that is {millimetres} mm too long for its line",
            what=place.what,
            millimetres=f"{too_wide:.0f}",
        )
    if max((run.bottom for run in runs), default=0) > place.bottom + _TOLERANCE:
        lines = sorted({round(run.top, 1) for run in runs})
        fit = sum(1 for top in lines if _bottom(runs, top) <= place.bottom + _TOLERANCE)
        yield _.ngettext(
            "{what} takes {n} line, {fit} fit",
            "{what} takes {n} lines, {fit} fit",
            len(lines),
            what=place.what,
            fit=fit,
        )


def _bottom(runs: Sequence[TextRun], top: float) -> float:
    return max(run.bottom for run in runs if round(run.top, 1) == top)


def _places(form: din.Form) -> dict[str, _Place]:
    edge = din.PAGE_WIDTH - din.RIGHT
    return {
        "kopf": _Place(
            _("the practice's name at the head of a letter"),
            "practice.name",
            _("shorten it, or set `form: B` or `letterhead:` (an image) in the account"),
            edge,
            din.HEAD_TOP + form.head,
        ),
        "absender": _Place(
            _(
                "the line above the address, in two lines of the smallest type ({points} pt),",
                points=f"{din.LEAST_TYPE}",
            ),
            RETURN_LINE,
            _("write a short one there, such as a short name, street and town"),
            din.LEFT + din.RETURN_WIDTH,
            form.field + din.RETURN_HEIGHT,
        ),
        "information": _Place(
            _("the information block beside the address"),
            "information",
            _("write fewer or shorter lines there"),
            din.INFORMATION_LEFT + din.INFORMATION_WIDTH,
            form.subject,
        ),
        "fuss": _Place(
            _("the foot of a letter"),
            "footer",
            _("write a shorter one there"),
            edge,
            din.PAGE_HEIGHT - din.EDGE,
        ),
    }
