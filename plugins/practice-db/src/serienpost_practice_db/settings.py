"""The two keys of `serienpost.yaml` that belong to the practice's database."""

from __future__ import annotations

import re
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, Field, RootModel, StrictStr

_PASSWORD = re.compile(r"://[^/@:]*:(?!\$\{secret:[A-Za-z_][A-Za-z0-9_]*\}@)[^/@]*@")


def _without_password(value: str) -> str:
    if _PASSWORD.search(value):
        raise ValueError("a password does not stand in a URL; write ${secret:NAME} in its place")
    return value


# The URL of a database; a password is written as `${secret:NAME}`.
UrlWithoutPassword: TypeAlias = Annotated[
    StrictStr, Field(min_length=1), AfterValidator(_without_password)
]


class DatabaseUrl(RootModel[UrlWithoutPassword]):
    """URL of the practice's own database, opened read-only.

    `sqlite:///praxis.db` (relative to the practice folder) or
    `postgresql://leser:${secret:DB_PASSWORD}@host/praxis`.
    """


class SchemaFile(RootModel[Annotated[StrictStr, Field(min_length=1)]]):
    """File that maps the tables of the practice software to our fields, `schema.yaml`.

    Without it the reference schema of the demo practice is assumed.
    """
