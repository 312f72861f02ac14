"""What a failing database means for the user."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost import SourceError

if TYPE_CHECKING:
    from sqlalchemy.exc import SQLAlchemyError

_UNDEFINED = {"42703", "42P01", "42883"}
"""SQLSTATE of PostgreSQL for an undefined column, table, function."""


def translated(error: SQLAlchemyError) -> SourceError:
    """What went wrong, without the driver's text where that may quote a person's data."""
    cause = getattr(error, "orig", None)
    text = str(cause)
    if getattr(cause, "sqlstate", None) in _UNDEFINED:
        text = str(getattr(getattr(cause, "diag", None), "message_primary", ""))
    elif not text.startswith("no such "):
        kind = type(cause or error).__name__
        return SourceError(
            f"the practice's database stopped answering ({kind})",
            hint="run serienpost doctor, then try again",
        )
    return SourceError(
        f"the practice's database does not fit the schema: {text}",
        hint="correct the file named under schema:",
    )
