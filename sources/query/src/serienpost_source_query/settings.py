"""The key of `serienpost.yaml` that belongs to queries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field, RootModel

from serienpost import Texts
from serienpost_practice_db.schema_model import table_name

if TYPE_CHECKING:
    from serienpost import Context

_ = Texts(__name__)

KEY = "query_tables"


class QueryTables(RootModel[list[Annotated[str, AfterValidator(table_name)]]]):
    """Tables and views that a query may read, beside those of the schema mapping.

    A query reads them to choose people; nothing that they hold can stand in a message.
    """

    root: list[Annotated[str, AfterValidator(table_name)]] = Field(
        description=_("Names as the database knows them, TABLE or SCHEMA.TABLE."),
        examples=[["behandlung"]],
    )

    @classmethod
    def of(cls, context: Context) -> list[str]:
        """The tables of this practice."""
        settings = context.settings(KEY)
        return settings.root if isinstance(settings, cls) else []
