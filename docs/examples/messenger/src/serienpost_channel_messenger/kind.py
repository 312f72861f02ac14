"""The kind of contact `messenger`: one handle per person."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from serienpost import Address, Unreachable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from serienpost import FieldValue

_HANDLE = re.compile(r"[@+]?[A-Za-z0-9][A-Za-z0-9_.:=-]{2,79}\Z")


class MessengerKind:
    """A user name, a number or a Matrix id; what a service takes as the end of its address."""

    name = "messenger"
    title = "Messenger"
    fields = frozenset({"messenger"})
    template_suffix = "messenger.txt"

    def address(self, fields: Mapping[str, FieldValue]) -> Address | Unreachable:
        """The handle without spaces around it. Codes: `missing`, `invalid`."""
        handle = str(fields.get("messenger") or "").strip()
        if not handle:
            return Unreachable("missing", "Es ist kein Messenger-Kontakt eingetragen.")
        if not _HANDLE.match(handle):
            return Unreachable("invalid", "Der eingetragene Messenger-Kontakt ist nicht gültig.")
        return Address(handle)
