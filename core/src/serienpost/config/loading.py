"""Opening a practice folder: policy, `serienpost.yaml`, plugins, every key checked."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

from pydantic import ValidationError

from serienpost.config.layers import Layers, read_layers
from serienpost.config.literal_secrets import refuse_literals, refuse_marked
from serienpost.config.mailing_file import load_mailing, mailing_names
from serienpost.config.models import CORE_KEYS, PracticeConfig, is_name
from serienpost.config.policy import check_policy
from serienpost.config.problems import Collector, did_you_mean, explain
from serienpost.config.references import check_references
from serienpost.context import PracticeContext
from serienpost.errors import ConfigError, PluginError, Problem
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pydantic import BaseModel

    from serienpost.contracts.accounts import AccountSettings
    from serienpost.registry import Registry

    Load: TypeAlias = Callable[[Sequence[str]], Registry]

_ = Texts(__name__)

__all__ = ["load_mailing", "load_practice", "mailing_names", "plugin_names"]

_REMOVE_ONE = _("remove one of the two")


def load_practice(folder: Path, load: Load | None = None) -> PracticeContext:
    """Open a practice folder with exactly the plugins that it names.

    Args:
        folder: holds `serienpost.yaml`.
        load: imports the named plugins; `serienpost.manager.load_plugins` unless given.

    Raises:
        ConfigError: everything that is wrong with policy and `serienpost.yaml`.
        PluginError: nothing but plugins is wrong.
    """
    layers = read_layers(folder)
    collector = _collector(layers)
    refuse_literals(layers.data, collector)
    core = _core(layers.data, collector)
    registry = _registry(layers, load, collector)
    check_policy(layers, registry.settings, collector)
    claimed = _claimed(layers.data, registry, collector)
    accounts = _accounts(layers.data.get("accounts"), registry, collector)
    config = core.model_copy(update={"accounts": accounts, "claimed": claimed})
    check_references(config, registry, collector)
    collector.raise_if_any()
    return PracticeContext(folder, config.read_from(layers), registry)


def plugin_names(folder: Path) -> tuple[str, ...]:
    """The plugins that a practice names, nothing else checked.

    Raises:
        ConfigError: the files cannot be read, or `plugins` is not a list of names.
    """
    layers = read_layers(folder)
    names = layers.data.get("plugins", [])
    if isinstance(names, list) and all(isinstance(name, str) for name in names):
        return tuple(names)
    file, line = layers.where(("plugins",))
    raise ConfigError(Problem(_("must be a list of distributions"), None, file, line, "plugins"))


def _collector(layers: Layers) -> Collector:
    documents = [*layers.policies, layers.practice]
    return Collector(layers.where, (p for document in documents for p in document.problems))


def _core(data: dict[str, Any], collector: Collector) -> PracticeConfig:
    """The core's keys; one that is wrong is noted and takes its default from here on."""
    keys = {key: data[key] for key in CORE_KEYS if key in data and key != "accounts"}
    try:
        return PracticeConfig.model_validate(keys)
    except ValidationError as error:
        found = explain(error, PracticeConfig, keys)
    for loc, message, hint in found:
        collector.add(loc, message, hint)
    wrong = {loc[0] for loc, _message, _hint in found}
    right = {key: value for key, value in keys.items() if key not in wrong}
    return PracticeConfig.model_validate({"practice": {"id": "unknown", "name": "?"}, **right})


def _registry(layers: Layers, load: Load | None, collector: Collector) -> Registry:
    if load is None:
        from serienpost.manager import load_plugins

        load = load_plugins
    names = layers.data.get("plugins", [])
    names = [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
    for index, name in enumerate(names):
        if name in names[:index]:
            collector.add(("plugins", index), _("{name} is named twice", name=name), _REMOVE_ONE)
    try:
        return load(names)
    except PluginError as error:
        found = [_placed(problem, names, layers) for problem in error.problems]
        if collector.problems:
            raise ConfigError(*collector.problems, *found) from error
        raise PluginError(*found) from error


def _placed(problem: Problem, names: list[str], layers: Layers) -> Problem:
    if problem.file or problem.key not in names:
        return problem
    file, line = layers.where(("plugins", names.index(problem.key)))
    return replace(problem, file=file, line=line, key="plugins")


def _claimed(
    data: dict[str, Any], registry: Registry, collector: Collector
) -> dict[str, BaseModel]:
    known = [*CORE_KEYS, *registry.settings]
    for key in data:
        if key not in known:
            hint = _("if a plugin brings this key, name the plugin under plugins:")
            collector.add((key,), _("unknown key"), did_you_mean(key, known) or hint)
    checked = {}
    for key, settings in registry.settings.items():
        if key in data:
            refuse_marked(settings.model, data[key], collector, (key,))
            value = collector.validate(settings.model, data[key], (key,))
            if value is not None:
                checked[key] = value
        elif settings.required:
            provider = registry.providers.get(("settings", key))
            by = (
                _("{plugin} needs it", plugin=provider.distribution)
                if provider
                else _("a plugin needs it")
            )
            collector.add((key,), _("is missing"), by)
    return checked


def _accounts(raw: object, registry: Registry, collector: Collector) -> dict[str, AccountSettings]:
    if raw is None:
        return {}
    if not isinstance(raw, dict):
        collector.add(("accounts",), _("must be a map"), _("write {name: {channel: ...}}"))
        return {}
    checked = {}
    for name, settings in raw.items():
        account = _account(name, settings, registry, collector)
        if account:
            checked[name] = account
    return checked


def _account(
    name: object, settings: object, registry: Registry, collector: Collector
) -> AccountSettings | None:
    loc = ("accounts", str(name))
    if not isinstance(name, str) or not is_name(name):
        collector.add(loc, _("use only letters, digits, _ and - in a name"))
    elif not isinstance(settings, dict):
        collector.add(loc, _("must be a map"), _("write {channel: ...}"))
    elif not isinstance(settings.get("channel"), str):
        message = _("must be text") if "channel" in settings else _("is missing")
        collector.add((*loc, "channel"), message, _("name a channel, as in channel: smtp"))
    elif settings["channel"] not in registry.channels:
        channel = settings["channel"]
        near = did_you_mean(channel, registry.channels)
        plugin = _(
            "name its plugin under plugins:, as in {plugin}", plugin=f"serienpost-channel-{channel}"
        )
        collector.add(
            (*loc, "channel"),
            _("there is no channel '{name}'", name=channel),
            _("{near} otherwise {hint}", near=near, hint=plugin) if near else plugin,
        )
    else:
        model = registry.channels[settings["channel"]].account
        refuse_marked(model, settings, collector, loc)
        return collector.validate(model, settings, loc)
    return None
