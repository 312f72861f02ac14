"""What views, generated columns and functions of the database are made of: their texts, for whoever
must know more of a table than its columns."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import sqlalchemy as sa

# Each row: a name without schema, whether it is a function, the text or nothing where the account
# may not see it. Of PostgreSQL also the conditions of row-level security; its generated columns
# cannot ask for the present, nor can those of SQLite.
_TEXTS = {
    "sqlite": ("SELECT name, 0, sql FROM sqlite_master WHERE type = 'view'",),
    "postgresql": (
        """
        SELECT c.relname, false, pg_get_viewdef(c.oid)
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind = 'v' AND n.nspname NOT IN ('pg_catalog', 'information_schema')
        """,
        "SELECT tablename, false, qual FROM pg_policies WHERE qual IS NOT NULL",
        """
        SELECT p.proname, true, pg_get_functiondef(p.oid)
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE p.prokind = 'f' AND n.nspname NOT IN ('pg_catalog', 'information_schema')
        """,
    ),
    "mysql": (
        """
        SELECT table_name, 0, view_definition FROM information_schema.views
        WHERE table_schema NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys')
        """,
        """
        SELECT table_name, 0, generation_expression FROM information_schema.columns
        WHERE generation_expression <> ''
        """,
        """
        SELECT routine_name, 1, routine_definition FROM information_schema.routines
        WHERE routine_type = 'FUNCTION' AND routine_schema NOT IN ('mysql', 'sys')
        """,
    ),
}
_TEXTS["mariadb"] = _TEXTS["mysql"]

# A name in a text, in quotes or not, and whether it is called.
_NAME = re.compile(
    r"(?:\"(?P<quoted>[^\"]+)\"|`(?P<ticked>[^`]+)`|(?P<word>[\w$]+))(?P<call>\s*\()?"
)


@dataclass(frozen=True, slots=True)
class Definitions:
    """The texts that some tables are made of, views within views included.

    `unreadable` are the names of those whose text the account of the database may not see.
    """

    texts: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()


def definitions(connection: sa.Connection, tables: Iterable[str]) -> Definitions:
    """Read what tables are made of; a plain table is made of nothing.

    Names are compared without schema and without regard to case, so a text may be among the
    result that another schema's table of the same name is made of.
    """
    known: dict[tuple[str, bool], list[str | None]] = defaultdict(list)
    for statement in _TEXTS[connection.dialect.name]:
        for name, is_function, text in connection.exec_driver_sql(statement):
            known[name.lower(), bool(is_function)].append(text or None)
    found: dict[tuple[str, bool], None] = {}
    ahead = [(name.lower().rpartition(".")[2], False) for name in tables]
    while ahead:
        one = ahead.pop()
        if one in known and one not in found:
            found[one] = None
            ahead += [near for text in known[one] if text for near in _named(text, known)]
    texts = tuple(text for one in found for text in known[one] if text)
    return Definitions(texts, tuple(sorted(name for name, f in found if None in known[name, f])))


def _named(text: str, known: Mapping[tuple[str, bool], object]) -> Iterator[tuple[str, bool]]:
    for found in _NAME.finditer(text):
        name = (found["quoted"] or found["ticked"] or found["word"]).lower()
        for one in ((name, False), *([(name, True)] if found["call"] else [])):
            if one in known:
                yield one
