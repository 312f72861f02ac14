"""A person with the representative beside: whose contact data a row carries, and who consents.

For a person under 18 on the day of leaving, contact fields and `vertreter_*` are those of the
representative. A representative who is under age too counts as none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import (  # noqa: TID253  # imported when reading
    ColumnElement,
    Integer,
    and_,
    case,
    literal_column,
    or_,
)

from serienpost import SelectionError, Sensitivity, Texts
from serienpost_practice_db.birthdays import minors_born_since
from serienpost_practice_db.mapping import BIRTH_DATE, REPRESENTATIVE, REPRESENTATIVE_ID
from serienpost_practice_db.views import KEY, view

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy.sql.selectable import FromClause, Subquery

    from serienpost_practice_db.mapping import EntityMapping, SchemaMapping

_ = Texts(__name__)


def fields_for_age(entity: EntityMapping) -> set[str]:
    """The fields that the view of a person needs so that minors can be told apart."""
    return {BIRTH_DATE, REPRESENTATIVE_ID} if entity.has_minors else set()


@dataclass(frozen=True, slots=True)
class Wanted:
    """Requested fields that can be read: the person's own, contact among them, and those of the
    representative (by their own names)."""

    direct: frozenset[str]
    contact: frozenset[str]
    of_representative: frozenset[str]

    @classmethod
    def of(cls, schema: SchemaMapping, entity: EntityMapping, fields: frozenset[str]) -> Wanted:
        """Sort out the fields.

        Raises:
            SourceError: one of them must never leave the practice.
        """
        for name in sorted(fields):
            if not schema.may_leave(name):
                label = schema.sensitivity(name).label
                raise SelectionError(
                    _(
                        "field {name} is {label} and is never read for a mailing",
                        name=name,
                        label=label,
                    )
                )
        direct = fields & entity.fields.keys()
        contact = {name for name in direct if schema.sensitivity(name) == Sensitivity.CONTACT}
        known = {f"{REPRESENTATIVE}{name}" for name in entity.fields} if entity.has_minors else ()
        others = (fields - direct).intersection(known)
        return cls(direct, frozenset(contact), others)

    @property
    def names(self) -> tuple[str, ...]:
        """All of them, sorted."""
        return tuple(sorted(self.direct | self.of_representative))


class Household:
    """A person with the representative beside, where the practice knows ages."""

    def __init__(self, person: Subquery, is_minor: ColumnElement[bool] | None) -> None:
        self.minor_flag: ColumnElement[int] = literal_column("0", Integer)
        self.representative_key: ColumnElement[Any] = literal_column("NULL")
        self._person = person
        self._is_minor = is_minor
        self._guardian: Subquery | None = None
        self._belongs: ColumnElement[bool] | None = None
        self._contact: frozenset[str] = frozenset()

    @classmethod
    def of(cls, entity: EntityMapping, person: Subquery, wanted: Wanted, day: date) -> Household:
        """The household of `person`, a view that has `fields_for_age`, as it is on that day."""
        if not entity.has_minors:
            return cls(person, None)
        minors_since = minors_born_since(day)
        is_minor = person.c[BIRTH_DATE] >= minors_since
        names = {name.removeprefix(REPRESENTATIVE) for name in wanted.of_representative}
        guardian = view(entity, {BIRTH_DATE} | wanted.contact | names, "representative")
        is_adult = or_(guardian.c[BIRTH_DATE].is_(None), guardian.c[BIRTH_DATE] < minors_since)
        belongs = and_(is_minor, guardian.c[KEY] == person.c[REPRESENTATIVE_ID], is_adult)
        household = cls(person, is_minor)
        household.minor_flag = case((is_minor, 1), else_=0)
        household.representative_key = guardian.c[KEY]
        household._guardian = guardian
        household._belongs = belongs
        household._contact = wanted.contact
        return household

    def beside(self, tables: FromClause) -> FromClause:
        """The tables, the person among them, with the representative beside."""
        if self._guardian is None or self._belongs is None:
            return tables
        return tables.outerjoin(self._guardian, self._belongs)

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
