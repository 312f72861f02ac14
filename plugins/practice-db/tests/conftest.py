"""A practice with a small database in the reference schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from serienpost_practice_db.settings import DatabaseUrl
from serienpost_testkit.reference_practice import add, change, database

if TYPE_CHECKING:
    from pathlib import Path

    from serienpost import Context
    from serienpost_testkit.contexts import MakeContext

__all__ = ["add", "change", "database"]


@pytest.fixture
def context(database: Path, make_context: MakeContext) -> Context:
    """The practice of that database."""
    return make_context(claimed={"database": DatabaseUrl(f"sqlite:///{database.name}")})
