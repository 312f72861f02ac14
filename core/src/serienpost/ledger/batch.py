"""Changes of many rows by one statement, whose rows are one JSON document.

A driver that executes a statement once per row lets go of the interpreter's lock for each of them
and waits for it again, beside a busy thread up to five milliseconds a row. One statement for all
rows keeps the database busy while other threads render. It is built and compiled once per kind of
database and given to the driver directly; times are `microseconds`, as the database stores them.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
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

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Column, ColumnElement, Connection, Insert, Subquery, Update
    from sqlalchemy.engine import Dialect

PRACTICE: BindParameter[str] = bindparam("b_practice")
"""The practice in a statement that is built once; a transaction binds it, so that such a statement
too sees one practice only."""

ROWS = "b_rows"
_ESCAPED = re.compile(r"\\u(?:0000|d[89ab]..)", re.IGNORECASE)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def given(dialect: str, *columns: Column[Any]) -> Subquery:
    """The rows that a statement is executed with, as a table of these columns.

    The offset makes databases read the document once instead of once per row of the other table.

    Args:
        dialect: SQLAlchemy's name of the kind of database.
        columns: their names and types, in the order of the values in each row.
    """
    if dialect == "sqlite":
        source = func.json_each(bindparam(ROWS, type_=Text)).table_valued("value", name="item")
    else:
        document = cast(bindparam(ROWS, type_=Text), JSON)
        source = func.json_array_elements(document).table_valued("value", name="item")
    named = [_value(dialect, place, column) for place, column in enumerate(columns)]
    return select(*named).select_from(source).offset(literal_column("0")).subquery("given")


def _value(dialect: str, place: int, column: Column[Any]) -> ColumnElement[Any]:
    if dialect == "sqlite":
        value = literal_column(f"json_extract(item.value, '$[{place}]')", column.type)
        return value.label(column.name)
    if isinstance(column.type, JSON):
        return literal_column(f"item.value -> {place}", column.type).label(column.name)
    text = literal_column(f"item.value ->> {place}", Text)
    return cast(text, column.type).label(column.name)


def document(rows: Sequence[Sequence[Any]]) -> str:
    """Rows as a statement takes them.

    U+FFFD stands for NUL and for half a surrogate pair, which no database stores as text.
    """
    text = json.dumps(rows, separators=(",", ":"))
    if _ESCAPED.search(text):
        clean = [
            [_UNSTORABLE.sub("\ufffd", v) if isinstance(v, str) else v for v in row] for row in rows
        ]
        text = json.dumps(clean, separators=(",", ":"))
    return text


@lru_cache(maxsize=64)
def _compiled(
    build: Callable[[str], Insert | Update], dialect: Dialect
) -> tuple[str, Mapping[str, Any], tuple[str, ...] | None]:
    """The SQL, the parameters that it sets itself, and their order where the driver wants one."""
    found = build(dialect.name).compile(dialect=dialect)
    order = tuple(found.positiontup) if found.positional and found.positiontup else None
    return found.string, found.params, order


def execute(
    connection: Connection, build: Callable[[str], Insert | Update], parameters: Mapping[str, Any]
) -> int:
    """Execute a change that `build` makes for a kind of database.

    Returns:
        How many rows of the database it changed.
    """
    text, own, order = _compiled(build, connection.dialect)
    bound = {**own, **parameters}
    return run(connection, text, [bound[name] for name in order] if order else bound)


def run(connection: Connection, text: str, parameters: Sequence[Any] | Mapping[str, Any]) -> int:
    """Let the driver execute a statement; returns how many rows it changed."""
    cursor = connection.connection.cursor()
    try:
        cursor.execute(text, parameters)
        return cursor.rowcount
    finally:
        cursor.close()
