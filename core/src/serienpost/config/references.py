"""Names in `serienpost.yaml` that must mean something elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost.config.models import BUILT_IN_PURPOSES, DEFAULT, is_shared

if TYPE_CHECKING:
    from serienpost.config.models import PracticeConfig
    from serienpost.config.problems import Collector
    from serienpost.registry import Registry

_PLUGIN_HINT = "name the plugin that brings it under plugins:"


def check_references(config: PracticeConfig, registry: Registry, collector: Collector) -> None:
    """Note every name of a check, store, dispatcher, kind or purpose that is not there."""
    _check_consent(config, registry, collector)
    for index, store in enumerate(config.secrets):
        if store not in registry.secret_stores:
            known = registry.secret_stores
            collector.unknown(("secrets", index), "secret store", store, known, _PLUGIN_HINT)
    kinds = registry.kinds()
    for kind in config.quiet:
        if kind not in kinds:
            collector.unknown(("quiet", kind), "kind", kind, kinds)
    for index, purpose in enumerate(config.purposes):
        if purpose in BUILT_IN_PURPOSES:
            collector.add(("purposes", index), "this purpose is built in", "remove it")
    _check_ledger(config, registry, collector)


def _check_consent(config: PracticeConfig, registry: Registry, collector: Collector) -> None:
    purposes = config.purposes_known()
    for purpose, checks in config.consent.require.items():
        if purpose not in (*purposes, DEFAULT):
            loc = ("consent", "require", purpose)
            collector.unknown(loc, "purpose", purpose, (*purposes, DEFAULT))
        for index, check in enumerate(checks):
            if check not in registry.consent_checks:
                collector.unknown(
                    ("consent", "require", purpose, index),
                    "consent check",
                    check,
                    registry.consent_checks,
                    _PLUGIN_HINT,
                )
    for index, purpose in enumerate(config.consent.flags_purposes):
        if purpose not in purposes:
            collector.unknown(("consent", "flags_purposes", index), "purpose", purpose, purposes)


def _check_ledger(config: PracticeConfig, registry: Registry, collector: Collector) -> None:
    shared = is_shared(config.ledger)
    if shared and "id" not in config.practice.model_fields_set:
        collector.add(
            ("practice", "id"),
            "is missing",
            "a ledger that practices may share needs the id of this one",
        )
    if shared and config.checkpoint:
        collector.add(
            ("checkpoint",), "belongs to a ledger in a SQLite file", "remove it; see reliability.md"
        )
    dispatcher = registry.dispatchers.get(config.dispatcher)
    if dispatcher is None:
        known = registry.dispatchers
        collector.unknown(("dispatcher",), "dispatcher", config.dispatcher, known, _PLUGIN_HINT)
    elif dispatcher.needs_shared_ledger and not shared:
        collector.add(
            ("dispatcher",),
            f"{config.dispatcher!r} needs a ledger on PostgreSQL",
            "set ledger: postgresql://..., or dispatcher: local",
        )
