"""People chosen by a query that somebody wrote: a table of ids and further columns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import column, text  # noqa: TID253  # imported when reading

from serienpost import SourceError
from serienpost_practice_db.functions import Moment
from serienpost_practice_db.views import KEY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.sql.selectable import Subquery

    from serienpost_practice_db.mapping import SchemaMapping


@dataclass(frozen=True, slots=True)
class Chosen:
    """A checked SELECT that returns `id`, its bound parameters, and the columns that rows carry.

    It runs as a table inside our statement, so that its other columns are never read.
    """

    sql: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    columns: tuple[str, ...] = ()

    def subquery(self, schema: SchemaMapping) -> Subquery:
        """The query as a table; columns named like times of an appointment are times.

        Raises:
            SourceError: a parameter has no value or is not used.
        """
        statement = text(f"{self.sql}\n")
        used = set(statement._bindparams)  # the only place that lists them
        if used != self.parameters.keys():
            differing = ", ".join(sorted(used ^ self.parameters.keys()))
            raise SourceError(
                f"the query and its parameters differ in {differing}",
                hint="each :name in the query needs a value under parameters:, and the reverse",
            )
        appointment = schema.entities["termin"].fields
        times = {name for name, mapped in appointment.items() if mapped.type == "datetime"}
        names = [column(KEY), *(
            column(name, Moment.type) if name in times else column(name) for name in self.columns
        )]  # fmt: skip
        return statement.bindparams(**self.parameters).columns(*names).subquery("chosen")
