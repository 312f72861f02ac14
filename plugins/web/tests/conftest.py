"""The desk that all tests of this member use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from browsing import Browser as FewMeans
from running_desk import PASSWORD, made_desk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser
    from running_desk import Desk


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with made_desk(tmp_path_factory.mktemp("desk") / "praxis") as made:
        yield made


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    from chromium import chromium

    with chromium() as found:
        yield found


@pytest.fixture
def ada(desk: Desk) -> Iterator[FewMeans]:
    """A browser of few means in which somebody is at work who has every right."""
    with FewMeans(desk.url) as browser:
        browser.log_in("Ada", PASSWORD)
        yield browser
