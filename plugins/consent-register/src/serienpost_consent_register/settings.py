"""The key `consent_register` of `serienpost.yaml`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from serienpost import Settings, StrictModel

if TYPE_CHECKING:
    from serienpost import Context


class RegisterSettings(StrictModel):
    """What the register counts as consent beyond its dates."""

    wordings: dict[str, list[str]] = Field(
        default_factory=dict,
        description="Purpose -> the wordings (`wortlaut`) that still count; all count for a "
        "purpose that is not named.",
        examples=[{"marketing": ["2024-1", "2025-1"]}],
    )


SETTINGS = Settings("consent_register", RegisterSettings)


def register_settings(context: Context) -> RegisterSettings:
    """The practice's settings, or the defaults."""
    given = context.settings(SETTINGS.key)
    return given if isinstance(given, RegisterSettings) else RegisterSettings()
