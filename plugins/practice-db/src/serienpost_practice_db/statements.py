"""SELECT statements for people: exactly the requested fields, minors told apart in the database.

For a person under 18 at the due date, contact fields and `vertreter_*` are those of the
representative. A representative who is under age too counts as none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import (  # noqa: TID253  # imported when reading
    ColumnElement,
    Integer,
    Select,
    and_,
    case,
    literal_column,
    or_,
    select,
)

from serienpost import Sensitivity, SourceError
from serienpost_practice_db.birthdays import minors_born_since
from serienpost_practice_db.functions import German
from serienpost_practice_db.mapping import BIRTH_DATE, REPRESENTATIVE, REPRESENTATIVE_ID
from serienpost_practice_db.views import KEY, view

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.sql.selectable import FromClause, Subquery

    from serienpost import RowRequest
    from serienpost_practice_db.birthdays import BirthdayWindow
    from serienpost_practice_db.conditions import Condition
    from serienpost_practice_db.mapping import EntityMapping, SchemaMapping


@dataclass(frozen=True, slots=True)
class PersonStatement:
    """A statement and what its columns mean.

    The columns are key, key of the representative, 1 for a minor, year of the birthday (0 without
    a birthday selection), then `names`. Requested fields that the person's table lacks are not
    among them.
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
    wanted = _Wanted.of(schema, entity, request)
    read = wanted.direct.union(*(condition.fields for condition in conditions))
    read |= {name.removeprefix("-") for name in request.order_by}
    if entity.has_minors:
        read |= {BIRTH_DATE, REPRESENTATIVE_ID}
    if birthdays:
        read |= {BIRTH_DATE}
    person = view(entity, read)
    household = _Household.of(entity, person, wanted, request)
    year = birthdays.year(person.c) if birthdays else literal_column("0", Integer)
    names = tuple(sorted(wanted.direct | wanted.of_representative))
    statement = select(
        person.c[KEY],
        household.representative_key.label("representative"),
        household.minor_flag.label("minor"),
        year.label("year"),
        *(household.column(name).label(name) for name in names),
    ).select_from(household.tables)
    tests = [condition.test(person.c) for condition in conditions]
    if birthdays:
        tests.append(birthdays.falls(person.c))
    statement = statement.where(*tests).order_by(*_order(entity, person, schema, request))
    return PersonStatement(statement, names)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Requested fields that can be read: the person's own, contact among them, and those of the
    representative (by their own names)."""

    direct: frozenset[str]
    contact: frozenset[str]
    of_representative: frozenset[str]

    @classmethod
    def of(cls, schema: SchemaMapping, entity: EntityMapping, request: RowRequest) -> _Wanted:
        for name in sorted(request.fields):
            if not schema.may_leave(name):
                label = schema.sensitivity(name).label
                raise SourceError(f"field {name} is {label} and is never read for a mailing")
        direct = request.fields & entity.fields.keys()
        contact = {name for name in direct if schema.sensitivity(name) == Sensitivity.CONTACT}
        known = {f"{REPRESENTATIVE}{name}" for name in entity.fields} if entity.has_minors else ()
        others = (request.fields - direct).intersection(known)
        return cls(direct, frozenset(contact), others)


class _Household:
    """A person with the representative beside, where the practice knows ages."""

    def __init__(
        self, tables: FromClause, person: Subquery, is_minor: ColumnElement[bool] | None
    ) -> None:
        self.tables = tables
        self.minor_flag: ColumnElement[int] = literal_column("0", Integer)
        self.representative_key: ColumnElement[Any] = literal_column("NULL")
        self._person = person
        self._is_minor = is_minor
        self._guardian: Subquery | None = None
        self._contact: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls, entity: EntityMapping, person: Subquery, wanted: _Wanted, request: RowRequest
    ) -> _Household:
        if not entity.has_minors:
            return cls(person, person, None)
        minors_since = minors_born_since(request.due)
        is_minor = person.c[BIRTH_DATE] >= minors_since
        names = {name.removeprefix(REPRESENTATIVE) for name in wanted.of_representative}
        guardian = view(entity, {BIRTH_DATE} | wanted.contact | names, "representative")
        is_adult = or_(guardian.c[BIRTH_DATE].is_(None), guardian.c[BIRTH_DATE] < minors_since)
        belongs = and_(is_minor, guardian.c[KEY] == person.c[REPRESENTATIVE_ID], is_adult)
        household = cls(person.outerjoin(guardian, belongs), person, is_minor)
        household.minor_flag = case((is_minor, 1), else_=0)
        household.representative_key = guardian.c[KEY]
        household._guardian = guardian
        household._contact = wanted.contact
        return household

    def column(self, name: str) -> ColumnElement[Any]:
        """The requested field: the representative's where that is the rule."""
        if self._guardian is None or self._is_minor is None:
            return self._person.c[name]
        if name not in self._person.c:
            return self._guardian.c[name.removeprefix(REPRESENTATIVE)]
        own = self._person.c[name]
        if name in self._contact:
            return case((self._is_minor, self._guardian.c[name]), else_=own)
        return own


def _order(
    entity: EntityMapping, person: Subquery, schema: SchemaMapping, request: RowRequest
) -> list[ColumnElement[Any]]:
    order: list[ColumnElement[Any]] = []
    for written in request.order_by:
        name = written.removeprefix("-")
        if not schema.may_leave(name):
            raise SourceError(f"rows cannot be ordered by {name}, which is never read")
        is_text = entity.fields[name].type == "text"
        value = German(person.c[name]) if is_text else person.c[name]
        order.append((value.desc() if written.startswith("-") else value).nulls_last())
    return [*order, person.c[KEY]]
