"""The contract of macros, for every macro of this package."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from serienpost_macros_practice import serienpost_macros
from serienpost_testkit.suites import MacroSuite

if TYPE_CHECKING:
    from serienpost import Macro


class TestMacros(MacroSuite):
    @pytest.fixture(params=serienpost_macros(), ids=lambda macro: macro.name)
    def macro(self, request: pytest.FixtureRequest) -> Macro:
        return request.param
