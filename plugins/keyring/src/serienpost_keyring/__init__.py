"""Secrets from the keyring of the operating system."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost import hookimpl

if TYPE_CHECKING:
    from serienpost import SecretStore


@hookimpl
def serienpost_secrets() -> list[SecretStore]:
    """The store `keyring`."""
    from serienpost_keyring.store import KeyringStore

    return [KeyringStore()]
