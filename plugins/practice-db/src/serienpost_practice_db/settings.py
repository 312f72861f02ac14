"""The two keys of `serienpost.yaml` that belong to the practice's database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeAlias

from pydantic import Field, RootModel, StrictStr

from serienpost import CATALOGUE, ProbeResult, Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from serienpost import Context

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


def _rights(context: Context) -> Iterator[ProbeResult]:
    """What the account of the database may do beyond reading people and appointments."""
    from serienpost_practice_db.database import PracticeDb

    db = PracticeDb.of(context)
    rights = db.rights()
    if rights.files:
        yield ProbeResult(
            False,
            "the account can read or write files of the server, so no query is run with it",
            "name an account that is no superuser and has no right to files",
        )
    if rights.writes:
        yield ProbeResult(
            False, "the account can write to tables", "grant it SELECT and nothing else"
        )
    if db.dialect != "sqlite" and db.sees("systemkuerzel"):
        yield ProbeResult(
            True,
            "the account sees the table of Systemkürzel, which holds secrets; take that right away "
            "unless `secrets:` names the store systemkuerzel",
        )


def _classes(context: Context) -> Iterator[ProbeResult]:
    """The fields whose class the schema lowered, and those of which it made nothing that leaves."""
    from serienpost_practice_db.database import PracticeDb

    schema = PracticeDb.of(context).schema
    for name, because in schema.lowered.items():
        label = schema.sensitivity(name).label
        yield ProbeResult(True, f"field {name} may leave as {label}, because: {because}")
    for name in CATALOGUE:
        label = schema.sensitivity(name).label
        if label != CATALOGUE[name].sensitivity.label and not schema.may_leave(name):
            yield ProbeResult(True, f"field {name} is {label} here, by the columns it reads")


SETTINGS = (
    Settings("database", DatabaseUrl, required=True, probe=_rights),
    Settings("schema", SchemaFile, probe=_classes),
)
