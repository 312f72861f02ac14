"""The practice's own database: schema mapping, read-only streaming, status check.

Sources and consent checks build on it: `PracticeDb.of(context)` is the practice's database, read
only and by the field names of serienpost, whatever the tables of the practice software look like.
Importing this package is cheap; `serienpost_practice_db.database` and
`serienpost_practice_db.conditions` load SQLAlchemy and belong inside the function that reads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost import Settings, hookimpl
from serienpost_practice_db.probes import account_rights, schema_fit
from serienpost_practice_db.settings import DatabaseUrl, SchemaFile
from serienpost_practice_db.status import StatusCheck

if TYPE_CHECKING:
    from serienpost import ConsentCheck


@hookimpl
def serienpost_settings() -> list[Settings]:
    """Claim `database` and `schema`."""
    return [
        Settings("database", DatabaseUrl, required=True, probe=account_rights),
        Settings("schema", SchemaFile, probe=schema_fit),
    ]


@hookimpl
def serienpost_consent_checks() -> list[ConsentCheck]:
    """Register `status`: nobody who is dead or blocked."""
    return [StatusCheck()]
