"""Whether a query asks the database what time it is, and so chooses other people on another day."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlglot import exp, parse
from sqlglot.errors import SqlglotError

from serienpost_practice_db.restricted_sql import language

if TYPE_CHECKING:
    from collections.abc import Mapping

# What sqlglot calls CURRENT_DATE and the like, of all dialects.
_CLOCKS = re.compile(r"Current(?:Date|Time)|Local|Utc|Systime")
_CLOCK_NAMES = """
    now curdate curtime sysdate utc_date utc_time utc_timestamp clock_timestamp timeofday
    statement_timestamp transaction_timestamp localtime localtimestamp current_date current_time
    current_timestamp
    """
_CLOCK_FUNCTIONS = frozenset(_CLOCK_NAMES.split())
# Functions that mean the present when they are given nothing.
_WITHOUT_MOMENT = frozenset({"unix_timestamp"})
# Texts that stand for a day where a date is expected (SQLite, PostgreSQL).
_DAYS = frozenset({"now", "today", "tomorrow", "yesterday"})
# SQLite: functions of a moment, by where it stands; without one they mean the present
# (sqlite.org/lang_datefunc.html).
_OF_MOMENT = {"date": 0, "datetime": 0, "time": 0, "julianday": 0, "unixepoch": 0, "strftime": 1}
# What a text that cannot be read as SQL, such as the body of a function, must not hold.
_WORDS = re.compile(
    rf"\b(?:{'|'.join(sorted(_CLOCK_FUNCTIONS))})\b|\b(?:unix_timestamp|age)\s*\("
    rf"|'\s*(?:{'|'.join(sorted(_DAYS))})\s*'",
    re.IGNORECASE,
)


def asks_clock(tree: exp.Expr, parameters: Mapping[str, object]) -> bool:
    """Whether a part of the query means the present, whatever the practice's data are.

    Args:
        tree: the query as it was read.
        parameters: values of its :names.
    """
    return any(_means_now(part, parameters) for part in tree.walk())


def definition_asks_clock(text: str, database: str) -> bool:
    """Whether the text of a view, a column or a function means the present, as far as it can be
    told: what is not SQL that we understand must not hold a word of a clock.

    Args:
        text: as the database gives it.
        database: its language.
    """
    try:
        trees = [tree for tree in parse(text, dialect=language(database)) if tree is not None]
    except (SqlglotError, RecursionError):
        trees = []
    if not trees or any(tree.find(exp.Command, exp.Heredoc, exp.RawString) for tree in trees):
        return bool(_WORDS.search(text))
    return any(asks_clock(tree, {}) for tree in trees)


def _means_now(part: exp.Expr, parameters: Mapping[str, object]) -> bool:
    if _CLOCKS.match(type(part).__name__):
        return True
    if isinstance(part, exp.Literal | exp.Placeholder):
        return _text(part, parameters).strip().lower() in _DAYS
    if not isinstance(part, exp.Anonymous):
        return False
    name, given = part.name.lower(), part.expressions
    if name in _CLOCK_FUNCTIONS or (name in _WITHOUT_MOMENT and not given):
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
