"""SELECT statements for people: exactly the requested fields, minors told apart in the database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import (  # noqa: TID253  # imported when reading
    ColumnElement,
    Integer,
    Select,
    literal_column,
    select,
)

from serienpost import SelectionError, Texts
from serienpost_practice_db.functions import German
from serienpost_practice_db.household import Household, Wanted, fields_for_age
from serienpost_practice_db.mapping import BIRTH_DATE
from serienpost_practice_db.views import KEY, view

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy.sql.selectable import Subquery

    from serienpost import RowRequest
    from serienpost_practice_db.birthdays import BirthdayWindow
    from serienpost_practice_db.conditions import Condition
    from serienpost_practice_db.mapping import EntityMapping, SchemaMapping

_ = Texts(__name__)


@dataclass(frozen=True, slots=True)
class PersonStatement:
    """A statement and what its columns mean.

    The columns are year of the birthday (0 without a birthday selection), key, key of the
    representative, 1 for a minor, then `names`. Requested fields that the person's table lacks
    are not among them.
    """

    select: Select[Any]
    names: tuple[str, ...]


def person_statement(
    schema: SchemaMapping,
    entity: EntityMapping,
    conditions: Sequence[Condition],
    request: RowRequest,
    birthdays: BirthdayWindow | None = None,
) -> PersonStatement:
    """Build the statement that reads people.

    Raises:
        SourceError: a field that must never leave the practice is asked for, or the schema does
            not map a field of a condition or of the order.
    """
    wanted = Wanted.of(schema, entity, request.fields)
    read = wanted.direct.union(*(condition.fields for condition in conditions))
    read |= ordered_fields(request) | fields_for_age(entity)
    if birthdays:
        read |= {BIRTH_DATE}
    person = view(entity, read)
    household = Household.of(entity, person, wanted, request.judged_on)
    tests = [condition.test(person.c) for condition in conditions]
    columns: list[ColumnElement[Any]] = [
        household.column(name).label(name) for name in wanted.names
    ]
    if birthdays:
        tests.append(birthdays.falls(person.c))
    statement = select(
        (birthdays.year(person.c) if birthdays else literal_column("0", Integer)).label("year"),
        person.c[KEY],
        household.representative_key.label("representative"),
        household.minor_flag.label("minor"),
        *columns,
    ).select_from(household.beside(person))
    statement = statement.where(*tests).order_by(*_order(entity, person, schema, request))
    return PersonStatement(statement, wanted.names)


def ordered_fields(request: RowRequest) -> set[str]:
    """The fields that the rows are ordered by."""
    return {name.removeprefix("-") for name in request.order_by}


def sortable(
    schema: SchemaMapping,
    entity: EntityMapping,
    name: str,
    columns: Any,  # noqa: ANN401
) -> ColumnElement[Any]:
    """The field as rows are ordered by it.

    Raises:
        SourceError: the field is of a class that never leaves, not even as an order.
    """
    if not schema.may_leave(name):
        raise SelectionError(_("rows cannot be ordered by {name}, which is never read", name=name))
    return German(columns[name]) if entity.fields[name].type == "text" else columns[name]


def directed(values: Iterable[ColumnElement[Any]], request: RowRequest) -> list[ColumnElement[Any]]:
    """The values of `request.order_by` in their direction; unknown ones come last."""
    order: list[ColumnElement[Any]] = []
    for written, value in zip(request.order_by, values, strict=True):
        order += [value.is_(None), value.desc() if written.startswith("-") else value]
    return order


def _order(
    entity: EntityMapping, person: Subquery, schema: SchemaMapping, request: RowRequest
) -> list[ColumnElement[Any]]:
    names = [name.removeprefix("-") for name in request.order_by]
    values = [sortable(schema, entity, name, person.c) for name in names]
    return [*directed(values, request), person.c[KEY]]
