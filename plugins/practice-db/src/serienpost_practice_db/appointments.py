"""The SELECT statement for appointments: one record per appointment and the person it is for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import (  # noqa: TID253  # imported when reading
    ColumnElement,
    Select,
    String,
    case,
    cast,
    literal,
    null,
    select,
    union_all,
)

from serienpost import SelectionError, Texts
from serienpost_practice_db.household import Household, Wanted, fields_for_age
from serienpost_practice_db.mapping import BEGIN, PERSONS, PRACTITIONER, STATUS
from serienpost_practice_db.statements import directed, ordered_fields, sortable
from serienpost_practice_db.views import KEY, view

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.sql.selectable import FromClause

    from serienpost import RowRequest
    from serienpost_practice_db.conditions import Condition
    from serienpost_practice_db.mapping import SchemaMapping

_ = Texts(__name__)

OPEN_STATES = ("geplant", "bestaetigt")
# What `termin_status` may be for somebody to be written to; cancelled appointments and slots
# without a person are never recipients.
PAST_STATES = ("erschienen", "nicht_erschienen")


@dataclass(frozen=True, slots=True)
class AppointmentStatement:
    """A statement and what its columns mean.

    The columns are kind of person, key of the appointment, its begin, 1 while it is still to
    come, key of the person, key of the representative, 1 for a minor, then `names`.
    """

    select: Select[Any]
    names: tuple[str, ...]


def appointment_statement(
    schema: SchemaMapping,
    persons: Sequence[str],
    conditions: Sequence[Condition],
    request: RowRequest,
) -> AppointmentStatement:
    """Build the statement that reads appointments in the order of their begin.

    Args:
        schema: the practice's mapping.
        persons: kinds of person; those that appointments cannot be for are left out.
        conditions: on the appointment.
        request: fields of the appointment (`termin_*`, `terminart`, `behandler_*`), others are of
            the person.

    Raises:
        SourceError: a field must never leave, or the schema maps no appointments.
    """
    termin = schema.entities["termin"]
    kinds = [kind for kind in persons if f"{kind}_id" in termin.fields]
    if not kinds:
        raise SelectionError(
            _("the schema says of no appointment whose it is"),
            hint=_("map patient_id or interessent_id under termin:"),
        )
    parts = _Parts.of(schema, request)
    every = [parts.of_person(kind, conditions) for kind in kinds]
    found = union_all(*every).subquery("liste") if len(every) > 1 else every[0].subquery("liste")
    orders = [found.c[f"order_{index}"] for index in range(len(request.order_by))]
    columns = [c for c in found.c if not str(c.name).startswith("order_")]
    statement = select(*columns).order_by(
        *directed(orders, request), found.c.begins, found.c.appointment, found.c.person
    )
    return AppointmentStatement(statement, parts.names)


@dataclass(frozen=True, slots=True)
class _Parts:
    """The requested fields, by the table they are read from."""

    schema: SchemaMapping
    request: RowRequest
    of_appointment: frozenset[str]
    of_practitioner: frozenset[str]
    names: tuple[str, ...]

    @classmethod
    def of(cls, schema: SchemaMapping, request: RowRequest) -> _Parts:
        fields = request.fields
        termin, behandler = schema.entities["termin"], schema.entities["behandler"]
        own = fields & termin.fields.keys()
        treating = fields & {f"{PRACTITIONER}{name}" for name in behandler.fields}
        people = {
            name
            for kind in PERSONS
            for name in Wanted.of(schema, schema.entities[kind], fields - own - treating).names
        }
        for name in sorted(own | treating):
            if not schema.may_leave(name):
                raise SelectionError(_("field {name} is never read for a mailing", name=name))
        return cls(schema, request, own, treating, tuple(sorted(own | treating | people)))

    def of_person(self, kind: str, conditions: Sequence[Condition]) -> Select[Any]:
        """The appointments of one kind of person."""
        schema, request = self.schema, self.request
        entity, termin = schema.entities[kind], schema.entities["termin"]
        wanted = Wanted.of(schema, entity, request.fields - self.of_appointment)
        ordered = ordered_fields(request)
        read = {BEGIN, STATUS, f"{kind}_id"} | self.of_appointment
        read |= ordered & termin.fields.keys()
        if self.of_practitioner:
            read |= {"behandler_id"}
        slot = view(termin, read.union(*(condition.fields for condition in conditions)))
        of_person = (ordered & entity.fields.keys()) - termin.fields.keys()
        person = view(entity, wanted.direct | fields_for_age(entity) | of_person)
        household = Household.of(entity, person, wanted, request.judged_on)
        tables: FromClause = slot.join(person, person.c[KEY] == slot.c[f"{kind}_id"])
        tables = household.beside(tables)
        values: dict[str, ColumnElement[Any]] = {n: household.column(n) for n in wanted.names}
        values |= {name: slot.c[name] for name in self.of_appointment}
        if self.of_practitioner:
            fields = {name.removeprefix(PRACTITIONER) for name in self.of_practitioner}
            doctor = view(schema.entities["behandler"], fields)
            tables = tables.outerjoin(doctor, doctor.c[KEY] == slot.c.behandler_id)
            values |= {f"{PRACTITIONER}{name}": doctor.c[name] for name in fields}
        unknown = cast(null(), String)
        return (
            select(
                literal(kind, String).label("person"),
                slot.c[KEY].label("appointment"),
                slot.c[BEGIN].label("begins"),
                case((slot.c[STATUS].in_(OPEN_STATES), 1), else_=0).label("to_come"),
                cast(person.c[KEY], String).label("key"),
                cast(household.representative_key, String).label("representative"),
                household.minor_flag.label("minor"),
                *(values.get(name, unknown).label(name) for name in self.names),
                *self._orders(kind, slot.c, person.c),
            )
            .select_from(tables)
            .where(
                slot.c[STATUS].in_((*OPEN_STATES, *PAST_STATES)),
                slot.c[BEGIN].is_not(None),
                *(condition.test(slot.c) for condition in conditions),
            )
        )

    def _orders(self, kind: str, slot: Any, person: Any) -> list[ColumnElement[Any]]:  # noqa: ANN401
        orders: list[ColumnElement[Any]] = []
        entity, termin = self.schema.entities[kind], self.schema.entities["termin"]
        for index, written in enumerate(self.request.order_by):
            name = written.removeprefix("-")
            if name in termin.fields:
                value = sortable(self.schema, termin, name, slot)
            elif name in entity.fields:
                value = sortable(self.schema, entity, name, person)
            elif any(name in self.schema.entities[other].fields for other in PERSONS):
                value = cast(null(), String)
            else:
                raise SelectionError(
                    _("rows cannot be ordered by {name}, the schema has no such field", name=name)
                )
            orders.append(value.label(f"order_{index}"))
        return orders
