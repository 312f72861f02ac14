"""Macros of the made-up people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost import Sensitivity, Texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from serienpost import FieldValue, MacroSetting

_ = Texts(__name__)


class NullName:
    """`{{Null_Name}}`: first and last name."""

    name = "Null_Name"
    description = _("First and last name of a made-up person.")
    example = "Ada Muster"
    fields = frozenset({"vorname", "nachname"})
    sensitivity = Sensitivity.IDENTITY
    kinds = None
    is_dated = False

    def value(self, fields: Mapping[str, FieldValue], setting: MacroSetting) -> FieldValue:
        """The names that are there, with a space between."""
        return " ".join(str(fields[name]) for name in ("vorname", "nachname") if fields[name])


class NullNumber:
    """`{{Null_Nr}}`: the number in the practice."""

    name = "Null_Nr"
    description = _("Number of a made-up person.")
    example = "17"
    fields = frozenset({"nummer"})
    sensitivity = Sensitivity.IDENTITY
    kinds = None
    is_dated = False

    def value(self, fields: Mapping[str, FieldValue], setting: MacroSetting) -> FieldValue:
        """The number as text."""
        return fields["nummer"]
