"""Whether a consent is bound to the address that would be written to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost import Address

if TYPE_CHECKING:
    from serienpost import Context


def is_bound_elsewhere(context: Context, kind: str, written: str, address: str) -> bool:
    """Whether `written`, the address in the record, is another one than `address`.

    Where the kind of contact has one field, both are compared as it normalises them; a record
    that holds no valid address fits none. Of postal addresses words are compared.
    """
    if not written:
        return False
    known = context.kind(kind)
    if known is None or len(known.fields) != 1:
        return _words(written) != _words(address)
    (field,) = known.fields
    found = known.address({field: written})
    return not isinstance(found, Address) or found.value != address


def _words(text: str) -> list[str]:
    return text.replace(",", " ").casefold().split()
