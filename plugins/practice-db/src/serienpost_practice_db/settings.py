"""The two keys of `serienpost.yaml` that belong to the practice's database."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, RootModel, StrictStr

from serienpost import Settings


class DatabaseUrl(RootModel[Annotated[StrictStr, Field(min_length=1)]]):
    """URL of the practice's own database, opened read-only.

    `sqlite:///praxis.db` (relative to the practice folder) or
    `postgresql://leser:${secret:DB_PASSWORD}@host/praxis`.
    """


class SchemaFile(RootModel[Annotated[StrictStr, Field(min_length=1)]]):
    """File that maps the tables of the practice software to our fields, `schema.yaml`.

    Without it the reference schema of the demo practice is assumed.
    """


SETTINGS = (
    Settings("database", DatabaseUrl, required=True),
    Settings("schema", SchemaFile),
)
