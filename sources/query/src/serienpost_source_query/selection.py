"""What `select:` may say about a query."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from serienpost import StrictModel, Texts

_ = Texts(__name__)

_Name = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


class QuerySelection(StrictModel):
    """People, or appointments, whose ids a SELECT returns."""

    query: str = Field(
        min_length=1,
        description=_(
            "One SELECT that returns the column id and no other, or the name of a .sql "
            "file in the practice folder."
        ),
        examples=[
            "SELECT patient_id AS id FROM behandlung WHERE datum < :bis",
            "abfragen/recall.sql",
        ],
    )
    person: Literal["patient", "interessent", "appointment"] = Field(
        default="patient",
        description=_(
            "Whose ids the query returns. With `appointment` they are keys of "
            "appointments; each gives one row, with the appointment as its occasion."
        ),
        examples=["interessent", "appointment"],
    )
    parameters: dict[_Name, str | int | float | bool] = Field(
        default_factory=dict,
        description=_("Values of the :names in the query; they are bound, never part of its text."),
        examples=[{"bis": "2025-01-01"}],
    )
    seconds: int = Field(
        default=30,
        ge=1,
        le=3600,
        description=_("After how long a query that delivers nothing is stopped."),
    )

    @model_validator(mode="before")
    @classmethod
    def _selects_only(cls, value: Any) -> Any:  # noqa: ANN401
        if isinstance(value, dict) and "columns" in value:
            raise ValueError(
                _(
                    "columns: is no more, a query chooses people and supplies no value; map the "
                    "column as a field in the file named under schema:, and for the values of an "
                    "appointment write person: appointment and return its key as id"
                )
            )
        return value
