"""The table of mail providers, `presets.toml`: defaults for an account's keys."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_ABOUT = ("title", "known", "note")


@cache
def presets() -> Mapping[str, Mapping[str, Any]]:
    """All providers by name."""
    text = files("serienpost_channel_smtp").joinpath("presets.toml").read_text("utf-8")
    return MappingProxyType(tomllib.loads(text))


def preset_defaults(name: str) -> dict[str, Any]:
    """What a provider sets of an account.

    Raises:
        KeyError: the table has no such provider.
    """
    return {key: value for key, value in presets()[name].items() if key not in _ABOUT}


def preset_note(name: str) -> str:
    """What one should know before a large run, in one sentence."""
    return str(presets()[name]["note"])
