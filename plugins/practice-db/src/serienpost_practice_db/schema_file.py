"""Reading `schema.yaml`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost_practice_db.mapping import REFERENCE_SCHEMA, SchemaMapping

if TYPE_CHECKING:
    from serienpost import Context


def practice_schema(context: Context) -> SchemaMapping:
    """The practice's mapping: `schema.yaml`, or the reference schema without one."""
    settings = context.settings("schema")
    if settings is None:
        return REFERENCE_SCHEMA
    raise AssertionError
