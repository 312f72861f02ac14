"""The course of a run as a small chart: bars over time, with axes that can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from serienpost import Text, Texts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from serienpost.service import CourseBar

_ = Texts(__name__)

# In units of the drawing, which is scaled to its place.
_WIDTH, _HEIGHT = 400, 170
_WIDEST = 24
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 8, 14, 28


def chart(course: Sequence[CourseBar]) -> Markup:
    """The messages of a run over its time as SVG; nothing where none was sent.

    Colours come from the stylesheet. What it shows stands in its label, for those who do not see
    it.
    """
    if not course:
        return Markup()
    top = _ceiling(max(bar.messages for bar in course))
    wide = (_WIDTH - _LEFT - _RIGHT) / len(course)
    high = _HEIGHT - _TOP - _BOTTOM
    label = _(
        "Sent messages from {begin} to {end}: {n} in all, at most {most} in one of {parts} equal"
        " parts of that time",
        begin=course[0].at,
        end=course[-1].at,
        n=sum(bar.messages for bar in course),
        most=max(bar.messages for bar in course),
        parts=len(course),
    )
    bars = Markup().join(
        Markup('<rect class="bar" x="{}" y="{}" width="{}" height="{}"/>').format(
            f"{_LEFT + place * wide:.1f}",
            f"{_TOP + high - high * bar.messages / top:.1f}",
            f"{min(max(wide * 0.86, 1), _WIDEST):.1f}",
            f"{high * bar.messages / top:.1f}",
        )
        for place, bar in enumerate(course)
        if bar.messages
    )
    return Markup(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}{}</svg>'
    ).format(_WIDTH, _HEIGHT, escape(str(label)), _lines(top, high), bars, _times(course))


def _lines(top: int, high: float) -> Markup:
    """Lines at nothing, half and all of the height, with their numbers."""
    steps = (0, top // 2, top) if top > 1 else (0, top)
    return Markup().join(
        Markup(
            '<line class="grid" x1="{0}" x2="{1}" y1="{2}" y2="{2}"/>'
            '<text class="tick" x="{3}" y="{4}" text-anchor="end">{5}</text>'
        ).format(
            _LEFT,
            _WIDTH - _RIGHT,
            f"{_TOP + high - high * step / top:.1f}",
            _LEFT - 8,
            f"{_TOP + high - high * step / top + 4:.1f}",
            str(Text("", "{n}", {"n": step})),
        )
        for step in steps
    )


def _times(course: Sequence[CourseBar]) -> Markup:
    """When it began and ended, under the bars; the day only where it is another one."""
    begin, end = course[0].at, course[-1].at
    is_one_day = begin.date() == end.date()
    places = ((_LEFT, "start", begin), (_WIDTH - _RIGHT, "end", end))
    return Markup().join(
        Markup('<text class="tick" x="{}" y="{}" text-anchor="{}">{}</text>').format(
            x, _HEIGHT - 6, anchor, _moment(at, is_one_day=is_one_day)
        )
        for x, anchor, at in places
    )


def _moment(at: datetime, *, is_one_day: bool) -> str:
    return str(Text("", "{at}", {"at": at.time() if is_one_day else at}))


def _ceiling(most: int) -> int:
    """A round even number at or above the highest bar, for the axis."""
    if most <= 2:
        return most
    step = int(10 ** (len(str(most)) - 1))
    return next(step * by for by in (1, 2, 4, 6, 8, 10) if step * by >= most)
