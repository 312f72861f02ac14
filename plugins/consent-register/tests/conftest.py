"""A practice with a register of written consents."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from serienpost_testkit.reference_practice import add, change, context, database

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["add", "change", "context", "database"]


@pytest.fixture
def sign(add: Callable[..., None]) -> Callable[..., None]:
    """Enters a consent: `sign("patient:17", "email", "marketing", "2025-01-01")`."""

    def insert(
        person: str, kind: str | None, purpose: str | None, given: str | None, **more: object
    ) -> None:
        person_type, _, number = person.partition(":")
        values = {
            "person_typ": person_type,
            "person_id": int(number),
            "kontaktart": kind,
            "zweck": purpose,
            "erteilt_am": given,
            "dokument": "akte.pdf",
            **more,
        }
        add("einwilligung", **values)

    return insert
