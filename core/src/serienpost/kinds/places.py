"""The line of an address with town and postcode."""

from __future__ import annotations

_CODE_AFTER_TOWN = frozenset({"AU", "CA", "GB", "IE", "IN", "NZ", "US", "ZA"})
"""Countries in whose addresses the postcode follows the town (UPU, POST*CODE)."""


def place_line(code: str | None, postcode: str, town: str) -> str:
    """Town and postcode in the order of the country; unknown countries as in Germany."""
    parts = (town, postcode) if code in _CODE_AFTER_TOWN else (postcode, town)
    return " ".join(filter(None, parts))
