"""Practice folders that share a ledger under one id: each would take the other's rows for its own.

A copy of a folder that kept its `practice: id` is enough, where both name one ledger. The ledger
keeps practices apart by their ids alone.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from serienpost.config.layers import PRACTICE_FILE, read_layers
from serienpost.config.models import PracticeConfig
from serienpost.errors import Problem, SerienpostError
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_ = Texts(__name__)


class _Place(NamedTuple):
    """Where a practice's rows lie: the ledger by its real path or its server's, and the id."""

    ledger: str
    practice: str


def folders_below(above: Path) -> list[Path]:
    """The practice folders right below a folder."""
    return sorted(found.parent for found in above.glob(f"*/{PRACTICE_FILE}"))


def shared_places(folders: Iterable[Path]) -> dict[Path, Problem]:
    """The folders that have another's id on another's ledger, each with what to do.

    A folder whose configuration cannot be read shares nothing that could be known.
    """
    by_place: dict[_Place, list[Path]] = {}
    for folder in folders:
        place = _place(folder)
        if place:
            by_place.setdefault(place, []).append(folder)
    found = {}
    for place, several in by_place.items():
        for folder in several if len(several) > 1 else ():
            text = _(
                "has the id {practice} on one ledger with {others}",
                practice=place.practice,
                others=[str(other) for other in several if other != folder],
            )
            hint = _("give one of them another practice: id, or another ledger:")
            found[folder] = Problem(text, hint, str(folder / PRACTICE_FILE), None, "practice.id")
    return found


def _place(folder: Path) -> _Place | None:
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        data = read_layers(folder).data
        url = make_url(str(data.get("ledger") or PracticeConfig.model_fields["ledger"].default))
    except (SerienpostError, ArgumentError):
        return None
    own = data.get("practice")
    practice = own.get("id", "default") if isinstance(own, dict) else "default"
    if url.get_backend_name() == "sqlite":
        return _Place(os.path.realpath(folder / str(url.database)), str(practice))
    server = f"{url.host}:{url.port or ''}/{url.database}?{sorted(url.query.items())}"
    return _Place(server, str(practice))
