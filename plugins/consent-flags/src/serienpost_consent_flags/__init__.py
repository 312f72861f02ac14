"""Consent from the 'Kontakt erlaubt' flags in the master data.

The check `flags` reads kontakt_email, kontakt_sms and kontakt_brief of the person who consents.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost import hookimpl
from serienpost_consent_flags.check import FlagsCheck

if TYPE_CHECKING:
    from serienpost import ConsentCheck


@hookimpl
def serienpost_consent_checks() -> list[ConsentCheck]:
    """Register `flags`."""
    return [FlagsCheck()]
