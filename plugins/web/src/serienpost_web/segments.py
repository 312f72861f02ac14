"""Names of the practice's own as one part of an address: templates and mailings may be called
anything, an address holds letters of ASCII."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from serienpost_web.table import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterable

_OTHER = re.compile(r"[^A-Za-z0-9_.-]")


def segment_of(name: str) -> str:
    """The part of an address that stands for a name; `~fc~` for an umlaut in it."""
    return _OTHER.sub(lambda found: f"~{ord(found[0]):x}~", name)


def named_by(segment: str, names: Iterable[str]) -> str:
    """Which of the names a part of an address stands for.

    Raises:
        NotFoundError: none.
    """
    for one in names:
        if segment_of(one) == segment:
            return one
    raise NotFoundError
