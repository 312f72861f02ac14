"""The foldings as SQL: functions registered on SQLite connections, built-ins on PostgreSQL."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import (  # noqa: TID253  # imported when reading
    Boolean,
    DateTime,
    String,
    cast,
    collate,
    func,
    literal,
    literal_column,
)
from sqlalchemy.dialects import sqlite  # noqa: TID253
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


class Figures(FunctionElement[str]):
    """The digits in a text column, nothing else."""

    type = String()
    inherit_cache = True


class Beyond(FunctionElement[bool]):
    """Whether a text column holds a character other than these, written as in `[0-9a-f]`."""

    type = Boolean()
    inherit_cache = True

    def __init__(self, column: ColumnElement[Any], characters: str) -> None:
        super().__init__(column, literal_column(f"'[^{characters}]'", String))


class Moment(FunctionElement[datetime]):
    """A point in time as the database compares it; SQLite keeps times as text of several forms."""

    type = DateTime().with_variant(
        sqlite.DATETIME(truncate_microseconds=True),  # type: ignore[no-untyped-call]
        "sqlite",
    )
    inherit_cache = True


_SQLITE: dict[type[FunctionElement[str]], tuple[str, Callable[[str], str]]] = {
    German: ("serienpost_german", folding.german),
    Plain: ("serienpost_plain", folding.plain),
    Digits: ("serienpost_digits", folding.digits),
    Figures: ("serienpost_figures", folding.figures),
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
@compiles(Figures)
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


@compiles(Figures, "postgresql", "mysql", "mariadb")
def _figures(element: Figures, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401
    every = (_quoted("g"),) if compiler.dialect.name == "postgresql" else ()
    found = func.regexp_replace(
        _argument(element), _quoted(folding.NOT_A_DIGIT), _quoted(""), *every
    )
    return compiler.process(found, **options)


@compiles(Beyond)
def _beyond(element: Beyond, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401
    column, characters = element.clauses
    dialect = compiler.dialect.name
    operator = {"sqlite": "GLOB", "postgresql": "~"}.get(dialect, "REGEXP")
    text = compiler.process(cast(column, String), **options)
    pattern = compiler.process(characters, **options)
    if dialect == "sqlite":
        pattern = f"'*' || {pattern} || '*'"
    return f"({text} {operator} {pattern})"


def _spelt(element: FunctionElement[str], spelling: dict[str, str]) -> ColumnElement[str]:
    folded = func.lower(_argument(element))
    for letter, spelt in spelling.items():
        folded = func.replace(folded, _quoted(letter), _quoted(spelt))
    letters = "".join(folding.BASE_LETTERS)
    bases = "".join(folding.BASE_LETTERS.values())
    return func.translate(folded, _quoted(letters + folding.COMBINING_MARKS), _quoted(bases))


@compiles(German, "mysql", "mariadb")
def _german_mariadb(element: German, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401
    return compiler.process(_collated(element, folding.GERMAN_SPELLING), **options)


@compiles(Plain, "mysql", "mariadb")
def _plain_mariadb(element: Plain, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401
    return compiler.process(_collated(element, folding.PLAIN_SPELLING), **options)


@compiles(Digits, "mysql", "mariadb")
def _digits_mariadb(element: Digits, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401
    prefix = literal(folding.COUNTRY_PREFIX, String)
    national = func.regexp_replace(_argument(element), prefix, literal("0", String))
    bare = func.regexp_replace(national, literal(folding.NOT_A_DIGIT, String), literal("", String))
    return compiler.process(bare, **options)


@compiles(Moment)
def _moment(element: Moment, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401
    return compiler.process(element.clauses, **options)


@compiles(Moment, "sqlite")
def _moment_sqlite(element: Moment, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401
    return f"datetime({compiler.process(element.clauses, **options)})"


def _collated(element: FunctionElement[str], spelling: dict[str, str]) -> ColumnElement[str]:
    """Spelt out; base letters are left to the collation, which ignores case and accents."""
    folded = func.lower(_argument(element))
    for letter, spelt in {**spelling, **folding.UNDECOMPOSED}.items():
        folded = func.replace(folded, _quoted(letter), _quoted(spelt))
    return collate(folded, "utf8mb4_unicode_ci")


def _argument(element: FunctionElement[str]) -> ColumnElement[str]:
    (argument,) = element.clauses
    return cast(argument, String)


def _quoted(constant: str) -> ColumnElement[str]:
    return literal_column(f"'{constant}'", String)
