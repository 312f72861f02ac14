"""A practice with the table of Systemkürzel."""

from collections.abc import Callable
from pathlib import Path

import pytest

from serienpost import Context
from serienpost_practice_db.settings import DatabaseUrl
from serienpost_testkit.contexts import MakeContext
from serienpost_testkit.reference_practice import add, change, database

__all__ = ["add", "change", "database"]


@pytest.fixture
def context(database: Path, change: Callable[..., None], make_context: MakeContext) -> Context:
    """The practice of that database."""
    change("create table systemkuerzel(kuerzel text primary key, wert text)")
    return make_context(claimed={"database": DatabaseUrl(f"sqlite:///{database.name}")})
