"""What a failing database means for the user."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from serienpost import SelectionError, SourceError, Texts

if TYPE_CHECKING:
    from sqlalchemy.exc import SQLAlchemyError

_ = Texts(__name__)

# What is to be corrected if a name is unknown.
SCHEMA = "schema"
QUERY = "query"

# SQLSTATE of PostgreSQL, numbers of MariaDB: undefined column, table, function.
_UNDEFINED = {"42703", "42P01", "42883", "42702", 1054, 1146, 1305}

# Of PostgreSQL: an undefined function, or an operator that does not take values of these types.
_NO_SUCH_OPERATOR = "42883"

# A write in a read-only transaction, or a right that the account lacks.
_FORBIDDEN = {"25006", "42501", 1142, 1143, 1227, 1792}

_TIMED_OUT = {1969, 3024}

_NAME = re.compile(r"[^\W\d][\w$]*")
_DOTTED = re.compile(rf"{_NAME.pattern}(?:\.{_NAME.pattern})*")
_TEXT = re.compile(r"'(?:[^']|'')*'")
# Words of our statements that are no names, but stand in messages.
_WORDS = frozenset({"SELECT", "FROM", "WHERE", "IN", "NOT", "ON", "OF", "AS", "IS", "NULL"})

# How SQLite says that a name is unknown.
_UNKNOWN = ("no such ", "ambiguous column")

_NO_DATABASE = "file is not a database"
# How SQLite says so.
_DAMAGED = ("database disk image is malformed", "malformed database")


DAMAGED = _("the file of the practice's database is damaged")
RESTORE = _("restore it from a backup; let the practice software check it")


def is_damaged(error: SQLAlchemyError) -> bool:
    """Whether SQLite found a database that is broken; another file is none."""
    return str(getattr(error, "orig", None)).startswith(_DAMAGED)


def is_forbidden(error: SQLAlchemyError) -> bool:
    """Whether the account lacks a right, or the statement does more than read."""
    cause = getattr(error, "orig", None)
    number = cause.args[0] if cause and cause.args else None
    return getattr(cause, "sqlstate", None) in _FORBIDDEN or number in _FORBIDDEN


def translated(error: SQLAlchemyError, mends: str) -> SourceError:
    """What went wrong, without the driver's text where that may quote a person's data.

    Args:
        error: what the database layer raised.
        mends: `SCHEMA` or `QUERY`.
    """
    cause = getattr(error, "orig", None)
    state = getattr(cause, "sqlstate", None)
    number = cause.args[0] if cause and cause.args else None
    text = str(cause)
    if text == "interrupted" or state == "57014" or number in _TIMED_OUT:
        return SourceError(
            _("the practice's database was stopped because it took too long"),
            hint=_("narrow the selection, or correct a query that never ends"),
        )
    if text.startswith("not authorized") or is_forbidden(error):
        return SourceError(_("the practice's database is only read, and the statement does more"))
    if is_damaged(error) or text.startswith(_NO_DATABASE):
        return SourceError(DAMAGED, hint=RESTORE)
    if text.startswith("database is locked"):
        return SourceError(
            _("the practice's database is locked by another program"),
            hint=_("try again when the practice software has finished"),
        )
    if state in _UNDEFINED or number in _UNDEFINED or text.startswith(_UNKNOWN):
        return _does_not_fit(error, mends)
    kind = type(cause or error).__name__
    return SourceError(
        _("the practice's database stopped answering ({cause})", cause=kind),
        hint=_("run serienpost doctor, then try again"),
    )


def _does_not_fit(error: SQLAlchemyError, mends: str) -> SourceError:
    """A name is unknown: of a query nothing of the driver's text is repeated."""
    if mends == QUERY:
        text = _("the practice's database does not fit the query")
        return SelectionError(text, hint=_("correct the query"))
    cause = getattr(error, "orig", None)
    state, said = getattr(cause, "sqlstate", None), str(cause).partition("\n")[0]
    if state == _NO_SUCH_OPERATOR and "(" not in said:
        return SourceError(
            _("the practice's database does not fit the schema: it compares values of two types"),
            hint=_(
                "serienpost doctor names the field; give both sides one type, as in"
                ' expression: "CAST(guardian AS uuid)"'
            ),
        )
    names = _names_of_ours(str(getattr(error, "orig", None)), error)
    text = (
        _("the practice's database does not fit the schema: it knows no {names}", names=names)
        if names
        else _("the practice's database does not fit the schema: a name is unknown")
    )
    return SourceError(text, hint=_("correct the file named under schema:"))


def _names_of_ours(text: str, error: SQLAlchemyError) -> list[str]:
    """What in a driver's text stands as a name in our statement. All else may be a value: one that
    a view casts to the name of a table, or that a function behind it puts into its error."""
    text = text.partition("LINE ")[0]  # PostgreSQL repeats the line of the statement below
    statement = _TEXT.sub("", str(getattr(error, "statement", "")))
    ours = {name for name in _NAME.findall(statement) if name.upper() not in _WORDS}
    found: dict[str, None] = {}
    for dotted in _DOTTED.findall(text):
        *before, name = dotted.split(".")
        if name in ours:
            found[".".join((*filter(ours.__contains__, before), name))] = None
    return list(found)
