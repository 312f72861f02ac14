from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from fake_service import FakeService

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeService]:
    fake = FakeService()
    monkeypatch.setenv("MESSENGER_SERVICE", fake.address)
    yield fake
    fake.stop()
