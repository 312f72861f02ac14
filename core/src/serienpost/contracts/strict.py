"""The base of every model of a file that users write."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class StrictModel(BaseModel):
    """No unknown keys, no silent conversion: `5` is not text and `"5"` is not a number.

    Errors never show the value they complain about; it may be a secret in the wrong place.
    """

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        validate_default=False,
        hide_input_in_errors=True,
    )
