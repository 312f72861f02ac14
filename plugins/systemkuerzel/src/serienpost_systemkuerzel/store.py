"""The store `systemkuerzel`: a secret is the value of the Kürzel that has its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost import SecretError, SourceError, Texts

if TYPE_CHECKING:
    from serienpost import Context

_ = Texts(__name__)

ENTITY = "systemkuerzel"
VALUE = "wert"


class SystemkuerzelStore:
    """Reads the table of system settings of the practice software, as `schema.yaml` maps it."""

    name = ENTITY
    reads_database = True

    def get(self, context: Context, name: str) -> str | None:
        """The value of a Kürzel; None where there is none or it is empty.

        Raises:
            SecretError: the table cannot be read.
        """
        from serienpost_practice_db.database import PracticeDb

        try:
            found = PracticeDb.of(context).lookup([f"{ENTITY}:{name}"], [VALUE])
        except SourceError as error:
            problem = error.problems[0]
            raise SecretError(
                _(
                    "secret {name}: the Systemkürzel cannot be read: {why}",
                    name=name,
                    why=problem.message,
                ),
                hint=problem.hint,
            ) from error
        value = found.get(f"{ENTITY}:{name}", {}).get(VALUE)
        return str(value).strip() or None if value is not None else None
