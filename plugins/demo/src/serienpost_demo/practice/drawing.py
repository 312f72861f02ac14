"""Reproducible choices, the same on every machine for the same seed."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

T = TypeVar("T")

# One row of a table: column -> value.
Record: TypeAlias = dict[str, str | int | None]


class Draw:
    """A stream of choices for one table, so that tables do not depend on each other's size."""

    def __init__(self, seed: int, table: str) -> None:
        self._random = Random(f"{table}:{seed}").random  # noqa: S311  made-up data, no secret

    def chance(self, share: float) -> bool:
        """True in this share of all calls."""
        return self._random() < share

    def below(self, limit: int) -> int:
        """A whole number from 0 to below the limit."""
        return int(self._random() * limit)

    def one(self, choices: Sequence[T]) -> T:
        """One of the choices, all equally likely."""
        return choices[int(self._random() * len(choices))]


def years_before(day: date, years: int) -> date:
    """The same day of an earlier year; 29 February becomes the 28th where there is none."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)
