"""Fields that a selection gives a class of its own: a text shows each as it is, `{{Kurs}}`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from serienpost.fields import CATALOGUE, Sensitivity
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from serienpost.contracts.macros import Macro, MacroSetting
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


def with_own_fields(
    macros: Mapping[str, Macro], classes: Mapping[str, Sensitivity], names: Collection[str]
) -> dict[str, Macro]:
    """All macros of the plugins, and for each field that has a class of its own one that shows it:
    by the field's name, and as a text that uses these names writes it (`{{Kurs}}`)."""
    own = own_fields(classes)
    written = {name for name in names if name.casefold() in own}
    shown: dict[str, Macro] = {
        name: FieldMacro(name, *own[name.casefold()])
        for name in {*(field for field, _class in own.values()), *written}
    }
    return {**shown, **macros}


def own_fields(classes: Mapping[str, Sensitivity]) -> dict[str, tuple[str, Sensitivity]]:
    """The fields of a selection that no catalogue knows and that may leave, by their folded
    names."""
    return {
        name.casefold(): (name, given)
        for name, given in classes.items()
        if name not in CATALOGUE and given < Sensitivity.PROTECTED
    }
