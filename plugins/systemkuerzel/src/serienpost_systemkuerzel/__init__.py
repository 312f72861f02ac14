"""Secrets from the practice's Systemkürzel table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost import hookimpl

if TYPE_CHECKING:
    from serienpost import SecretStore


@hookimpl
def serienpost_secrets() -> list[SecretStore]:
    """Register the store `systemkuerzel`."""
    from serienpost_systemkuerzel.store import SystemkuerzelStore

    return [SystemkuerzelStore()]
