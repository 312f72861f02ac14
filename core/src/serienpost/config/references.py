"""Names in `serienpost.yaml` that must mean something elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost.config.models import BUILT_IN_PURPOSES, DEFAULT, is_shared
from serienpost.translation import Texts

if TYPE_CHECKING:
    from serienpost.config.models import PracticeConfig
    from serienpost.config.problems import Collector
    from serienpost.registry import Registry

_ = Texts(__name__)

_PLUGIN_HINT = _("name the plugin that brings it under plugins:")


def check_references(config: PracticeConfig, registry: Registry, collector: Collector) -> None:
    """Note every name of a check, store, dispatcher, kind or purpose that is not there."""
    _check_consent(config, registry, collector)
    for index, store in enumerate(config.secrets):
        if store not in registry.secret_stores:
            known = registry.secret_stores
            message = _("there is no secret store '{name}'", name=store)
            collector.unknown(("secrets", index), message, store, known, _PLUGIN_HINT)
    kinds = registry.kinds()
    for kind in config.quiet:
        if kind not in kinds:
            message = _("there is no kind '{name}'", name=kind)
            collector.unknown(("quiet", kind), message, kind, kinds)
    for index, purpose in enumerate(config.purposes):
        if purpose in BUILT_IN_PURPOSES:
            collector.add(("purposes", index), _("this purpose is built in"), _("remove it"))
    _check_ledger(config, registry, collector)
    _check_notify(config, registry, collector)


def _check_consent(config: PracticeConfig, registry: Registry, collector: Collector) -> None:
    purposes = config.purposes_known()
    for purpose, checks in config.consent.require.items():
        if purpose not in (*purposes, DEFAULT):
            loc = ("consent", "require", purpose)
            message = _("there is no purpose '{name}'", name=purpose)
            collector.unknown(loc, message, purpose, (*purposes, DEFAULT))
        for index, check in enumerate(checks):
            if check not in registry.consent_checks:
                collector.unknown(
                    ("consent", "require", purpose, index),
                    _("there is no consent check '{name}'", name=check),
                    check,
                    registry.consent_checks,
                    _PLUGIN_HINT,
                )
    for index, purpose in enumerate(config.consent.flags_purposes):
        if purpose not in purposes:
            message = _("there is no purpose '{name}'", name=purpose)
            collector.unknown(("consent", "flags_purposes", index), message, purpose, purposes)


def _check_ledger(config: PracticeConfig, registry: Registry, collector: Collector) -> None:
    shared = is_shared(config.ledger)
    if shared and "id" not in config.practice.model_fields_set:
        collector.add(
            ("practice", "id"),
            _("is missing"),
            _("a ledger that practices may share needs the id of this one"),
        )
    if shared and config.checkpoint:
        collector.add(
            ("checkpoint",),
            _("belongs to a ledger in a SQLite file"),
            _("remove it; see reliability.md"),
        )
    dispatcher = registry.dispatchers.get(config.dispatcher)
    if dispatcher is None:
        known = registry.dispatchers
        message = _("there is no dispatcher '{name}'", name=config.dispatcher)
        collector.unknown(("dispatcher",), message, config.dispatcher, known, _PLUGIN_HINT)
    elif dispatcher.needs_shared_ledger and not shared:
        collector.add(
            ("dispatcher",),
            _("'{name}' needs a ledger on PostgreSQL", name=config.dispatcher),
            _("set ledger: postgresql://..., or dispatcher: local"),
        )


def _check_notify(config: PracticeConfig, registry: Registry, collector: Collector) -> None:
    if config.notify is None:
        return
    loc, name = ("notify", "account"), config.notify.account
    account = config.accounts.get(name)
    if account is None:
        place = f"accounts.{name}"
        if not any((p.key or "").startswith(place) for p in collector.problems):
            message = _("there is no account '{name}'", name=name)
            collector.unknown(loc, message, name, config.accounts)
    elif registry.kind(registry.channels[account.channel]).name != "email":
        hint = _("name an account of kind e-mail, as one of the channel smtp")
        collector.add(loc, _("the account '{name}' sends no e-mails", name=name), hint)
