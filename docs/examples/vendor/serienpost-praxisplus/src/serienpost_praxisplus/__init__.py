"""What PraxisPlus brings to serienpost."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from serienpost import TemplatePack, hookimpl

if TYPE_CHECKING:
    from serienpost import ConsentCheck, SecretStore


@hookimpl
def serienpost_consent_checks() -> list[ConsentCheck]:
    """The check `praxisplus-dsgvo`."""
    from serienpost_praxisplus.check import SignatureCheck

    return [SignatureCheck()]


@hookimpl
def serienpost_secrets() -> list[SecretStore]:
    """The store `praxisplus`."""
    from serienpost_praxisplus.store import PraxisPlusStore

    return [PraxisPlusStore()]


@hookimpl
def serienpost_templates() -> list[TemplatePack]:
    """The pack `praxisplus`."""
    return [TemplatePack("praxisplus", Path(__file__).parent / "templates")]
