"""SQL expressions of a schema: what they read, and how they are written for the database.

Loads sqlglot; import it inside the function that needs it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from serienpost import Texts
from serienpost_practice_db.mapping import NEVER_READ, last_name
from serienpost_practice_db.restricted_sql import (
    EXPRESSION,
    lift_texts,
    must_not_stand,
    read_one,
    refused,
    written,
    written_with_texts,
)

if TYPE_CHECKING:
    from collections.abc import Collection

_ = Texts(__name__)


@dataclass(frozen=True, slots=True)
class ReadColumn:
    """A column that an expression reads.

    Args:
        name: as it is written.
        nearest: the tables where SQL looks for it first, none if that is not known.
        reachable: all tables that may hold it.
        is_qualified: its table's name stands in front; where several are called so, it may be of
            each of them.
    """

    name: str
    nearest: frozenset[str]
    reachable: frozenset[str]
    is_qualified: bool


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression.

    Args:
        sql: what the database gets.
        columns: each column it reads.
        tables: those of its own queries.
        reads_rows: it counts or compares rows of a query of its own as such.
        reads_whole_rows: a column is all columns of a table.
    """

    sql: str
    columns: tuple[ReadColumn, ...]
    tables: tuple[str, ...]
    reads_rows: bool
    reads_whole_rows: bool


def read_expression(
    text: str,
    tables: tuple[str, ...],
    database: str,
    what: str,
    secret: Collection[str] = (),
    place: str = EXPRESSION,
) -> Expression:
    """Read an expression over the columns of some tables.

    Args:
        text: as the schema has it.
        tables: the entity's own table and those that are joined.
        database: the database's language.
        what: begins every message.
        secret: tables that must not be read, by their names in small letters without a schema.
        place: where it stands, as in `read_one`.

    Raises:
        SourceError: it is not SQL, or has a part that is not allowed.
    """
    tree = read_one(text, database, what, place)
    _refuse_untraceable(tree, what)
    lifted = exp.paren(tree)  # a text alone has nothing that it could be replaced in
    lift_texts(lifted, database)
    written(lifted, database, what)
    reader = _Reader(tree, tables)
    read = tuple(map(_name, tree.find_all(exp.Table)))
    if any(last_name(name) in secret for name in read):
        raise refused(what, NEVER_READ)
    columns = [c for c in tree.find_all(exp.Column) if not isinstance(c.this, exp.Star)]
    stars = [star for star in tree.find_all(exp.Star) if not isinstance(star.parent, exp.Anonymous)]
    return Expression(
        written_with_texts(tree, database, what),
        tuple(map(reader.read, columns)),
        read,
        any(map(_is_counted_only, stars)),
        not all(map(_is_counted_only, stars)) or any(map(reader.is_row, columns)),
    )


def _refuse_untraceable(tree: exp.Expr, what: str) -> None:
    """Refuse what gives columns another name, or reads some that nothing names."""
    untraceable = {
        _("parameters"): tree.find(exp.Placeholder),
        "WITH": tree.find(exp.CTE),
        _("new names for columns, as in x(a, b)"): next(
            (alias for alias in tree.find_all(exp.TableAlias) if alias.args.get("columns")), None
        ),
        _("USING or NATURAL"): next(
            (
                join
                for join in tree.find_all(exp.Join)
                if join.args.get("using") or str(join.args.get("method") or "").upper() == "NATURAL"
            ),
            None,
        ),
    }
    for name, found in untraceable.items():
        if found is not None:
            raise refused(what, must_not_stand(name, EXPRESSION))


def _is_counted_only(star: exp.Star) -> bool:
    """Whether the star is that of `EXISTS (SELECT * ...)`, where nothing but rows counts."""
    shown = star.parent if isinstance(star.parent, exp.Column) else star
    query = shown.parent
    return isinstance(query, exp.Select) and isinstance(query.parent, exp.Exists)


class _Reader:
    """Which tables a name in the expression may belong to."""

    def __init__(self, tree: exp.Expr, outer: tuple[str, ...]) -> None:
        self._outer = frozenset(outer)
        self._all = self._outer | frozenset(map(_name, tree.find_all(exp.Table)))
        self._by_alias: dict[str, set[str]] = {}
        for name in outer:
            self._by_alias.setdefault(last_name(name), set()).add(name)
        for table in tree.find_all(exp.Table):
            alias = table.alias_or_name.lower()
            self._by_alias.setdefault(alias, set()).add(_name(table))
        self._derived = {
            query.alias.lower() for query in tree.find_all(exp.Subquery) if query.alias
        }

    def read(self, column: exp.Column) -> ReadColumn:
        """The tables that may hold it. SQL looks in the query around it first, then further out;
        a query that is called like a table may stand for either, and hand on any column."""
        alias = column.table.lower()
        if alias in self._derived:
            return ReadColumn(column.name, frozenset(), self._all, is_qualified=True)
        if alias:
            called = frozenset(self._by_alias.get(alias, ()))
            return ReadColumn(column.name, called, called, is_qualified=True)
        around = column.find_ancestor(exp.Select)
        if around is None:
            return ReadColumn(column.name, self._outer, self._outer, is_qualified=False)
        inner = frozenset(map(_name, around.find_all(exp.Table)))
        return ReadColumn(column.name, inner, self._all, is_qualified=False)

    def is_row(self, column: exp.Column) -> bool:
        """Whether it is the name of a table, which PostgreSQL takes for the whole row."""
        name = column.name.lower()
        return not column.table and (name in self._by_alias or name in self._derived)


def _name(table: exp.Table) -> str:
    return f"{table.db}.{table.name}" if table.db else table.name
