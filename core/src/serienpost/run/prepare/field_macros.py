"""Fields that a selection gives a class of its own: a text shows each as it is, `{{Kurs}}`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from serienpost.fields import CATALOGUE, Sensitivity
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from serienpost.contracts.macros import MacroSetting
    from serienpost.fields import FieldValue

_ = Texts(__name__)


@dataclass(frozen=True, slots=True)
class FieldMacro:
    """Shows one field as it is."""

    name: str
    field: str
    sensitivity: Sensitivity

    is_dated = False
    kinds: frozenset[str] | None = None

    @property
    def description(self) -> str:
        """Which field it shows."""
        return _("The field {field} of the list of recipients.", field=self.field)

    @property
    def example(self) -> FieldValue:
        """A made-up value."""
        return "Beispiel"

    @property
    def fields(self) -> frozenset[str]:
        """The field."""
        return frozenset({self.field})

    def value(self, fields: Mapping[str, FieldValue], setting: MacroSetting) -> FieldValue:  # noqa: ARG002
        """The field's value."""
        return fields.get(self.field)


def own_fields(classes: Mapping[str, Sensitivity]) -> dict[str, tuple[str, Sensitivity]]:
    """The fields of a selection that no catalogue knows and that may leave, by their folded
    names."""
    return {
        name.casefold(): (name, given)
        for name, given in classes.items()
        if name not in CATALOGUE and given < Sensitivity.PROTECTED
    }
