"""The record behind every macro of this package."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from serienpost import Sensitivity

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from serienpost import FieldValue, MacroSetting


def _all_known(_fields: Mapping[str, FieldValue]) -> Collection[str]:
    return ()


@dataclass(frozen=True, slots=True)
class PracticeMacro:
    """A macro whose value is computed by a function of the row's fields and the setting."""

    name: str
    description: str
    example: FieldValue
    compute: Callable[[Mapping[str, FieldValue], MacroSetting], FieldValue]
    fields: frozenset[str] = frozenset()
    sensitivity: Sensitivity = Sensitivity.PLAIN
    kinds: frozenset[str] | None = None
    is_dated: bool = False
    unknown_in: Callable[[Mapping[str, FieldValue]], Collection[str]] = _all_known
    languages: frozenset[str] = frozenset()

    def value(self, fields: Mapping[str, FieldValue], setting: MacroSetting) -> FieldValue:
        """The value for one row; None or "" means empty."""
        return self.compute(fields, setting)

    def unknown(self, fields: Mapping[str, FieldValue]) -> Collection[str]:
        """The fields whose value is not understood and so left out."""
        return self.unknown_in(fields)
