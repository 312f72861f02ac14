"""People or appointments chosen by a query that somebody wrote: ids, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import (  # noqa: TID253  # imported when reading
    String,
    bindparam,
    cast,
    column,
    select,
    text,
)
from sqlalchemy.types import NullType  # noqa: TID253

from serienpost_practice_db.conditions import Condition
from serienpost_practice_db.guards import STATEMENT_SECONDS
from serienpost_practice_db.views import KEY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy import BindParameter, ColumnElement, Select

    from serienpost_practice_db.conditions import Columns
    from serienpost_practice_db.mapping import EntityMapping

# MariaDB takes "17 and more" for the number 17, and a word for 0.
_WHOLE_NUMBER = "^(0|[1-9][0-9]*)$"


@dataclass(frozen=True, slots=True)
class Chosen:
    """A SELECT that was checked and written anew; it returns `id`.

    It only ever stands behind `key IN (...)`: what it returns is compared with the keys of the
    master data and never read, so a value that is no key is nowhere.

    Args:
        sql: the statement; every :name stands for a bound value.
        parameters: values that the practice gave.
        texts: texts that stood in the query.
        seconds: after which it is stopped.
    """

    sql: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    seconds: float = STATEMENT_SECONDS

    def among(self, entity: EntityMapping, dialect: str) -> Condition:
        """The record's key is one of the ids."""
        ids = self._ids(entity, dialect)

        def test(columns: Columns) -> ColumnElement[bool]:
            found: ColumnElement[bool] = columns[KEY].in_(ids)
            return found

        return Condition(frozenset(), test)

    def _ids(self, entity: EntityMapping, dialect: str) -> Select[Any]:
        found = text(f"{self.sql}\n").bindparams(*self._bound()).columns(column(KEY))
        id_ = found.subquery("chosen").c[KEY]
        if dialect not in {"mysql", "mariadb"}:
            return select(id_)
        as_text = cast(id_, String)
        if entity.key_type != "integer":
            return select(as_text)
        return select(id_).where(as_text.regexp_match(_WHOLE_NUMBER))

    def _bound(self) -> Iterator[BindParameter[Any]]:
        """Texts without a type, so that a server takes them for dates where it needs one."""
        for name, value in {**self.parameters, **self.texts}.items():
            yield bindparam(name, value, NullType() if isinstance(value, str) else None)
