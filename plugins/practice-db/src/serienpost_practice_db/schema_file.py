"""Reading `schema.yaml`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost import Collector, scan_yaml
from serienpost_practice_db.mapping import REFERENCE_SCHEMA, SchemaMapping
from serienpost_practice_db.schema_model import SchemaModel
from serienpost_practice_db.settings import SchemaFile

if TYPE_CHECKING:
    from serienpost import Context


def practice_schema(context: Context) -> SchemaMapping:
    """The practice's mapping: `schema.yaml`, or the reference schema without one.

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
    return model.mapping() if model else REFERENCE_SCHEMA
