"""A practice whose master data hold the flags."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from serienpost_practice_db.settings import DatabaseUrl
from serienpost_testkit.reference_practice import add, change, database

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from serienpost import Context
    from serienpost_testkit.contexts import MakeContext

__all__ = ["add", "change", "database"]

PATIENTS = (
    (1, "Ja", "ja", "ja", "ja"),
    (2, "Nein", "nein", "nein", "nein"),
    (3, "Offen", None, "", "?"),
    (4, "Nur Brief", "nein", None, "ja"),
    (5, "Groß", " JA", "Nein ", "Ja"),
)


@pytest.fixture
def flags(add: Callable[..., None]) -> None:
    """Five patients and one Interessent with their flags."""
    for id_, name, email, sms, letter in PATIENTS:
        flags = {"kontakt_email": email, "kontakt_sms": sms, "kontakt_brief": letter}
        add("patient", id=id_, vorname=name, **flags)
    add("interessent", id=1, kontakt_email="nein", kontakt_sms="ja")


@pytest.fixture
def context(database: Path, flags: None, make_context: MakeContext) -> Context:
    """The practice of that database; `survey` is not among its purposes."""
    return make_context(
        claimed={"database": DatabaseUrl(f"sqlite:///{database.name}")},
        consent={"flags_purposes": ["appointment", "recall"]},
    )
