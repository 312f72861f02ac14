"""The contract of a consent check."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from serienpost import ConsentQuestion
from serienpost_consent_register import serienpost_consent_checks
from serienpost_testkit.suites import ConsentCheckSuite

if TYPE_CHECKING:
    from collections.abc import Callable

    from serienpost import ConsentCheck


class TestRegister(ConsentCheckSuite):
    questions = tuple(
        ConsentQuestion(person, person, kind, purpose, "kanarie@example.org")
        for person in ("patient:1", "patient:2", "patient:3", "interessent:1")
        for kind in ("email", "sms", "letter")
        for purpose in ("marketing", "survey")
    )

    @pytest.fixture(autouse=True)
    def _signed(self, sign: Callable[..., None]) -> None:
        sign("patient:1", "email", "marketing", "2020-01-01", adresse="kanarie@example.org")
        sign("patient:1", "letter", "alle", "2020-01-01")
        sign("patient:2", "email", "marketing", "2020-01-01", widerrufen_am="2021-01-01")
        sign("patient:3", "email", "marketing", "2020-01-01", adresse="andere@example.org")
        sign("patient:3", "sms", "marketing", "2999-01-01")
        sign("interessent:1", "email", "survey", "2020-01-01")

    @pytest.fixture
    def consent_check(self) -> ConsentCheck:
        (check,) = serienpost_consent_checks()
        return check
