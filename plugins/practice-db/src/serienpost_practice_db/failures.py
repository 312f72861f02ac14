"""What a failing database means for the user."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from serienpost import SourceError

if TYPE_CHECKING:
    from sqlalchemy.exc import SQLAlchemyError

SCHEMA = "the file named under schema:"
QUERY = "the query"

# SQLSTATE of PostgreSQL, numbers of MariaDB: undefined column, table, function.
_UNDEFINED = {"42703", "42P01", "42883", "42702", 1054, 1146, 1305}

# A write in a read-only transaction, or a right that the account lacks.
_FORBIDDEN = {"25006", "42501", 1142, 1143, 1227, 1792}

_TIMED_OUT = {1969, 3024}

# How SQLite says that a name is unknown.
_UNKNOWN = ("no such ", "ambiguous column")

_NO_DATABASE = "file is not a database"
# How SQLite says so.
_DAMAGED = ("database disk image is malformed", "malformed database")


DAMAGED = "the file of the practice's database is damaged"
RESTORE = "restore it from a backup; let the practice software check it"


def is_damaged(error: SQLAlchemyError) -> bool:
    """Whether SQLite found a database that is broken; another file is none."""
    return str(getattr(error, "orig", None)).startswith(_DAMAGED)


def translated(error: SQLAlchemyError, mends: str) -> SourceError:
    """What went wrong, without the driver's text where that may quote a person's data.

    Args:
        error: what the database layer raised.
        mends: `SCHEMA` or `QUERY`, what to correct if a name is unknown.
    """
    cause = getattr(error, "orig", None)
    state = getattr(cause, "sqlstate", None)
    number = cause.args[0] if cause and cause.args else None
    text = str(cause)
    if text == "interrupted" or state == "57014" or number in _TIMED_OUT:
        return SourceError(
            "the practice's database was stopped because it took too long",
            hint="narrow the selection, or correct a query that never ends",
        )
    if text.startswith("not authorized") or state in _FORBIDDEN or number in _FORBIDDEN:
        return SourceError("the practice's database is only read, and the statement does more")
    if is_damaged(error) or text.startswith(_NO_DATABASE):
        return SourceError(DAMAGED, hint=RESTORE)
    if text.startswith("database is locked"):
        return SourceError(
            "the practice's database is locked by another program",
            hint="try again when the practice software has finished",
        )
    if state in _UNDEFINED or number in _UNDEFINED or text.startswith(_UNKNOWN):
        return _does_not_fit(error, mends)
    kind = type(cause or error).__name__
    return SourceError(
        f"the practice's database stopped answering ({kind})",
        hint="run serienpost doctor, then try again",
    )


def _does_not_fit(error: SQLAlchemyError, mends: str) -> SourceError:
    """A name is unknown: of a query nothing of the driver's text is repeated."""
    if mends == QUERY:
        text = "the practice's database does not fit the query"
        return SourceError(text, hint=f"correct {QUERY}")
    cause = getattr(error, "orig", None)
    text = str(cause)
    if getattr(cause, "sqlstate", None) in _UNDEFINED:
        text = str(getattr(getattr(cause, "diag", None), "message_primary", ""))
        text = text if _names_what_we_wrote(text, error) else "a name is unknown"
    elif cause and cause.args and cause.args[0] in _UNDEFINED:
        text = str(cause.args[1])
    return SourceError(
        f"the practice's database does not fit the schema: {text}", hint=f"correct {mends}"
    )


def _names_what_we_wrote(text: str, error: SQLAlchemyError) -> bool:
    """Whether all that PostgreSQL quotes stands in our statement; a value that a view casts to the
    name of a table does not."""
    statement = str(getattr(error, "statement", ""))
    return all(name in statement for name in re.findall(r'"([^"]*)"', text))
