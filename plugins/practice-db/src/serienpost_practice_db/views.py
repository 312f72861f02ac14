"""An entity as a table of our field names: `SELECT id, expression AS field ... FROM its table`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import (  # noqa: TID253  # imported when a statement is built
    BigInteger,
    Boolean,
    Date,
    DateTime,
    String,
    case,
    cast,
    literal_column,
    select,
    table,
    type_coerce,
)
from sqlalchemy import column as sql_column  # noqa: TID253
from sqlalchemy.types import TypeDecorator, UserDefinedType  # noqa: TID253

from serienpost import SelectionError, Texts, did_you_mean
from serienpost_practice_db.functions import Moment

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sqlalchemy import Dialect
    from sqlalchemy.sql.elements import ColumnClause, ColumnElement
    from sqlalchemy.sql.selectable import FromClause, Subquery, TableClause
    from sqlalchemy.types import TypeEngine

    from serienpost_practice_db.mapping import EntityMapping, FieldMapping, KeyType

_ = Texts(__name__)

# Label of the key in every view; no field has this name.
KEY = "id"


class ColumnType(UserDefinedType[Any]):
    """Whatever the column is: what is compared with it gets no type of ours, so that the server
    takes it for one of the column's and uses its index."""

    cache_ok = True


class _FilledUp(ColumnType):
    """A text that the database fills up with blanks, which mean nothing."""

    cache_ok = True

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:  # noqa: ANN401, ARG002
        return lambda value: value.rstrip(" ") if isinstance(value, str) else value


class _WholeNumber(TypeDecorator[int]):
    """A number of a type that the driver gives as Decimal."""

    impl = BigInteger
    cache_ok = True

    def process_result_value(self, value: Any, dialect: Dialect) -> int | None:  # noqa: ANN401, ARG002
        return None if value is None else int(value)


_TYPES: dict[str, TypeEngine[Any]] = {
    "text": String(),
    "integer": BigInteger(),  # a driver casts what it binds to this, and keys may be large
    "boolean": Boolean(),
    "date": Date(),
    "datetime": DateTime(),
}


_KEY_TYPES: dict[KeyType, TypeEngine[Any]] = {
    "integer": BigInteger(),
    "numeric": _WholeNumber(),
    "text": ColumnType(),
    "char": _FilledUp(),
    "uuid": ColumnType(),
}


def as_key(column: ColumnElement[Any], entity: EntityMapping) -> ColumnElement[Any]:
    """A column that holds keys of the entity, as they are compared."""
    return type_coerce(column, _KEY_TYPES[entity.key_type])


def view(entity: EntityMapping, fields: Iterable[str], alias: str | None = None) -> Subquery:
    """The entity with these fields and no other column of its table, and no record that `where`
    leaves out. Nothing reads a table of the practice in another way.

    Columns are qualified by their table, because SQLite takes a quoted name that no table has
    for a text.

    Raises:
        SourceError: the schema does not map one of the fields.
    """
    mapped = {name: _mapped(entity, name) for name in sorted(set(fields))}
    own = _table(entity.table, [entity.id, *_columns_of(mapped.values(), None)])
    tables: dict[str | None, TableClause] = {None: own}
    joined: FromClause = own
    for name, condition in _joins_needed(entity, mapped.values()):
        tables[name] = _table(name, _columns_of(mapped.values(), name))
        joined = joined.outerjoin(tables[name], literal_column(f"({condition})", Boolean()))
    key = as_key(own.c[entity.id], entity).label(KEY)
    values = [
        _value(tables[mapping.table], mapping).label(field) for field, mapping in mapped.items()
    ]
    found = select(key, *values).select_from(joined)
    conditions = [literal_column(f"({condition})", Boolean()) for condition in entity.where]
    return found.where(*conditions).subquery(alias or entity.name)


def _joins_needed(entity: EntityMapping, mapped: Collection[FieldMapping]) -> list[tuple[str, str]]:
    """The joins that a field uses; an expression and a condition may use any."""
    used = {mapping.table for mapping in mapped}
    any_of_them = bool(entity.where) or any(mapping.is_expression for mapping in mapped)
    return [(name, on) for name, on in entity.joins.items() if any_of_them or name in used]


def _columns_of(mapped: Collection[FieldMapping], table_name: str | None) -> list[str]:
    return [
        mapping.sql
        for mapping in mapped
        if not mapping.is_expression and mapping.table == table_name
    ]


def _table(written: str, names: Iterable[str]) -> TableClause:
    schema, _dot, name = written.rpartition(".")
    columns: list[ColumnClause[Any]] = [sql_column(c) for c in sorted(set(names))]
    return table(name, *columns, schema=schema or None)


def _mapped(entity: EntityMapping, name: str) -> FieldMapping:
    found = entity.fields.get(name)
    if found is None:
        hint = did_you_mean(name, entity.fields) or _("map it in the file named under schema:")
        message = _("the schema has no field {name} for {record}", name=name, record=entity.name)
        raise SelectionError(message, hint=hint)
    return found


def _value(source: TableClause, mapping: FieldMapping) -> ColumnElement[Any]:
    type_ = _TYPES[mapping.type]
    if mapping.type == "datetime":
        return Moment(
            literal_column(f"({mapping.sql})") if mapping.is_expression else source.c[mapping.sql]
        )
    stored: ColumnElement[Any] = (
        literal_column(f"({mapping.sql})", type_)
        if mapping.is_expression
        else type_coerce(source.c[mapping.sql], type_)
    )
    if not mapping.values:
        return stored
    text = cast(stored, String)
    return case(*((text == old, new) for old, new in mapping.values.items()), else_=text)
