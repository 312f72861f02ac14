"""Records that the schema leaves out by `where:` do not exist for a query either: in place of a
table it reads those of its records that remain."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from sqlglot import exp

from serienpost_practice_db.column_classes import same_table
from serienpost_practice_db.restricted_sql import CONDITION, read_one

if TYPE_CHECKING:
    from collections.abc import Iterable

    from serienpost_practice_db.mapping import EntityMapping, SchemaMapping


def table_named(name: str) -> exp.Table:
    """A table as the schema writes it, `SCHEMA.TABLE`."""
    schema, _, own = name.rpartition(".")
    return exp.Table(
        this=exp.to_identifier(own, quoted=True),
        db=exp.to_identifier(schema, quoted=True) if schema else None,
    )


def existing_records(schema: SchemaMapping, name: str, database: str) -> exp.Select | None:
    """What a query reads in place of a table, None where that is the table itself.

    A record exists that one of the kinds mapped to the table does not leave out.
    """
    mapped = [one for one in schema.entities.values() if same_table(one.table, name)]
    if not mapped or not all(entity.where for entity in mapped):
        return None
    tests = [_test(entity, name, database) for entity in mapped]
    any_of_them = reduce(lambda left, right: exp.Or(this=left, expression=right), tests)
    return exp.select(exp.Star()).from_(table_named(name)).where(any_of_them, copy=False)


def _test(entity: EntityMapping, name: str, database: str) -> exp.Expr:
    test = _all(_read(condition, database) for condition in entity.where)
    if not entity.joins:
        return exp.paren(test, copy=False)
    key = exp.column(exp.to_identifier(entity.id, quoted=True), table=_last(name))
    found = exp.select(key).from_(table_named(name))
    for joined, condition in entity.joins.items():
        found = found.join(
            table_named(joined), on=_read(condition, database), join_type="left", copy=False
        )
    query = exp.Subquery(this=found.where(test, copy=False))
    return exp.In(this=key.copy(), query=query)


def _all(tests: Iterable[exp.Expr]) -> exp.Expr:
    return reduce(lambda left, right: exp.And(this=left, expression=right), tests)


def _read(condition: str, database: str) -> exp.Expr:
    """The condition with its names as the database folds them, since what is run quotes them."""
    tree = read_one(condition, database, "where", CONDITION)
    if database == "postgresql":
        for name in tree.find_all(exp.Identifier):
            if not name.args.get("quoted"):
                name.set("this", name.name.lower())
    return exp.paren(tree, copy=False)


def _last(name: str) -> exp.Identifier:
    return exp.to_identifier(name.rpartition(".")[2], quoted=True)
