"""Everything that a practice's plugins registered, by name, each with its provider."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar, cast

from serienpost.errors import PluginError, Problem
from serienpost.kinds import CORE_KINDS
from serienpost.translation import Texts

if TYPE_CHECKING:
    import click

    from serienpost.contracts.channels import Channel
    from serienpost.contracts.consent import ConsentCheck
    from serienpost.contracts.kinds import Kind
    from serienpost.contracts.macros import Macro
    from serienpost.contracts.rows import Source
    from serienpost.contracts.services import (
        Archive,
        Dispatcher,
        SecretStore,
        Settings,
        TemplatePack,
    )

_ = Texts(__name__)

T = TypeVar("T")
_MACRO_NAME = re.compile(r"[A-Za-zÄÖÜäöüß][A-Za-z0-9_ÄÖÜäöüß]*\Z")

# What is registered, with its article: the subject of a sentence.
_THE = {
    "sources": _("the source"),
    "consent_checks": _("the consent check"),
    "macros": _("the macro"),
    "channels": _("the channel"),
    "secret_stores": _("the secret store"),
    "archives": _("the archive"),
    "dispatchers": _("the dispatcher"),
    "template_packs": _("the template pack"),
    "settings": _("the key"),
    "commands": _("the command"),
}


@dataclass(frozen=True, slots=True)
class Provider:
    """The distribution that an object comes from."""

    distribution: str
    version: str

    def __str__(self) -> str:
        return f"{self.distribution} {self.version}"


@dataclass
class Registry:
    """The objects of one practice. Two objects of a kind with one name are a conflict."""

    sources: dict[str, Source[Any]] = field(default_factory=dict)
    consent_checks: dict[str, ConsentCheck] = field(default_factory=dict)
    macros: dict[str, Macro] = field(default_factory=dict)
    channels: dict[str, Channel[Any]] = field(default_factory=dict)
    secret_stores: dict[str, SecretStore] = field(default_factory=dict)
    archives: dict[str, Archive] = field(default_factory=dict)
    dispatchers: dict[str, Dispatcher] = field(default_factory=dict)
    template_packs: dict[str, TemplatePack] = field(default_factory=dict)
    settings: dict[str, Settings] = field(default_factory=dict)
    commands: dict[str, click.Command] = field(default_factory=dict)
    providers: dict[tuple[str, str], Provider] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)

    def add(self, group: str, name: str, value: object, provider: Provider) -> None:
        """Register one object under its name.

        Raises:
            PluginError: the name is taken or not usable, or a channel replaces a kind of the core;
                names the distributions.
        """
        plugin = str(provider)
        if not isinstance(name, str) or not name:
            text = _(
                "{plugin} registers something without a name ({group})", plugin=plugin, group=group
            )
            raise _refusal(text, provider)
        if group == "macros" and not _MACRO_NAME.match(name):
            text = _(
                "{plugin} registers a macro that no text can name: '{name}'",
                plugin=plugin,
                name=name,
            )
            raise _refusal(text, provider)
        own: Any = getattr(value, "kind", None) if group == "channels" else None
        if getattr(own, "name", None) in CORE_KINDS:
            raise _refusal(
                _(
                    "{plugin} registers a channel '{name}' with a kind '{kind}' of its own",
                    plugin=plugin,
                    name=name,
                    kind=own.name,
                ),
                provider,
                _(
                    "a kind of the core cannot be replaced; write kind = '{kind}'",
                    kind=own.name,
                ),
            )
        taken = self.providers.get((group, name))
        if taken:
            raise _refusal(
                _(
                    "{thing} '{name}' is provided by {other} and by {plugin}",
                    thing=_THE[group],
                    name=name,
                    other=str(taken),
                    plugin=plugin,
                ),
                provider,
                _("remove one of the two under plugins:"),
            )
        getattr(self, group)[name] = value
        self.providers[group, name] = provider

    def answered(
        self, group: str, name: str, method: str, answer: object, wanted: type[T] | tuple[type, ...]
    ) -> T:
        """The answer of a plugin's object, if it is of the type that its contract promises.

        Raises:
            PluginError: it is not; names the distribution, the object and the method.
        """
        if isinstance(answer, wanted):
            return cast("T", answer)
        provider = self.providers.get((group, name)) or Provider("?", "")
        raise _refusal(
            _(
                "plugin {plugin}: {method} of {name} ({group}) answers with {type}",
                plugin=str(provider),
                method=method,
                name=name,
                group=group,
                type=type(answer).__name__,
            ),
            provider,
            _("tell who maintains it"),
        )

    def kind(self, channel: Channel[Any]) -> Kind:
        """The kind of contact that a channel writes to."""
        from serienpost.kinds import core_kind

        return core_kind(channel.kind) if isinstance(channel.kind, str) else channel.kind

    def kinds(self) -> dict[str, Kind]:
        """The kinds of contact of the core and of the channels, by name."""
        from serienpost.kinds import core_kind

        found = {name: core_kind(name) for name in CORE_KINDS}
        for kind in map(self.kind, self.channels.values()):
            found.setdefault(kind.name, kind)
        return found


def _refusal(message: str, provider: Provider, hint: str | None = None) -> PluginError:
    return PluginError(Problem(message, hint, key=provider.distribution))
