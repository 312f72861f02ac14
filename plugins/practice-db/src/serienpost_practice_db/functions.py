"""The foldings as SQL: functions registered on SQLite connections, built-ins on PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import String, cast, func, literal_column  # noqa: TID253  # imported when reading
from sqlalchemy.ext.compiler import compiles  # noqa: TID253
from sqlalchemy.sql.functions import FunctionElement  # noqa: TID253

from serienpost_practice_db import folding

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from sqlalchemy.sql.compiler import SQLCompiler
    from sqlalchemy.sql.elements import ColumnElement


class German(FunctionElement[str]):
    """`folding.german` of a text column."""

    type = String()
    inherit_cache = True


class Plain(FunctionElement[str]):
    """`folding.plain` of a text column."""

    type = String()
    inherit_cache = True


class Digits(FunctionElement[str]):
    """`folding.digits` of a text column."""

    type = String()
    inherit_cache = True


_SQLITE: dict[type[FunctionElement[str]], tuple[str, Callable[[str], str]]] = {
    German: ("serienpost_german", folding.german),
    Plain: ("serienpost_plain", folding.plain),
    Digits: ("serienpost_digits", folding.digits),
}


def register(connection: sqlite3.Connection) -> None:
    """Give an SQLite connection the functions that our statements call there."""
    for name, function in _SQLITE.values():
        connection.create_function(name, 1, _of_anything(function), deterministic=True)


def _of_anything(function: Callable[[str], str]) -> Callable[[object], str | None]:
    return lambda value: None if value is None else function(str(value))


@compiles(German)
@compiles(Plain)
@compiles(Digits)
def _call(element: FunctionElement[str], compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401
    name, _ = _SQLITE[type(element)]
    return f"{name}({compiler.process(element.clauses, **options)})"


@compiles(German, "postgresql")
def _german(element: German, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401
    return compiler.process(_spelt(element, folding.GERMAN_SPELLING), **options)


@compiles(Plain, "postgresql")
def _plain(element: Plain, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401
    return compiler.process(_spelt(element, folding.PLAIN_SPELLING), **options)


@compiles(Digits, "postgresql")
def _digits(element: Digits, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401
    national = func.regexp_replace(
        _argument(element), _quoted(folding.COUNTRY_PREFIX), _quoted("0")
    )
    bare = func.regexp_replace(national, _quoted(folding.NOT_A_DIGIT), _quoted(""), _quoted("g"))
    return compiler.process(bare, **options)


def _spelt(element: FunctionElement[str], spelling: dict[str, str]) -> ColumnElement[str]:
    folded = func.lower(_argument(element))
    for letter, spelt in spelling.items():
        folded = func.replace(folded, _quoted(letter), _quoted(spelt))
    letters = "".join(folding.BASE_LETTERS)
    bases = "".join(folding.BASE_LETTERS.values())
    return func.translate(folded, _quoted(letters + folding.COMBINING_MARKS), _quoted(bases))


def _argument(element: FunctionElement[str]) -> ColumnElement[str]:
    (argument,) = element.clauses
    return cast(argument, String)


def _quoted(constant: str) -> ColumnElement[str]:
    return literal_column(f"'{constant}'", String)
