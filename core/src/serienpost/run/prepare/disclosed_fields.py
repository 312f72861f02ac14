"""Which fields of a person a message carries, for the record of what was disclosed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost.fields import known_field

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from serienpost.contracts.content import Content
    from serienpost.fields import FieldValue, Sensitivity

# Stands in place of the macro for the fields of the address itself.
ADDRESS = "address"
# And for the field that decides in which language the text is.
CARRIED = "language"
# What goes into every message: the address, and the language, which decides what it says.
_ALWAYS = (ADDRESS, CARRIED)


class DisclosedFields:
    """Says of each row which fields its message carries.

    `pairs` are the field, its class and the macro that each bit stands for, from the lowest.

    Args:
        uses: each field with the macro that takes it, or what stands in place of one.
        classes: what sources say of their fields.
        printed: the macros that a text shows with these values.
    """

    def __init__(
        self,
        uses: Sequence[tuple[str, str]],
        classes: dict[str, Sensitivity],
        printed: Callable[[Mapping[str, FieldValue]], frozenset[str]],
    ) -> None:
        self.pairs = [
            (field, known_field(field, classes).sensitivity.label, name) for field, name in uses
        ]
        self._printed = printed
        self._bits = [(1 << bit, field, name) for bit, (field, name) in enumerate(uses)]

    def of(
        self,
        fields: Mapping[str, FieldValue],
        values: Mapping[str, FieldValue],
        content: Content,
    ) -> str:
        """The bits of one row as the ledger keeps them.

        Args:
            fields: what was read of the row.
            values: the macros' values.
            content: with a provider's template all of its data leave, whatever the text shows.
        """
        if content.template is None:
            shown = self._printed(values)
        else:
            shown = frozenset(name for name, value in values.items() if value not in (None, ""))
        mask = 0
        for bit, field, name in self._bits:
            if (name in shown or name in _ALWAYS) and fields.get(field) not in (None, ""):
                mask |= bit
        return f"{mask:x}"
