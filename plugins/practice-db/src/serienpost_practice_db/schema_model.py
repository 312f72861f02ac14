"""What may stand in `schema.yaml`, a vendor's tables, as pydantic models; and reading it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, field_validator, model_validator

from serienpost import (
    CATALOGUE,
    Collector,
    FieldType,
    Sensitivity,
    StrictModel,
    Texts,
    scan_yaml,
)
from serienpost_practice_db.column_classes import traced
from serienpost_practice_db.mapping import (
    REFERENCE_SCHEMA,
    EntityMapping,
    FieldMapping,
    SchemaMapping,
)
from serienpost_practice_db.settings import SchemaFile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from serienpost import Context
    from serienpost_practice_db.mapping import KeyType

_ = Texts(__name__)

_SEVERAL_STATEMENTS = re.compile(r";|--|/\*")
_FIELD = re.compile(r"[^\W\d]\w*")
_TABLE = re.compile(r"[\w$ ]+(\.[\w$ ]+)?")


def _field_name(value: str) -> str:
    if not _FIELD.fullmatch(value):
        raise ValueError(_("a field name has only letters, digits and _"))
    return value


def table_name(value: str) -> str:
    """The name of a table or view as written, with its database schema if need be.

    Raises:
        ValueError: it is none.
    """
    if not _TABLE.fullmatch(value):
        raise ValueError(_("write the name of one table, as in patients or stamm.patients"))
    return value


_Table = Annotated[str, AfterValidator(table_name)]


class FieldModel(StrictModel):
    """Where one field is. A bare text is short for `{column: text}`."""

    column: str | None = Field(
        default=None, min_length=1, description="Name of a column.", examples=["first_name"]
    )
    expression: str | None = Field(
        default=None,
        min_length=1,
        description="SQL expression over the columns of the table, instead of a column.",
        examples=["street || ' ' || house_number"],
    )
    values: dict[str, str] = Field(
        default_factory=dict,
        description="Stored value -> our value; others stay as they are.",
        examples=[{"1": "m", "2": "w"}],
    )
    type: FieldType | None = Field(
        default=None, description="What the database holds; default as in the reference schema."
    )
    table: _Table | None = Field(
        default=None,
        description="The table under joins that holds the column; default the entity's own.",
        examples=["address"],
    )
    class_: (
        Literal["plain", "identity", "contact", "appointment", "protected", "medical"] | None
    ) = Field(
        default=None,
        alias="class",
        description="Class of a field that serienpost does not know; it is protected without.",
    )
    because: str | None = Field(
        default=None,
        min_length=1,
        description="Why the class may be lower than protected although the field reads a column "
        "that no other field is mapped to. `doctor` and the manifest show it.",
        examples=["holds the name of the pet, typed in at the desk"],
    )

    @model_validator(mode="before")
    @classmethod
    def _bare_column(cls, value: Any) -> Any:  # noqa: ANN401
        return {"column": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.column is None) == (self.expression is None):
            raise ValueError(_("needs either column or expression"))
        if self.expression and _SEVERAL_STATEMENTS.search(self.expression):
            raise ValueError(_("an expression holds no semicolon and no comment"))
        if self.because and self.class_ is None:
            raise ValueError(_("because belongs to class"))
        if self.expression and self.table:
            raise ValueError(_("table belongs to a column; in an expression write table.column"))
        return self

    def mapping(self, known: FieldMapping | None) -> FieldMapping:
        """The record; `known` is the field of this name in the reference schema."""
        type_ = self.type or (known.type if known else "text")
        given = Sensitivity.named(self.class_) if self.class_ else None
        sql, is_expression = self.expression or str(self.column), self.expression is not None
        return FieldMapping(sql, is_expression, self.values, type_, self.table, given, self.because)


class EntityModel(StrictModel):
    """One kind of record.

    With `table` it is described anew; without, the reference table stays and the fields given
    here are added or replaced.
    """

    table: _Table | None = Field(
        default=None,
        description="Name of a table or view, with its database schema if need be.",
        examples=["patients", "stamm.patient"],
    )
    id: str | None = Field(
        default=None, min_length=1, description="The key column; default id.", examples=["pat_no"]
    )
    key_type: Literal["integer", "text", "uuid"] = Field(
        default="integer",
        description="What the key column holds, integer, text or uuid; text for systemkuerzel. "
        "PostgreSQL says so itself, and what it says counts.",
    )
    joins: dict[_Table, Annotated[str, Field(min_length=1)]] = Field(
        default_factory=dict,
        description="Further table -> condition that finds a record's one row there; records"
        " without such a row stay.",
        examples=[{"address": "address.person_no = person.no AND address.kind = 'home'"}],
    )
    where: list[Annotated[str, Field(min_length=1)]] = Field(
        default_factory=list,
        description="SQL condition, or several, over the columns of the table and of the joined "
        "ones; a record that does not meet all of them does not exist.",
        examples=["deleted_at IS NULL", ["deleted_at IS NULL", "tenant_id = 2"]],
    )
    fields: dict[Annotated[str, AfterValidator(_field_name)], FieldModel] = Field(
        default_factory=dict, description="Field name -> where it is."
    )

    @field_validator("where", mode="before")
    @classmethod
    def _one_condition(cls, value: Any) -> Any:  # noqa: ANN401
        return [value] if isinstance(value, str) else value

    def mapping(self, name: str) -> EntityMapping:
        """The record of this entity."""
        reference = REFERENCE_SCHEMA.entities.get(name)
        known = reference.fields if reference else {}
        fields = {field: model.mapping(known.get(field)) for field, model in self.fields.items()}
        if reference and self.table is None:
            fields = {**known, **fields}
        id_ = self.id or (reference.id if reference and self.table is None else "id")
        table = self.table or name
        key_type: KeyType = self.key_type
        if reference and "key_type" not in self.model_fields_set:
            key_type = reference.key_type
        return EntityMapping(name, table, id_, fields, key_type, self.joins, tuple(self.where))

    @model_validator(mode="after")
    def _joins_are_known(self) -> Self:
        for condition in (*self.joins.values(), *self.where):
            if _SEVERAL_STATEMENTS.search(condition):
                raise ValueError(_("a condition holds no semicolon and no comment"))
        for name, field in self.fields.items():
            if field.table and field.table not in self.joins:
                raise ValueError(
                    _(
                        "field {name}: table {table} is not under joins",
                        name=name,
                        table=field.table,
                    )
                )
        return self


class SchemaModel(StrictModel):
    """`schema.yaml`: entity -> table and fields. Entities that are not named stay as they are."""

    patient: EntityModel = Field(default=EntityModel(), description="Patients.")
    interessent: EntityModel = Field(default=EntityModel(), description="People who enquired.")
    behandler: EntityModel = Field(default=EntityModel(), description="Who treats patients.")
    termin: EntityModel = Field(default=EntityModel(), description="Appointments.")
    einwilligung: EntityModel = Field(default=EntityModel(), description="Written consents.")
    systemkuerzel: EntityModel = Field(
        default=EntityModel(), description="Settings of the practice software, by their Kürzel."
    )

    timezone: str | None = Field(
        default=None,
        description="Time zone of the times that the database holds; default the practice's.",
        examples=["UTC"],
    )

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        try:
            ZoneInfo(value or "UTC")
        except (KeyError, ValueError, OSError):
            raise ValueError(_("is no time zone; write it as in Europe/Berlin or UTC")) from None
        return value

    def entities(self) -> dict[str, EntityModel]:
        """The models of all entities by name."""
        return {name: value for name, value in self if isinstance(value, EntityModel)}

    def mistakes(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """What is wrong with fields because of their names, each with the way to it."""
        for entity, model in self.entities().items():
            for name, field in model.fields.items():
                known = CATALOGUE.get(name)
                if name == "id":
                    yield (entity, "fields", name), _("the key stands under id:, it is no field")
                elif known and field.class_ and Sensitivity.named(field.class_) < known.sensitivity:
                    yield (
                        (entity, "fields", name),
                        _(
                            "is {known} and cannot be {given}",
                            known=known.sensitivity.label,
                            given=field.class_,
                        ),
                    )

    def mapping(self) -> SchemaMapping:
        """The practice's mapping: the reference schema with what the file says."""
        models = self.entities()
        mapped = {name: model.mapping(name) for name, model in models.items()}
        return SchemaMapping(mapped, timezone=self.timezone)


def practice_schema(context: Context, database: str) -> SchemaMapping:
    """The practice's mapping: `schema.yaml`, or the reference schema without one.

    Args:
        context: the practice.
        database: the language that expressions are written in.

    Raises:
        ConfigError: everything that is wrong with the file, each with its line.
    """
    settings = context.settings("schema")
    if not isinstance(settings, SchemaFile):
        return REFERENCE_SCHEMA
    document = scan_yaml(context.path(settings.root))
    collector = Collector(lambda loc: (document.file, document.line(loc)), document.problems)
    model = collector.validate(SchemaModel, document.data)
    for loc, message in model.mistakes() if model else ():
        collector.add(loc, message)
    collector.raise_if_any()
    assert model is not None  # noqa: S101  # else there was a problem
    found = traced(model.mapping(), database)
    for loc, problem in found.problems:
        collector.add(loc, problem.message, problem.hint)
    collector.raise_if_any()
    return found.schema
