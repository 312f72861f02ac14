"""Replies without personal data: they quote addresses and numbers, and are stored and shown."""

from __future__ import annotations

import re

LONGEST = 200
_ENHANCED = r"\b[245]\.\d{1,3}\.\d{1,3}\b(?!\.\d)"
_PERSONAL = re.compile(
    rf"(?P<keep>{_ENHANCED})"
    r"|<[^<>]*>"
    r"|[^\s<>()\[\]\"',;:=]+@[^\s<>()\[\]\"',;]+"
    r"|\+?\d[\d ()/.:-]{5,}\d"
)
_NO_WORD = re.compile(r"[^\w]+")


def redact(text: str, address: str = "") -> str:
    """Mask addresses, long numbers and this recipient's local part; cut to 200 characters."""
    masked = _PERSONAL.sub(lambda found: found["keep"] or "…", " ".join(text.split()))
    local = address.rpartition("@")[0]
    lowered = masked.lower()
    for word in sorted({local, *_NO_WORD.split(local)}, key=len, reverse=True):
        if len(word) > 2 and word.lower() in lowered:
            masked = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", "…", masked, flags=re.IGNORECASE)
    return masked if len(masked) <= LONGEST else masked[: LONGEST - 1] + "…"
