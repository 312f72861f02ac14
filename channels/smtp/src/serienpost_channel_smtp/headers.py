"""What may stand in a header: the guard between values and the structure of a message."""

from __future__ import annotations

import re
from dataclasses import dataclass

from serienpost import has_control

_ENCODED_WORD = re.compile(r"=\?.*\?=")
_ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?"
)
_MAILBOX = re.compile(r'(?:"(?P<quoted>[^"\\<>]*)"|(?P<plain>[^"\\<>]*?))\s*<(?P<address>[^<>]+)>')
_LONGEST_ADDRESS = 254


@dataclass(frozen=True, slots=True)
class Mailbox:
    """An address with the name that stands before it, as in `Praxis <praxis@example.org>`."""

    name: str
    address: str

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


def unsafe(value: str) -> str | None:
    """Why this value must not enter a header, None where it may.

    Line ends would start a new header. Encoded words (RFC 2047) would be decoded by the `email`
    package of older Pythons while it writes, and bring line ends of their own (CVE-2024-6923).
    """
    if has_control(value):
        return "holds a control character"
    if _ENCODED_WORD.search(value):
        return "holds an encoded word (=?...?=)"
    return None


def is_address(value: str) -> bool:
    """Whether this is a plain ASCII address (RFC 5321), without quotes, comments or brackets."""
    return (
        len(value) <= _LONGEST_ADDRESS
        and _ADDRESS.fullmatch(value) is not None
        and ".." not in value
        and unsafe(value) is None
    )


def parse_mailbox(text: str) -> Mailbox:
    """Read `name <address>` or a bare address.

    Raises:
        ValueError: it is neither, or unsafe in a header.
    """
    if reason := unsafe(text):
        raise ValueError(reason)
    found = _MAILBOX.fullmatch(text.strip())
    name = (found["quoted"] or found["plain"] or "").strip() if found else ""
    address = (found["address"] if found else text).strip()
    if not is_address(address):
        raise ValueError("write it as address@example.org or Name <address@example.org>, in ASCII")
    return Mailbox(name, address)
