"""Consent from the register of written consents.

The check `register` reads who signed what: kind of contact, purpose, day given, day withdrawn,
document, and the address and the wording that the consent is bound to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost import hookimpl
from serienpost_consent_register.check import RegisterCheck
from serienpost_consent_register.settings import SETTINGS

if TYPE_CHECKING:
    from serienpost import ConsentCheck, Settings


@hookimpl
def serienpost_settings() -> list[Settings]:
    """Claim `consent_register`."""
    return [SETTINGS]


@hookimpl
def serienpost_consent_checks() -> list[ConsentCheck]:
    """Register `register`."""
    return [RegisterCheck()]
