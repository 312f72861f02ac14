"""SQL expressions of a schema: what they read, and how they are written for the database.

Loads sqlglot; import it inside the function that needs it.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from serienpost import SourceError
from serienpost_practice_db.restricted_sql import lift_texts, read_one, written, written_with_texts


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression.

    Args:
        sql: what the database gets.
        columns: each column it reads, with the tables that may hold it, none if unknown.
        tables: those of its own queries.
        reads_rows: it counts or compares rows of a query of its own as such.
        reads_whole_rows: a column is all columns of a table.
    """

    sql: str
    columns: tuple[tuple[tuple[str, ...], str], ...]
    tables: tuple[str, ...]
    reads_rows: bool
    reads_whole_rows: bool


def read_expression(
    text: str, tables: tuple[str, ...], database: str, what: str, secret: str | None = None
) -> Expression:
    """Read an expression over the columns of some tables.

    Args:
        text: as the schema has it.
        tables: the entity's own table and those that are joined.
        database: the database's language.
        what: begins every message.
        secret: a table that must not be read.

    Raises:
        SourceError: it is not SQL, or has a part that is not allowed.
    """
    tree = read_one(text, database, what, "an expression")
    if tree.find(exp.Placeholder):
        raise SourceError(f"{what}: an expression has no :parameters")
    if tree.find(exp.CTE):
        raise SourceError(f"{what}: WITH must not stand in an expression")
    lifted = exp.paren(tree)  # a text alone has nothing that it could be replaced in
    lift_texts(lifted, database)
    written(lifted, database, what)
    reader = _Reader(tree, tables)
    read = tuple(map(_name, tree.find_all(exp.Table)))
    if secret and any(
        name.lower().rpartition(".")[2] == secret.lower().rpartition(".")[2] for name in read
    ):
        raise SourceError(f"{what}: the settings of the practice software are never read")
    columns = [c for c in tree.find_all(exp.Column) if not isinstance(c.this, exp.Star)]
    stars = [star for star in tree.find_all(exp.Star) if not isinstance(star.parent, exp.Anonymous)]
    return Expression(
        written_with_texts(tree, database, what),
        tuple((reader.tables_of(column), column.name) for column in columns),
        read,
        any(star.find_ancestor(exp.Exists) for star in stars),
        any(not star.find_ancestor(exp.Exists) for star in stars)
        or any(reader.is_row(column) for column in columns),
    )


class _Reader:
    """Which tables a name in the expression may belong to."""

    def __init__(self, tree: exp.Expr, outer: tuple[str, ...]) -> None:
        self._outer = outer
        self._by_alias: dict[str, set[str]] = {}
        for name in outer:
            self._by_alias.setdefault(name.lower().rpartition(".")[2], set()).add(name)
        for table in tree.find_all(exp.Table):
            alias = table.alias_or_name.lower()
            self._by_alias.setdefault(alias, set()).add(_name(table))
        self._derived = {
            query.alias.lower() for query in tree.find_all(exp.Subquery) if query.alias
        }

    def tables_of(self, column: exp.Column) -> tuple[str, ...]:
        """The tables that may hold it; none if that is not known."""
        if column.table:
            alias = column.table.lower()
            return () if alias in self._derived else tuple(self._by_alias.get(alias, ()))
        inner = column.find_ancestor(exp.Select)
        if inner is None:
            return self._outer
        return tuple(_name(table) for table in inner.find_all(exp.Table))

    def is_row(self, column: exp.Column) -> bool:
        """Whether it is the name of a table, which PostgreSQL takes for the whole row."""
        name = column.name.lower()
        return not column.table and (name in self._by_alias or name in self._derived)


def _name(table: exp.Table) -> str:
    return f"{table.db}.{table.name}" if table.db else table.name
