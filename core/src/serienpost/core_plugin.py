"""What the core itself brings, registered like any plugin's objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost.consent.suppression import SuppressionCheck
from serienpost.dispatch import LocalDispatcher
from serienpost.registry import Provider
from serienpost.secrets import CredentialsStore, EnvStore

if TYPE_CHECKING:
    from serienpost.registry import Registry


def register_core(registry: Registry) -> None:
    """Add the core's secret stores, the suppression check and the local dispatcher."""
    from serienpost import __version__

    core = Provider("serienpost", __version__)
    for store in (EnvStore(), CredentialsStore()):
        registry.add("secret_stores", store.name, store, core)
    suppression = SuppressionCheck()
    registry.add("consent_checks", suppression.name, suppression, core)
    local = LocalDispatcher()
    registry.add("dispatchers", local.name, local, core)
    registry.versions[core.distribution] = core.version
