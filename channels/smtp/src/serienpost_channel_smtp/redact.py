"""Replies of servers as readable text; what is personal in them is masked by the core."""

from __future__ import annotations

from serienpost import redact

__all__ = ["readable", "redact"]

_LONGEST_READ = 2000


def readable(text: str) -> str:
    """A reply's first 2000 characters; what is not UTF-8 is Latin-1, as old servers mean it."""
    octets = text[:_LONGEST_READ].encode("utf-8", "surrogateescape")
    try:
        return octets.decode()
    except UnicodeDecodeError:
        return octets.decode("latin-1")
