"""What the provider says, without the data of people; it is stored and shown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from serienpost import redact

if TYPE_CHECKING:
    from collections.abc import Iterable

_SHORTEST = 3
_CLOSING = re.compile(r"</[^<>]*>|<[?!][^<>]*>")
_OPENING = re.compile(r"<([\w.:-]+)[^<>]*>")


def without(known: Iterable[str], text: str) -> str:
    """Markup as `Name: text`; these values, addresses and numbers masked; cut to 200 signs."""
    line = " ".join(_OPENING.sub(r" \1: ", _CLOSING.sub(" ", text)).split())
    for value in sorted({" ".join(value.split()) for value in known}, key=len, reverse=True):
        if len(value) >= _SHORTEST:
            line = re.sub(re.escape(value), "…", line, flags=re.IGNORECASE)
    return redact(line)
