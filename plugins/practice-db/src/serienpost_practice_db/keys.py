"""Of which type keys are. What the database says of a column stands above what the schema says, so
that keys are compared in the column's own type and its index serves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from serienpost import ConfigError, Problem, Texts
from serienpost_practice_db.mapping import PERSONS, PRACTITIONER_ID, REPRESENTATIVE_ID

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import sqlalchemy as sa

    from serienpost_practice_db.mapping import EntityMapping, KeyType, SchemaMapping

_ = Texts(__name__)

# Columns of named tables by the name of their type; a domain has that of what it is made from.
_POSTGRESQL = """
SELECT wanted.entity, wanted.place, coalesce(base.typname, own.typname)
FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[])
     AS wanted (entity, place, schema, name, col)
JOIN pg_class c ON c.relname = wanted.name
JOIN pg_namespace n ON n.oid = c.relnamespace
     AND CASE WHEN wanted.schema = '' THEN pg_table_is_visible(c.oid)
              ELSE n.nspname = wanted.schema END
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = wanted.col
JOIN pg_type own ON own.oid = a.atttypid
LEFT JOIN pg_type base ON base.oid = own.typbasetype
"""

# Each column twice if its table lies in the database that the URL names: there under no schema.
_MARIADB = """
SELECT table_schema, table_name, column_name, data_type FROM information_schema.columns
WHERE table_name IN %s
UNION ALL
SELECT '', table_name, column_name, data_type FROM information_schema.columns
WHERE table_name IN %s AND table_schema = DATABASE()
"""

_KINDS: dict[KeyType, frozenset[str]] = {
    "uuid": frozenset({"uuid"}),
    "integer": frozenset(
        {"int2", "int4", "int8", "tinyint", "smallint", "mediumint", "int", "bigint"}
    ),
    "numeric": frozenset({"numeric", "decimal"}),
    "text": frozenset({"text", "varchar", "citext", "name", "char"}),
    "char": frozenset({"bpchar"}),
}
# What PostgreSQL compares with each other, and what to cast to.
_ALIKE: dict[KeyType | None, str] = {
    "uuid": "uuid", "integer": "bigint", "numeric": "bigint", "text": "text", "char": "text"
}  # fmt: skip

# Entity, place within it, and where that is: schema (none for the default), table, column.
_Column: TypeAlias = tuple[str, str, str, str, str]

# Entity and place within it (`id`, `fields.person_id`).
Place: TypeAlias = tuple[str, str]


@dataclass(frozen=True, slots=True)
class StoredType:
    """The type of a column, by the database's name for it."""

    name: str

    @property
    def key_type(self) -> KeyType | None:
        """What keys in such a column are, None where it is none of these."""
        return next((kind for kind, names in _KINDS.items() if self.name in names), None)


def referred(entity: str, field: str) -> tuple[str, ...]:
    """The kinds of record whose keys a field holds, none for most."""
    if field == "person_id":
        return PERSONS
    if field == REPRESENTATIVE_ID:
        return (entity,)
    return {
        PRACTITIONER_ID: ("behandler",),
        **{f"{kind}_id": (kind,) for kind in PERSONS},
    }.get(field, ())


def references(entity: EntityMapping) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The fields that hold keys, each with the kinds of record whose keys they are."""
    for field in entity.fields:
        if kinds := referred(entity.name, field):
            yield field, kinds


def stored_types(connection: sa.Connection, schema: SchemaMapping) -> dict[Place, StoredType]:
    """The types of the columns that hold keys, as far as the database tells. SQLite keeps values of
    any type in a column. Of fields that hold keys only PostgreSQL is asked: it alone insists that
    both sides of a comparison are alike."""
    if connection.dialect.name == "sqlite":
        return {}
    places = list(_places(schema))
    if connection.dialect.name != "postgresql":
        return _of_mariadb(connection, [place for place in places if place[1] == "id"])
    wanted = tuple(map(list, zip(*places, strict=True)))
    rows = connection.exec_driver_sql(_POSTGRESQL, wanted)
    return {(entity, place): StoredType(name) for entity, place, name in rows}


def _of_mariadb(connection: sa.Connection, places: list[_Column]) -> dict[Place, StoredType]:
    names = sorted({name for *_rest, name, _column in places})
    rows = connection.exec_driver_sql(_MARIADB, (names, names))
    known = {tuple(map(str.lower, row[:3])): row[3] for row in rows}
    return {
        (entity, place): StoredType(known[at])
        for entity, place, *written in places
        if (at := tuple(map(str.lower, written))) in known
    }


def _places(schema: SchemaMapping) -> Iterator[_Column]:
    for entity in schema.entities.values():
        columns = [("id", entity.table, entity.id)]
        for field, _kinds in references(entity):
            mapped = entity.fields[field]
            if not mapped.is_expression and not mapped.values:
                columns.append((f"fields.{field}", mapped.table or entity.table, mapped.sql))
        for place, table, column in columns:
            own_schema, _dot, name = table.rpartition(".")
            yield entity.name, place, own_schema, name, column


def with_stored_types(
    schema: SchemaMapping, types: Mapping[Place, StoredType], file: str | None
) -> SchemaMapping:
    """The schema with the types that the database has.

    Args:
        schema: as its file says.
        types: what `stored_types` found.
        file: the schema's, for messages.

    Raises:
        ConfigError: a field that holds keys cannot be compared with any of them.
    """
    entities = {}
    for name, entity in schema.entities.items():
        stored = types.get((name, "id"))
        # Only a column of that type holds each UUID in one spelling.
        declared: KeyType = "text" if entity.key_type == "uuid" else entity.key_type
        key_type = (stored.key_type if stored else None) or declared
        entities[name] = replace(entity, key_type=key_type)
    found = replace(schema, entities=entities)
    problems = list(_incomparable(found, types, file))
    if problems:
        raise ConfigError(*problems)
    return found


def _incomparable(
    schema: SchemaMapping, types: Mapping[Place, StoredType], file: str | None
) -> Iterator[Problem]:
    for entity in schema.entities.values():
        for field, kinds in references(entity):
            own = types.get((entity.name, f"fields.{field}"))
            keys = {kind: types[kind, "id"] for kind in kinds if (kind, "id") in types}
            if own is None or own.key_type is None or not keys:
                continue
            found = {_ALIKE.get(key.key_type) for key in keys.values()}
            if _ALIKE[own.key_type] in found:
                continue
            kind, key = next(iter(keys.items()))
            column = entity.fields[field].sql
            yield Problem(
                _(
                    "the column {column} is {type}, the key of {record} ({key}) is {key_type}, so"
                    " nobody would be found by it",
                    column=column,
                    type=own.name,
                    record=kind,
                    key=schema.entities[kind].id,
                    key_type=key.name,
                ),
                _(
                    "write {line}",
                    line=f'{field}: {{expression: "CAST({column} AS {_ALIKE[key.key_type]})"}}',
                )
                if key.key_type
                else _("map a column of the same type"),
                file,
                key=f"{entity.name}.fields.{field}",
            )
