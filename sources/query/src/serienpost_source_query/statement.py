"""Checks a query before the database sees it: one statement, and one that reads.

This gives clear messages; that nothing is written is the database's business, see
`serienpost_practice_db.guards`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp, parse
from sqlglot.errors import SqlglotError

from serienpost import SourceError

if TYPE_CHECKING:
    from pathlib import Path

    from serienpost import Context
    from serienpost_source_query.selection import QuerySelection

# Functions that read files, hold the server up or run a text as a statement.
_HARMFUL = {
    "pg_read_file",
    "pg_read_binary_file",
    "pg_ls_dir",
    "pg_stat_file",
    "lo_import",
    "lo_export",
    "dblink",
    "dblink_exec",
    "pg_sleep",
    "pg_sleep_for",
    "pg_sleep_until",
    "pg_terminate_backend",
    "pg_cancel_backend",
    "set_config",
    "query_to_xml",
    "load_file",
    "load_extension",
    "readfile",
    "writefile",
    "sleep",
    "benchmark",
    "get_lock",
}

_DIALECTS = {"postgresql": "postgres", "mariadb": "mysql"}

_NOT_READING = (
    exp.Insert,
    exp.Update,
    exp.Delete,
    exp.Merge,
    exp.DDL,
    exp.Command,
    exp.Into,
    exp.Lock,
)


@dataclass(frozen=True, slots=True)
class Statement:
    """A checked query: its text without a final semicolon, and what was parsed."""

    sql: str
    tree: exp.Query
    dialect: str


def read_statement(context: Context, selected: QuerySelection, dialect: str) -> Statement:
    """Read the query and check it.

    Raises:
        SourceError: there is no such file, it is not SQL, not one statement, or not a SELECT that
            returns `id`.
    """
    text, file = _text(context, selected.query)
    dialect = _DIALECTS.get(dialect, dialect)
    try:
        statements = [tree for tree in parse(text, dialect=dialect) if tree is not None]
    except SqlglotError as error:
        line = _line(error)
        where = f" in line {line}" if line else ""
        raise SourceError(f"{file}: not SQL that we understand{where}") from None
    if len(statements) != 1:
        raise SourceError(f"{file}: holds {len(statements)} statements", hint="write one SELECT")
    (tree,) = statements
    if not isinstance(tree, exp.Query) or tree.find(*_NOT_READING):
        raise SourceError(f"{file}: does more than read", hint="write one SELECT")
    for function in tree.find_all(exp.Func):
        own = isinstance(function, exp.Anonymous)
        name = (function.name if own else function.sql_name()).lower()
        if name in _HARMFUL:
            raise SourceError(f"{file}: the function {name} must not stand in a query")
    return Statement(text.strip().rstrip(";").rstrip(), tree, dialect)


def _text(context: Context, query: str) -> tuple[str, str]:
    if not query.strip().lower().endswith(".sql"):
        return query, "query"
    path: Path = context.path(query.strip())
    try:
        return path.read_text("utf-8"), query.strip()
    except OSError:
        raise SourceError(
            f"there is no file {query.strip()}", hint="a path starts at the practice folder"
        ) from None
    except UnicodeDecodeError:
        raise SourceError(f"{query.strip()}: is not UTF-8", hint="save it as UTF-8") from None


def _line(error: SqlglotError) -> int | None:
    errors = getattr(error, "errors", None) or [{}]
    line: int | None = errors[0].get("line")
    return line
