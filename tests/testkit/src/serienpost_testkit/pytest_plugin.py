"""Fixtures for tests of plugins; pytest loads this module by itself (entry point `pytest11`).

The core is imported only inside the fixtures, so that coverage tools see all of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from serienpost_testkit.canary import CanaryLog

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from serienpost import Context
    from serienpost_testkit.contexts import MakeContext

pytest.register_assert_rewrite("serienpost_testkit.suites", "serienpost_testkit.canary")


@pytest.fixture
def practice_folder(tmp_path: Path) -> Path:
    """An empty practice folder."""
    folder = tmp_path / "praxis"
    folder.mkdir()
    return folder


@pytest.fixture
def make_context(practice_folder: Path) -> Iterator[MakeContext]:
    """Opens made-up practices: `make_context(claimed={...}, purposes=[...])`; closes them all."""
    from serienpost_testkit.contexts import MakeContext

    with MakeContext(practice_folder) as make:
        yield make


@pytest.fixture
def context(make_context: MakeContext) -> Context:
    """A made-up practice with the core's objects and no further settings."""
    return make_context()


@pytest.fixture
def canary_log(caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]) -> CanaryLog:
    """Watches log and output for planted personal data: `plant(...)`, later `check()`."""
    return CanaryLog(caplog, capsys)
