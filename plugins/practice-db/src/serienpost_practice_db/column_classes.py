"""How much each field of a schema tells: the strictest class of all columns that it reads.

A column lends its class to whatever reads it: that of the fields it is mapped to, and that of the
protected or medical field it is named like. A column that no field is mapped to is protected; a
vendor may lower that alone, by `class:` and `because:`, see `docs/schema.md`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from serienpost import CATALOGUE, Problem, Sensitivity, SourceError, Texts, joined, known_field
from serienpost_practice_db.mapping import (
    NEVER_READ,
    PERSONS,
    PRACTITIONER,
    REFERENCE_SCHEMA,
    REPRESENTATIVE,
    STATUS,
    SYSTEM_SETTINGS,
    last_name,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from serienpost_practice_db.expressions import Expression, ReadColumn
    from serienpost_practice_db.mapping import EntityMapping, FieldMapping, SchemaMapping

_ = Texts(__name__)

# Read by the rules themselves; without a class they stay protected, and no line is asked for.
_READ_BY_RULES = frozenset({STATUS})

Place = tuple[str, ...]


@dataclass
class Traced:
    """The schema with its classes and its SQL written anew, and what is wrong with it."""

    schema: SchemaMapping
    problems: list[tuple[Place, Problem]] = field(default_factory=list)


def traced(schema: SchemaMapping, database: str) -> Traced:
    """Trace every field of a schema to the columns it reads.

    Args:
        schema: as its file says.
        database: the database's language.
    """
    problems: list[tuple[Place, Problem]] = []
    columns = _Columns(schema)
    classes: dict[str, Sensitivity] = {}
    lowered: dict[str, str] = {}
    entities = {}
    for entity in schema.entities.values():
        problems += _settings_read(entity, schema)
        fields = {}
        for name, mapped in entity.fields.items():
            place = (entity.name, "fields", name)
            try:
                expression = _read(entity, mapped, name, database, schema)
            except SourceError as error:
                problems += [(place, problem) for problem in error.problems]
                continue
            sensitivity = _class(name, mapped, columns.read_by(entity, name, mapped, expression))
            if sensitivity.line:
                problems.append((place, sensitivity.line))
            for key in _keys(entity.name, name):
                classes[key] = max(classes.get(key, sensitivity.value), sensitivity.value)
            if sensitivity.lowered and mapped.because:
                lowered[name] = mapped.because
            fields[name] = replace(mapped, sql=expression.sql) if expression else mapped
        joins, where, refused = _conditions(entity, database, schema)
        problems += refused
        entities[entity.name] = replace(entity, fields=fields, joins=joins, where=where)
    stricter = {
        name: value
        for name, value in classes.items()
        if name not in CATALOGUE or value > CATALOGUE[name].sensitivity
    }
    found = replace(schema, entities=entities, classes=stricter)
    reasons = {name: why for name, why in lowered.items() if found.may_leave(name)}
    return Traced(replace(found, lowered=reasons), problems)


def _keys(entity: str, name: str) -> Iterator[str]:
    """The names under which rows carry the field."""
    yield name
    if entity in PERSONS:
        yield f"{REPRESENTATIVE}{name}"
    elif entity == "behandler":
        yield f"{PRACTITIONER}{name}"


@dataclass(frozen=True)
class _Read:
    """What a field reads: classes that columns lend, and whether a column is unmapped."""

    lent: Sensitivity
    unmapped: bool


@dataclass(frozen=True)
class _Class:
    """The class of a field, whether it is lower than that of its columns, the line to add."""

    value: Sensitivity
    lowered: bool = False
    line: Problem | None = None


def _class(name: str, mapped: FieldMapping, read: _Read) -> _Class:
    own = known_field(name, {name: mapped.given} if mapped.given is not None else {}).sensitivity
    strictest = max(own, read.lent)
    if not read.unmapped or strictest >= Sensitivity.PROTECTED:
        return _Class(strictest)
    if mapped.given is not None and mapped.because:
        return _Class(strictest, lowered=True)
    if name in _READ_BY_RULES:
        return _Class(Sensitivity.PROTECTED)
    line = _('because: "why this tells no more"')
    if mapped.given is None:
        line = joined(", ", (f"class: {strictest.label}", line))
    message = _("reads a column that no field is mapped to, so it is protected and never leaves")
    hint = _("if it may leave, add {line}", line=line)
    return _Class(Sensitivity.PROTECTED, line=Problem(message, hint))


@dataclass(frozen=True)
class _Mapped:
    """A field that a column is mapped to; one that is new tells nothing of it without a reason."""

    table: str
    field: tuple[str, str]
    sensitivity: Sensitivity
    is_vouched: bool


class _Columns:
    """The classes that columns have by the fields mapped to them."""

    def __init__(self, schema: SchemaMapping) -> None:
        self._by_column: dict[str, list[_Mapped]] = {}
        self._tables: set[str] = set()
        for entity in schema.entities.values():
            self._tables |= {entity.table, *entity.joins}
            for name, mapped in entity.fields.items():
                if mapped.is_expression or (name not in CATALOGUE and mapped.given is None):
                    continue
                given = {name: mapped.given} if mapped.given is not None else {}
                of = self._by_column.setdefault(mapped.sql.lower(), [])
                own = known_field(name, given).sensitivity
                vouched = name in CATALOGUE or mapped.because is not None
                of.append(_Mapped(mapped.table or entity.table, (entity.name, name), own, vouched))

    def read_by(
        self, entity: EntityMapping, name: str, mapped: FieldMapping, expression: Expression | None
    ) -> _Read:
        """What a field reads."""
        if expression is None:
            of = self._of(mapped.table or entity.table, mapped.sql)
            lent = [one.sensitivity for one in of]
            if not _in_reference(entity.name, name, mapped.sql):
                lent += _named(mapped.sql)
            others = any(one.is_vouched for one in of if one.field != (entity.name, name))
            return _Read(max(lent, default=Sensitivity.PLAIN), name not in CATALOGUE and not others)
        lent, unmapped = [], expression.reads_rows
        for column in expression.columns:
            of = [one for table in column.reachable for one in self._of(table, column.name)]
            lent += [*(one.sensitivity for one in of), *_named(column.name)]
            unmapped |= not self._is_vouched(column)
        unmapped |= any(not self._is_mapped(table) for table in expression.tables)
        if expression.reads_whole_rows:
            lent.append(Sensitivity.MEDICAL)
        return _Read(max(lent, default=Sensitivity.PLAIN), unmapped)

    def _is_vouched(self, column: ReadColumn) -> bool:
        """Whether the column is one that a field is mapped to, whichever table holds it."""
        found = [
            any(one.is_vouched for one in self._of(table, column.name)) for table in column.nearest
        ]
        return any(found) and (all(found) or not column.is_qualified)

    def _of(self, table: str, column: str) -> list[_Mapped]:
        mapped = self._by_column.get(column.lower(), ())
        return [one for one in mapped if same_table(one.table, table)]

    def _is_mapped(self, table: str) -> bool:
        return any(same_table(mapped, table) for mapped in self._tables)


def same_table(one: str, other: str) -> bool:
    """Whether two names may mean the same table; one without a schema may be in any."""
    first, second = one.lower().split("."), other.lower().split(".")
    return first[-1] == second[-1] and (first == second or len(first) != len(second))


def _named(column: str) -> list[Sensitivity]:
    known = CATALOGUE.get(column.lower())
    return [known.sensitivity] if known and known.sensitivity >= Sensitivity.PROTECTED else []


def _in_reference(entity: str, name: str, column: str) -> bool:
    """Whether the reference schema keeps the field in a column called so (`termin.status`)."""
    reference = REFERENCE_SCHEMA.entities.get(entity)
    known = reference.fields.get(name) if reference else None
    return known is not None and known.sql.lower() == column.lower()


def _read(
    entity: EntityMapping, mapped: FieldMapping, name: str, database: str, schema: SchemaMapping
) -> Expression | None:
    if not mapped.is_expression:
        return None
    from serienpost_practice_db.expressions import read_expression

    tables = (entity.table, *entity.joins)
    secret = schema.settings_tables if entity.name != SYSTEM_SETTINGS else ()
    return read_expression(mapped.sql, tables, database, _("field {name}", name=name), secret)


def _conditions(
    entity: EntityMapping, database: str, schema: SchemaMapping
) -> tuple[dict[str, str], tuple[str, ...], list[tuple[Place, Problem]]]:
    """The conditions of joins and of `where`, written anew, and what is wrong with them."""
    problems: list[tuple[Place, Problem]] = []

    def read(condition: str, place: Place) -> str:
        try:
            return _condition(entity, place, condition, database, schema)
        except SourceError as error:
            problems.extend((place, problem) for problem in error.problems)
            return condition

    joins = {
        table: read(condition, (entity.name, "joins", table))
        for table, condition in entity.joins.items()
    }
    where = tuple(read(condition, (entity.name, "where")) for condition in entity.where)
    return joins, where, problems


def _condition(
    entity: EntityMapping, at: Place, condition: str, database: str, schema: SchemaMapping
) -> str:
    """A condition of a join or of `where`, written anew; what it reads stays in the database."""
    from serienpost_practice_db.expressions import read_expression
    from serienpost_practice_db.restricted_sql import CONDITION, EXPRESSION

    tables = (entity.table, *entity.joins)
    secret = schema.settings_tables if entity.name != SYSTEM_SETTINGS else ()
    place = CONDITION if at[1] == "where" else EXPRESSION
    return read_expression(condition, tables, database, at[-1], secret, place).sql


def _settings_read(entity: EntityMapping, schema: SchemaMapping) -> Iterator[tuple[Place, Problem]]:
    """What reads the settings of the practice software as if they were people's data."""
    if entity.name == SYSTEM_SETTINGS:
        return
    hint = _("they stand under systemkuerzel: alone, for secrets")
    if last_name(entity.table) in schema.settings_tables:
        yield (entity.name, "table"), Problem(NEVER_READ, hint)
    for table in entity.joins:
        if last_name(table) in schema.settings_tables:
            yield (entity.name, "joins", table), Problem(NEVER_READ, hint)
