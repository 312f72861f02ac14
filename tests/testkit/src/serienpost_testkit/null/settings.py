"""The key `"null"` of `serienpost.yaml` (in quotes: a bare `null` is no text in YAML)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from serienpost import StrictModel

if TYPE_CHECKING:
    from serienpost import Context


class NullSettings(StrictModel):
    """What the null source and the null consent check answer; files are read at each call."""

    consent: str | None = Field(
        default=None,
        description="Evidence of null-consent: a file of JSON lines, or SQLite (.db, .sqlite).",
    )
    default: Literal["allow", "deny", "abstain", "raise", "slow", "wrong"] = Field(
        default="allow", description="What null-consent does where the evidence says nothing."
    )
    slow_seconds: float = Field(
        default=60.0, ge=0, description="How long a slow check takes, in seconds."
    )
    gone: str | None = Field(
        default=None,
        description="A JSON file: row or person id -> reason; these rows are no longer valid.",
    )
    fields: dict[str, str] = Field(
        default_factory=dict,
        description="Contact fields of further kinds, each with its text; {n} is the number.",
    )


def null_settings(context: Context) -> NullSettings:
    """The practice's settings, or the defaults."""
    given = context.settings("null")
    return given if isinstance(given, NullSettings) else NullSettings()
