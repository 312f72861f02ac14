"""The two keys of `serienpost.yaml` that belong to the practice's database."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field, RootModel, StrictStr

# The URL of a database; a password is written as `${secret:NAME}`, the core refuses any other.
Url: TypeAlias = Annotated[StrictStr, Field(min_length=1)]


class DatabaseUrl(RootModel[Url]):
    """URL of the practice's own database, opened read-only.

    `sqlite:///praxis.db` (relative to the practice folder) or
    `postgresql://leser:${secret:DB_PASSWORD}@host/praxis`.
    """


class SchemaFile(RootModel[Annotated[StrictStr, Field(min_length=1)]]):
    """File that maps the tables of the practice software to our fields, `schema.yaml`.

    Without it the reference schema of the demo practice is assumed.
    """
