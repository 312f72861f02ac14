"""Whether a query asks the database what time it is, and so chooses other people on another day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

if TYPE_CHECKING:
    from collections.abc import Mapping

_CLOCKS = (exp.CurrentDate, exp.CurrentTime, exp.CurrentTimestamp, exp.Localtimestamp)
_CLOCK_FUNCTIONS = frozenset({"now", "curdate", "curtime"})
# Texts that stand for a day where a date is expected (SQLite, PostgreSQL).
_DAYS = frozenset({"now", "today", "tomorrow", "yesterday"})
# SQLite: functions of a moment, by where it stands; without one they mean the present
# (sqlite.org/lang_datefunc.html).
_OF_MOMENT = {"date": 0, "datetime": 0, "time": 0, "julianday": 0, "strftime": 1}


def asks_clock(tree: exp.Expr, parameters: Mapping[str, object]) -> bool:
    """Whether a part of the query means the present, whatever the practice's data are.

    Args:
        tree: the query as it was read.
        parameters: values of its :names.
    """
    return any(_means_now(part, parameters) for part in tree.walk())


def _means_now(part: exp.Expr, parameters: Mapping[str, object]) -> bool:
    if isinstance(part, _CLOCKS):
        return True
    if isinstance(part, exp.Literal | exp.Placeholder):
        return _text(part, parameters).strip().lower() in _DAYS
    if not isinstance(part, exp.Anonymous):
        return False
    name, given = part.name.lower(), part.expressions
    if name in _CLOCK_FUNCTIONS:
        return True
    if name == "age":  # PostgreSQL: of one moment it is counted from today
        return len(given) == 1
    place = _OF_MOMENT.get(name)
    return place is not None and not (
        len(given) > place and _is_fixed_or_of_data(given[place], parameters)
    )


def _is_fixed_or_of_data(moment: exp.Expr, parameters: Mapping[str, object]) -> bool:
    """Whether a moment comes from a column or is written as a date."""
    if isinstance(moment, exp.Literal | exp.Placeholder):
        return _text(moment, parameters).strip()[:1].isdigit()
    return moment.find(exp.Column) is not None


def _text(part: exp.Expr, parameters: Mapping[str, object]) -> str:
    return str(parameters.get(part.name, "") if isinstance(part, exp.Placeholder) else part.this)
