"""The course of a run as a chart: bars over time, with axes that can be read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from markupsafe import Markup

from serienpost.run.report.course import DAY, bar_seconds, round_before, round_step, since
from serienpost.translation import Text, Texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from serienpost.run.report.course import CourseBar

_ = Texts(__name__)

# Parts between two marks of an axis, at most.
_MARKS = 4

# In units of the drawing, which is scaled to its place.
_WIDTH, _HEIGHT = 400, 190
_WIDEST = 24
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 14, 14, 44


def per(seconds: int) -> Text:
    """What a bar counts: `messages per minute`."""
    if seconds >= DAY:
        return _.ngettext("Messages a day", "Messages in {n} days each", seconds // DAY)
    if seconds >= 3600:
        return _.ngettext("Messages an hour", "Messages in {n} hours each", seconds // 3600)
    if seconds >= 60:
        return _.ngettext("Messages a minute", "Messages in {n} minutes each", seconds // 60)
    return _.ngettext("Messages a second", "Messages in {n} seconds each", seconds)


def moment(at: datetime, seconds: int) -> str:
    """A moment of the course as exact as its steps; with the day where these are days."""
    if seconds >= DAY:
        return str(Text("", "{at}", {"at": at.date()}))
    return f"{at:%H:%M:%S}" if seconds < 60 else f"{at:%H:%M}"


def chart(bars: Sequence[CourseBar]) -> Markup:
    """The messages of a run over its time as SVG; nothing where none was sent.

    Colours come from the stylesheet. What it shows stands in its description, for those who do not
    see it; the numbers stand in a table beside it.
    """
    if not bars:
        return Markup()
    seconds = bar_seconds(bars)
    scale = _Scale(bars, seconds)
    most = max(bar.messages for bar in bars)
    said = _(
        "From {begin} to {end}: {number} in all, at most {most} in one bar",
        begin=bars[0].at,
        end=bars[-1].at,
        number=sum(bar.messages for bar in bars),
        most=most,
    )
    return Markup(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-labelledby="chart-title"'
        ' aria-describedby="chart-text"><title id="chart-title">{}</title>'
        '<desc id="chart-text">{}</desc>{}{}{}</svg>'
    ).format(
        *(_WIDTH, _HEIGHT, str(per(seconds)), str(said)),
        *(Markup().join(part) for part in (scale.lines(), scale.bars(), scale.times())),
    )


class _Scale:
    """Where what stands in the drawing."""

    def __init__(self, bars: Sequence[CourseBar], seconds: int) -> None:
        self._bars = bars
        self._span = seconds * len(bars)
        self._count_step, self._top = _counts(max(bar.messages for bar in bars))
        self._high = _HEIGHT - _TOP - _BOTTOM
        self._wide = _WIDTH - _LEFT - _RIGHT

    def _x(self, at: datetime) -> float:
        return _LEFT + self._wide * (since(self._bars[0].at, at) / self._span)

    def _y(self, count: int) -> float:
        return _TOP + self._high * (1 - count / self._top)

    def lines(self) -> Iterator[Markup]:
        """A line for each round number, with it."""
        for count in range(0, self._top + 1, self._count_step):
            yield Markup(
                '<line class="grid" x1="{0}" x2="{1}" y1="{2:.1f}" y2="{2:.1f}"/>'
                '<text class="tick" x="{3}" y="{4:.1f}" text-anchor="end">{5}</text>'
            ).format(
                *(_LEFT, _WIDTH - _RIGHT, self._y(count), _LEFT - 8, self._y(count) + 4),
                str(Text("", "{n}", {"n": count})),
            )

    def bars(self) -> Iterator[Markup]:
        """A bar for each part of the time in which something was sent."""
        width = min(max(self._wide / len(self._bars) * 0.86, 1), _WIDEST)
        for bar in self._bars:
            if bar.messages:
                yield Markup(
                    '<rect class="bar" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>'
                ).format(
                    *(self._x(bar.at), self._y(bar.messages), width),
                    self._y(0) - self._y(bar.messages),
                )

    def times(self) -> Iterator[Markup]:
        """A mark at each round moment with its time; under it the day, where it is another."""
        step = round_step(self._span, _MARKS if self._span < _MARKS * DAY else _MARKS - 1)
        shown = None
        for at in _marks(self._bars[0].at, self._span, step):
            x = self._x(at)
            yield Markup(
                '<line class="grid" x1="{0:.1f}" x2="{0:.1f}" y1="{1:.1f}" y2="{2:.1f}"/>'
                '<text class="tick" x="{0:.1f}" y="{3:.1f}" text-anchor="middle">{4}</text>'
            ).format(x, self._y(0), self._y(0) + 5, self._y(0) + 20, moment(at, step))
            if step < DAY and at.date() != shown:
                shown = at.date()
                yield Markup(
                    '<text class="tick" x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>'
                ).format(
                    *(x, self._y(0) + 36, "start" if x < _LEFT + 40 else "middle"),
                    moment(at, DAY),
                )


def _marks(begin: datetime, span: int, step: int) -> Iterator[datetime]:
    """The round moments of the clock within so many seconds from a moment."""
    at = round_before(begin, step).replace(tzinfo=None)
    while True:
        # An hour that the clocks leave out is the one behind it.
        here = at.replace(tzinfo=begin.tzinfo).astimezone(UTC).astimezone(begin.tzinfo)
        if since(begin, here) > span:
            return
        if since(begin, here) >= 0:
            yield here
        at += timedelta(seconds=step)


def _counts(most: int) -> tuple[int, int]:
    """The round number between two lines, and that of the highest one."""
    steps = (by * 10**power for power in range(12) for by in (1, 2, 5))
    step = next(one for one in steps if one * _MARKS >= most)
    return step, -(-most // step) * step
