"""Changes of many rows by one statement, whose rows are one JSON document.

A driver that executes a statement once per row lets go of the interpreter's lock for each of them
and waits for it again, beside a busy thread up to five milliseconds a row. One statement for all
rows keeps the database busy while other threads render. It is built and compiled once per kind of
database and given to the driver directly; times are `microseconds`, as the database stores them.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    JSON,
    BindParameter,
    Text,
    bindparam,
    cast,
    func,
    literal_column,
    select,
)

from serienpost.text import NOT_STORABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Column, ColumnElement, Connection, Insert, Subquery, Update
    from sqlalchemy.engine import Dialect

    Builder = Callable[["Given"], Insert | Update]

# The practice in a statement that is built once; a transaction binds it, so that such a statement
# too sees one practice only.
PRACTICE: BindParameter[str] = bindparam("b_practice")

_ROWS = "b_rows"
_SHARED = "b_shared_"
# So many rows are looked through for values that all of them share; for fewer a statement of their
# own is not worth while.
_LEAST = 50

_ESCAPED = re.compile(r"\\u(?:0000|d[89ab]..)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Given:
    """The rows that a statement is executed with.

    Args:
        dialect: SQLAlchemy's name of the kind of database.
        shared: places of the values that all rows share, which are parameters of their own.
    """

    dialect: str
    shared: frozenset[int] = frozenset()

    def table(self, *columns: Column[Any]) -> Subquery:
        """The rows as a table of these columns, in the order of the values in each row.

        The offset makes databases read the document once instead of once per row of the other
        table.
        """
        rows: Any = bindparam(_ROWS, type_=Text)
        if self.dialect == "sqlite":
            source = func.json_each(rows).table_valued("value", name="item")
        else:
            source = func.json_array_elements(cast(rows, JSON)).table_valued("value", name="item")
        varying = count()
        named = [
            bindparam(f"{_SHARED}{place}", type_=column.type).label(column.name)
            if place in self.shared
            else self._value(next(varying), column).label(column.name)
            for place, column in enumerate(columns)
        ]
        return select(*named).select_from(source).offset(literal_column("0")).subquery("given")

    def _value(self, place: int, column: Column[Any]) -> ColumnElement[Any]:
        if self.dialect == "sqlite":
            return literal_column(f"json_extract(item.value, '$[{place}]')", column.type)
        if isinstance(column.type, JSON):
            return literal_column(f"item.value -> {place}", column.type)
        return cast(literal_column(f"item.value ->> {place}", Text), column.type)


def execute(
    connection: Connection,
    builders: Sequence[Builder],
    rows: Sequence[Sequence[Any]],
    common: Mapping[str, Any],
) -> list[int]:
    """Execute changes for the same rows.

    Args:
        connection: in a transaction.
        builders: each makes a statement for `Given` rows.
        rows: values in the order of their columns; U+FFFD stands for NUL and for half a surrogate
            pair, which no database stores as text.
        common: further parameters.

    Returns:
        How many rows of the database each of them changed.
    """
    shared = _shared(rows)
    given = Given(connection.dialect.name, frozenset(shared))
    parameters = {
        **common,
        **{f"{_SHARED}{place}": _storable(value) for place, value in shared.items()},
        _ROWS: _document([_without(row, shared) for row in rows] if shared else rows),
    }
    changed = []
    for build in builders:
        text, own, order = _compiled(build, given, connection.dialect)
        bound = {**own, **parameters}
        changed.append(run(connection, text, [bound[name] for name in order] if order else bound))
    return changed


def _shared(rows: Sequence[Sequence[Any]]) -> dict[int, Any]:
    """Plain values that all rows have in the same place."""
    if len(rows) < _LEAST:
        return {}
    first = rows[0]
    return {
        place: first[place]
        for place, column in enumerate(zip(*rows, strict=True))
        if not isinstance(first[place], (list, dict)) and column.count(first[place]) == len(rows)
    }


def _without(row: Sequence[Any], places: Mapping[int, Any]) -> list[Any]:
    return [value for place, value in enumerate(row) if place not in places]


def _document(rows: Sequence[Sequence[Any]]) -> str:
    text = json.dumps(rows, separators=(",", ":"))
    if _ESCAPED.search(text):
        text = json.dumps([[*map(_storable, row)] for row in rows], separators=(",", ":"))
    return text


def _storable(value: Any) -> Any:  # noqa: ANN401
    return NOT_STORABLE.sub("\ufffd", value) if isinstance(value, str) else value


@lru_cache(maxsize=256)
def _compiled(
    build: Builder, given: Given, dialect: Dialect
) -> tuple[str, Mapping[str, Any], tuple[str, ...] | None]:
    """The SQL, the parameters that it sets itself, and their order where the driver wants one."""
    found = build(given).compile(dialect=dialect)
    order = tuple(found.positiontup) if found.positional and found.positiontup else None
    return found.string, found.params, order


def run(connection: Connection, text: str, parameters: Sequence[Any] | Mapping[str, Any]) -> int:
    """Let the driver execute a statement; returns how many rows it changed."""
    cursor = connection.connection.cursor()
    try:
        cursor.execute(text, parameters)
        return cursor.rowcount
    finally:
        cursor.close()
