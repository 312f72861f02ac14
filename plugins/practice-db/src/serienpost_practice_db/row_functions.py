"""Names of the schema that PostgreSQL would take for a function over the whole row.

`patient.to_json` calls `to_json(patient)` where the table has no column of that name ("Using
Composite Types in Queries" in the manual of PostgreSQL), so one name could stand for all columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost import Problem, SourceError, Texts

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    import sqlalchemy as sa

    from serienpost_practice_db.expressions import ReadColumn
    from serienpost_practice_db.mapping import EntityMapping, SchemaMapping

_ = Texts(__name__)

# All functions that one row may be given to.
_FUNCTIONS = """
SELECT DISTINCT lower(p.proname) FROM pg_proc p JOIN pg_type t ON t.oid = p.proargtypes[0]
WHERE (p.pronargs - p.pronargdefaults <= 1 OR p.provariadic <> 0) AND t.typtype IN ('c', 'd', 'p')
   OR t.oid IN (SELECT c.casttarget FROM pg_cast c JOIN pg_type s ON s.oid = c.castsource
                WHERE s.typtype = 'c')
"""


def row_functions(connection: sa.Connection) -> frozenset[str]:
    """The names, in small letters, that stand for a function where no column has them."""
    return frozenset(name for (name,) in connection.exec_driver_sql(_FUNCTIONS))


def refuse_row_functions(
    schema: SchemaMapping, functions: Collection[str], columns: Callable[[str], Collection[str]]
) -> None:
    """Refuse a schema with such a name.

    Args:
        schema: the practice's mapping.
        functions: what `row_functions` found.
        columns: those of a table, none where it is not there.

    Raises:
        SourceError: names every place.
    """

    def is_called(name: str, tables: Iterable[str]) -> bool:
        """Whether the name may be a function: not all of the tables have such a column."""
        of = [{column.lower() for column in columns(table)} for table in tables]
        return name.lower() in functions and not (of and all(name.lower() in one for one in of))

    found = [
        Problem(
            _(
                "{place}: no column is called {name}, and PostgreSQL would call the function of"
                " that name with the whole row",
                place=f"{entity.name}.{place}",
                name=name,
            ),
            _("correct the file named under schema:"),
        )
        for entity in schema.entities.values()
        for place, name, tables in _names(entity)
        if is_called(name, tables)
    ]
    if found:
        raise SourceError(*found)


def _names(entity: EntityMapping) -> Iterator[tuple[str, str, Iterable[str]]]:
    """Each place, the name that is read there, and the tables that it may be a column of."""
    yield "id", entity.id, (entity.table,)
    for field, mapped in entity.fields.items():
        if not mapped.is_expression:
            yield f"fields.{field}", mapped.sql, (mapped.table or entity.table,)
    texts = {f"fields.{name}": mapped.sql for name, mapped in entity.fields.items()
             if mapped.is_expression}  # fmt: skip
    texts |= {f"joins.{name}": on for name, on in entity.joins.items()}
    texts |= {f"where {number}": test for number, test in enumerate(entity.where, 1)}
    for place, text in texts.items():
        for column in _read(text, entity):
            if column.is_qualified:
                yield place, column.name, column.nearest


def _read(text: str, entity: EntityMapping) -> tuple[ReadColumn, ...]:
    """The columns of what was checked when the schema was read."""
    from serienpost_practice_db.expressions import read_expression
    from serienpost_practice_db.restricted_sql import CONDITION

    tables = (entity.table, *entity.joins)
    return read_expression(text, tables, "postgresql", entity.name, place=CONDITION).columns
