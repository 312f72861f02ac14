"""Loads the plugins that a practice names, and no others, strictly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING

import pluggy

from serienpost import hookspecs
from serienpost.config.problems import did_you_mean
from serienpost.errors import PluginError, Problem
from serienpost.registry import Provider, Registry
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_ = Texts(__name__)

GROUP = "serienpost"
_NAMED_BY = {"template_packs": "templates", "secret_stores": "secrets"}
_GROUPS = (
    "sources",
    "consent_checks",
    "macros",
    "channels",
    "secret_stores",
    "archives",
    "dispatchers",
    "template_packs",
    "settings",
    "commands",
)


@dataclass
class PluginReport:
    """What became of one plugin, for `serienpost plugins`; one that is not named was not loaded."""

    name: str
    version: str | None = None
    problems: list[Problem] = field(default_factory=list)
    provides: list[str] = field(default_factory=list)
    is_named: bool = True


def load_plugins(names: Sequence[str]) -> Registry:
    """Import the named distributions and collect what they register.

    Raises:
        PluginError: one problem per plugin that is missing, broken, misspells a hook or takes a
            name that is taken; each names distribution and version.
    """
    registry, reports = survey_plugins(names)
    problems = [problem for report in reports for problem in report.problems]
    if problems:
        raise PluginError(*problems)
    return registry


def survey_plugins(names: Sequence[str]) -> tuple[Registry, list[PluginReport]]:
    """Like `load_plugins`, but goes on after a failure and reports on every plugin."""
    from serienpost.core_plugin import register_core

    registry = Registry()
    register_core(registry)
    installed = _installed()
    reports = []
    for name in dict.fromkeys(names):
        report = PluginReport(name)
        reports.append(report)
        try:
            _load(name, installed, registry, report)
        except PluginError as error:
            report.problems.extend(error.problems)
    return registry, reports


def unnamed_plugins(names: Sequence[str]) -> list[PluginReport]:
    """The plugins that are installed and not named; they are not imported."""
    return [
        PluginReport(name, entries[0].dist.version if entries[0].dist else None, is_named=False)
        for name, entries in sorted(_installed().items())
        if name not in names
    ]


def _installed() -> dict[str, list[EntryPoint]]:
    found: dict[str, list[EntryPoint]] = {}
    for entry in entry_points(group=GROUP):
        found.setdefault(entry.name, []).append(entry)
    return found


def _load(
    name: str, installed: dict[str, list[EntryPoint]], registry: Registry, report: PluginReport
) -> None:
    entry = _entry(name, installed)
    version = entry.dist.version if entry.dist else "?"
    report.version = version
    provider = Provider(name, version)
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(hookspecs)
    try:
        module = entry.load()
    except (Exception, SystemExit) as error:
        text = _(
            "plugin {plugin} cannot be imported: {why}", plugin=str(provider), why=_brief(error)
        )
        raise _broken(provider, text) from error
    try:
        manager.register(module, name)
        manager.check_pending()
    except Exception as error:
        raise _misspelt(provider, error) from error
    _collect(manager, provider, registry, report)
    registry.versions[name] = version


def _entry(name: str, installed: dict[str, list[EntryPoint]]) -> EntryPoint:
    entries = installed.get(name, [])
    if not entries:
        command = f"pip install {name}"
        hint = did_you_mean(name, installed) or _("install it: {command}", command=command)
        raise PluginError(Problem(_("plugin {name} is not installed", name=name), hint, key=name))
    if len(entries) > 1:
        owners = [f"{e.dist.name} {e.dist.version}" for e in entries if e.dist]
        text = _("plugin {name} is provided by {providers}", name=name, providers=owners)
        raise PluginError(Problem(text, key=name))
    entry = entries[0]
    if entry.dist and entry.dist.name != name:
        raise PluginError(
            Problem(
                _(
                    "{plugin} calls its entry point {name}",
                    plugin=f"{entry.dist.name} {entry.dist.version}",
                    name=name,
                ),
                _("an entry point is named like its distribution"),
                key=name,
            )
        )
    return entry


def _collect(
    manager: pluggy.PluginManager, provider: Provider, registry: Registry, report: PluginReport
) -> None:
    for group in _GROUPS:
        hook = getattr(manager.hook, f"serienpost_{_NAMED_BY.get(group, group)}")
        try:
            objects = [thing for things in _answers(hook) for thing in _iterable(things)]
            named = [(_name(group, thing), thing) for thing in objects]
        except (Exception, SystemExit) as error:
            text = _(
                "plugin {plugin} fails to register its {group}: {why}",
                plugin=str(provider),
                group=group,
                why=_brief(error),
            )
            raise _broken(provider, text) from error
        for name, thing in named:
            registry.add(group, name, thing, provider)
            report.provides.append(f"{group.removesuffix('s').replace('_', ' ')} {name}")


def _answers(hook: pluggy.HookCaller) -> list[object]:
    """What the hook returned; pluggy leaves out None, which here is a forgotten `return`."""
    answers: list[object] = hook()
    if len(answers) < len(hook.get_hookimpls()):
        raise TypeError("the hook returned None, not a list")
    return answers


def _iterable(things: object) -> Iterable[object]:
    if isinstance(things, (list, tuple)):
        return things
    if isinstance(things, Iterator):
        return list(things)
    raise TypeError(f"the hook returned {type(things).__name__}, not a list")


def _name(group: str, thing: object) -> str:
    name = getattr(thing, "key" if group == "settings" else "name")
    if not isinstance(name, str):
        raise TypeError(f"a name is {type(name).__name__}, not text")
    return name


def _misspelt(provider: Provider, error: Exception) -> PluginError:
    from pluggy import PluginValidationError

    if isinstance(error, PluginValidationError) and "unknown hook" in str(error):
        wrong = str(error).split("unknown hook ")[1].split()[0].strip("'\"")
        known = [name for name in vars(hookspecs) if name.startswith("serienpost_")]
        text = _(
            "plugin {plugin} implements an unknown hook {hook}", plugin=str(provider), hook=wrong
        )
        return _broken(provider, text, did_you_mean(wrong, known))
    why = _brief(error)
    return _broken(
        provider, _("plugin {plugin} cannot be registered: {why}", plugin=str(provider), why=why)
    )


def _brief(error: BaseException) -> str:
    """What a plugin says, whose words are not ours, in one line."""
    first = (str(error).splitlines() or [""])[0][:200]
    return f"{type(error).__name__}: {first}"


def _broken(provider: Provider, message: str, hint: str | None = None) -> PluginError:
    return PluginError(Problem(message, hint, key=provider.distribution))
