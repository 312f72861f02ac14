"""Where the columns of a query come from: each is traced to the columns of tables it is made of.

A column may be used only if all of those are fields of the schema that may leave the practice; its
class is the strictest of theirs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.lineage import lineage
from sqlglot.optimizer.qualify import qualify

from serienpost import APPOINTMENT_TYPE, CATALOGUE, Sensitivity, SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlglot.lineage import Node

    from serienpost_practice_db.database import PracticeDb
    from serienpost_practice_db.mapping import SchemaMapping
    from serienpost_source_query.statement import Statement


@dataclass(frozen=True, slots=True)
class Returned:
    """A query with every column named by its table, and the tables of the database it reads."""

    tree: exp.Query
    tables: dict[str, Any]
    dialect: str

    @classmethod
    def by(cls, statement: Statement, db: PracticeDb) -> Returned:
        """Look up the query's tables.

        Raises:
            SourceError: a table or column is unknown, or no column `id` is returned.
        """
        tables = _known_tables(statement, db)
        try:
            tree = qualify(statement.tree.copy(), schema=tables, dialect=statement.dialect)
        except SqlglotError as error:
            raise SourceError(f"query: {_first_sentence(error)}") from None
        assert isinstance(tree, exp.Query)  # noqa: S101  # it was one before
        if "id" not in tree.named_selects:
            raise SourceError(
                "query: returns no column id", hint="write SELECT ... AS id, the key of the person"
            )
        return cls(tree, tables, statement.dialect)

    def column_class(self, name: str, schema: SchemaMapping) -> Sensitivity:
        """The class of a column of the query.

        Raises:
            SourceError: it is not returned, or made of something that must not leave.
        """
        if name not in self.tree.named_selects:
            raise SourceError(f"query: returns no column {name}, which columns: names")
        try:
            root = lineage(name, self.tree, self.tables, dialect=self.dialect)
        except SqlglotError as error:
            raise SourceError(f"query: {_first_sentence(error)}") from None
        classes = [_class_of(name, table, column, schema) for table, column in _bases(name, root)]
        if not classes:
            raise SourceError(f"query: the column {name} comes from no table")
        if name in CATALOGUE:
            classes.append(schema.sensitivity(name))
        return max(classes)


def _known_tables(statement: Statement, db: PracticeDb) -> dict[str, Any]:
    named = _tables(statement.tree)
    known = db.columns_of(named)
    missing = [name for name in named if name not in known]
    if missing:
        raise SourceError(f"query: the database has no table {missing[0]}")
    if len({"." in name for name in known}) > 1:
        raise SourceError(
            "query: some tables are named with their schema and some without",
            hint="write all in one way",
        )
    tables: dict[str, Any] = {}
    for written, columns in known.items():
        schema, _, name = written.rpartition(".")
        place = tables.setdefault(schema, {}) if schema else tables
        place[name] = dict.fromkeys(columns, "text")
    return tables


def _bases(name: str, root: Node) -> Iterator[tuple[str, str]]:
    for node in root.walk():
        if isinstance(node.expression, exp.Table):
            table = node.expression
            written = f"{table.db}.{table.name}" if table.db else table.name
            yield written, node.name.rpartition(".")[2].strip('"`')
        elif not node.downstream and list(node.expression.find_all(exp.Column)):
            raise SourceError(f"query: the column {name} cannot be traced to a table")
        elif _inner_query(node.expression):
            raise SourceError(
                f"query: the column {name} holds a query of its own", hint="use a join instead"
            )


def _inner_query(expression: exp.Expr) -> bool:
    made = expression.selects if isinstance(expression, exp.Query) else [expression]
    return any(part.find(exp.Query) for part in made)


def _class_of(name: str, table: str, column: str, schema: SchemaMapping) -> Sensitivity:
    fields = {
        field
        for entity in schema.entities.values()
        for field, mapping in entity.fields.items()
        if not mapping.is_expression
        and _same_table(mapping.table or entity.table, table)
        and mapping.sql.lower() == column.lower()
    }
    if not fields and column in CATALOGUE:
        fields = {column}
    if not fields:
        raise SourceError(
            f"query: the column {name} is made of {table}.{column}, no field of the schema",
            hint="map it in the file named under schema: and give it a class",
        )
    strictest = max(schema.sensitivity(field) for field in fields)
    if strictest >= Sensitivity.PROTECTED:
        raise SourceError(
            f"query: the column {name} is made of {table}.{column}, which is {strictest.label}"
            " and never enters a mailing"
        )
    if strictest == Sensitivity.CONTACT:
        raise SourceError(
            f"query: the column {name} is made of {table}.{column}; addresses are read by id"
        )
    if APPOINTMENT_TYPE in fields | {name} or name in CATALOGUE:
        _refuse_other_name(name, fields)
    return strictest


def _same_table(mapped: str, written: str) -> bool:
    """Whether they may be the same; a name without a schema may be in any."""
    one, other = mapped.lower().split("."), written.lower().split(".")
    return one[-1] == other[-1] and (one == other or len(one) != len(other))


def _refuse_other_name(name: str, fields: set[str]) -> None:
    """Rules that go by a field's name must not be evaded by giving it another one."""
    if name not in fields:
        raise SourceError(
            f"query: the column {name} is made of the field {min(fields)}",
            hint=f"name it {min(fields)}",
        )


def _tables(tree: exp.Query) -> list[str]:
    own = {cte.alias_or_name.lower() for cte in tree.find_all(exp.CTE)}
    found = (
        f"{table.db}.{table.name}" if table.db else table.name
        for table in tree.find_all(exp.Table)
        if table.name and (table.db or table.name.lower() not in own)
    )
    return list(dict.fromkeys(found))


def _first_sentence(error: SqlglotError) -> str:
    return str(error).splitlines()[0].rstrip(".")
