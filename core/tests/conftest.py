"""What several rooms of the core test with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from serienpost.ledger.engine import open_engine

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The file of an empty ledger, so that not every test migrates one."""
    folder: Path = tmp_path_factory.mktemp("migrated")
    open_engine("sqlite:///ledger.db", folder).dispose()
    return (folder / "ledger.db").read_bytes()
