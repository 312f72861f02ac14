"""The contract of a consent check."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from serienpost import ConsentQuestion
from serienpost_consent_flags import serienpost_consent_checks
from serienpost_testkit.suites import ConsentCheckSuite

if TYPE_CHECKING:
    from serienpost import ConsentCheck


class TestFlags(ConsentCheckSuite):
    questions = tuple(
        ConsentQuestion(person, person, kind, purpose, "kanarie@example.org")
        for person in ("patient:1", "patient:2", "patient:3", "patient:4", "interessent:1")
        for kind in ("email", "sms", "letter")
        for purpose in ("appointment", "survey")
    )

    @pytest.fixture
    def consent_check(self) -> ConsentCheck:
        (check,) = serienpost_consent_checks()
        return check
