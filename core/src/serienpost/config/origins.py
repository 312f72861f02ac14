"""Where every setting of a practice comes from, for `config show --origin`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost.config.document import dotted
from serienpost.config.models import plain_values

if TYPE_CHECKING:
    from collections.abc import Iterator

    from serienpost.config.document import Loc
    from serienpost.config.models import PracticeConfig


def origins(config: PracticeConfig) -> dict[str, str]:
    """Each dotted key with `file:line`, or `default` where no file holds it."""
    return {key: _origin(config, key) for key in flat_values(config)}


def flat_values(config: PracticeConfig) -> dict[str, object]:
    """Each dotted key with its value in force; of secrets only the references."""
    return {dotted(loc): value for loc, value in _leaves(plain_values(config), ())}


def _origin(config: PracticeConfig, key: str) -> str:
    file, line = config.place(key)
    if file is None:
        return "default"
    return f"{file}:{line}" if line else file


def _leaves(value: object, loc: Loc) -> Iterator[tuple[Loc, object]]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _leaves(inner, (*loc, key))
    else:
        yield loc, value
