"""What `select:` may say about a query."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from serienpost import StrictModel

_Name = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


class QuerySelection(StrictModel):
    """People whose ids a SELECT returns."""

    query: str = Field(
        min_length=1,
        description="One SELECT that returns the column id, or the name of a .sql file in the "
        "practice folder.",
        examples=[
            "SELECT patient_id AS id FROM behandlung WHERE datum < :bis",
            "abfragen/recall.sql",
        ],
    )
    person: Literal["patient", "interessent"] = Field(
        default="patient", description="Whose ids the query returns.", examples=["interessent"]
    )
    parameters: dict[_Name, str | int | float | bool] = Field(
        default_factory=dict,
        description="Values of the :names in the query; they are bound, never part of its text.",
        examples=[{"bis": "2025-01-01"}],
    )
    columns: list[_Name] = Field(
        default_factory=list,
        max_length=50,
        description="Further columns of the query that the text may use, by the name of the field "
        "they give. Only columns that come straight from fields that may leave the practice.",
        examples=[["termin_beginn"]],
    )
    seconds: int = Field(
        default=30,
        ge=1,
        le=3600,
        description="After how long a query that delivers nothing is stopped.",
    )
