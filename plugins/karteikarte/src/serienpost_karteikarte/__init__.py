"""Letters in the patient's record: stored when a run is finished, printed again when wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost import Settings, hookimpl

if TYPE_CHECKING:
    import click

    from serienpost import Archive


@hookimpl
def serienpost_archives() -> list[Archive]:
    """Register the archive `karteikarte`."""
    from serienpost_karteikarte.archive import Karteikarte

    return [Karteikarte()]


@hookimpl
def serienpost_settings() -> list[Settings]:
    """Claim the key `karteikarte`."""
    from serienpost_karteikarte.settings import KarteikarteSettings

    return [Settings("karteikarte", KarteikarteSettings, required=True)]


@hookimpl
def serienpost_commands() -> list[click.Command]:
    """Register `letters`."""
    from serienpost_karteikarte.commands import letters

    return [letters]
