"""What the account of the practice's database may do beyond what it needs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import column, false, select, table  # noqa: TID253  # imported when reading
from sqlalchemy.exc import SQLAlchemyError  # noqa: TID253

from serienpost import SourceError, Texts

if TYPE_CHECKING:
    import sqlalchemy as sa

    from serienpost_practice_db.mapping import EntityMapping

_ = Texts(__name__)

# See "Predefined Roles" in the manual of PostgreSQL.
_FILE_ROLES = ("pg_read_server_files", "pg_write_server_files", "pg_execute_server_program")

_MAY_WRITE = """
SELECT EXISTS (
    SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
      AND n.nspname NOT LIKE 'pg\\_t%%'
      AND has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
)
"""

# Words of SHOW GRANTS in MariaDB; ALL PRIVILEGES has them all.
_ALL = "ALL PRIVILEGES"
_FILES = {_ALL, "FILE", "SUPER"}
_WRITING = {_ALL, "INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "DROP"}
_GRANT = re.compile(r"GRANT (.+?) ON (\S+)")
_COLUMNS = re.compile(r"\([^)]*\)")


@dataclass(frozen=True, slots=True)
class Rights:
    """What an account may do: read or write files of the server, write to tables."""

    files: bool = False
    writes: bool = False

    @classmethod
    def of(cls, connection: sa.Connection) -> Rights:
        """Those of this connection's account; SQLite knows no accounts."""
        if connection.dialect.name == "postgresql":
            return cls(
                _postgresql_files(connection), bool(connection.exec_driver_sql(_MAY_WRITE).scalar())
            )
        if connection.dialect.name == "sqlite":
            return cls()
        granted = _granted(connection)
        return cls(bool(granted & _FILES), bool(granted & _WRITING))


def refuse_powerful_role(connection: sa.Connection) -> None:
    """Refuse an account for which a read-only transaction is no barrier.

    A superuser of PostgreSQL, members of `pg_read_server_files` and the like, and accounts of
    MariaDB with FILE read the server's files by functions in a SELECT.

    Raises:
        SourceError: the account is one of those.
    """
    if Rights.of(connection).files:
        raise SourceError(
            _(
                "the account of the database could read files of the server; no query is run with"
                " it"
            ),
            hint=_("name an account under database: that may only SELECT, and is no superuser"),
        )


def sees(connection: sa.Connection, entity: EntityMapping) -> bool:
    """Whether the account may read the entity's table, or a column of it."""
    schema, _dot, name = entity.table.rpartition(".")
    columns = [entity.id, *(f.sql for f in entity.fields.values() if not f.is_expression)]
    for one in dict.fromkeys(columns):
        source = table(name, column(one), schema=schema or None)
        try:
            with connection.begin_nested():
                connection.execute(select(source.c[one]).where(false()))
        except SQLAlchemyError:
            continue
        return True
    return False


def _postgresql_files(connection: sa.Connection) -> bool:
    member = ", ".join(f"pg_has_role(current_user, '{role}', 'member')" for role in _FILE_ROLES)
    row = connection.exec_driver_sql(
        f"SELECT rolsuper, {member} FROM pg_roles WHERE rolname = current_user"
    ).one()
    return any(row)


def _granted(connection: sa.Connection) -> set[str]:
    """The words of all grants, without those on MariaDB's own schema of temporary things."""
    found: set[str] = set()
    for (line,) in connection.exec_driver_sql("SHOW GRANTS"):
        grant = _GRANT.match(line)
        if grant:
            words = _COLUMNS.sub("", grant[1]).split(",")
            found |= {word.strip().upper() for word in words}
    return found
