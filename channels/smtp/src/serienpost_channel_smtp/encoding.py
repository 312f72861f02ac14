"""Texts as octets of a message: bodies (RFC 2045) and header values (RFC 2047)."""

from __future__ import annotations

import re
from base64 import encodebytes
from binascii import b2a_qp
from email.header import Header
from functools import lru_cache
from typing import Literal, TypeAlias

Encoding: TypeAlias = Literal["quoted-printable", "base64"]

_LINE_END = re.compile(r"\r\n|\r|\n")
_LONGEST_LINE = 76


def encoding_of(text: str) -> Encoding:
    """Quoted-printable, which people and filters can read, unless most octets would be escaped."""
    if text.isascii():
        return "quoted-printable"
    escaped = len(text.encode("utf-8", "surrogatepass")) - len(text)
    return "base64" if escaped * 3 > len(text) else "quoted-printable"


def encoded_body(text: str, encoding: Encoding) -> bytes:
    """A text with CRLF at the end of each line, as the body of a part.

    Raises:
        ValueError: the text holds half a character.
    """
    if "\r" in text:
        text = _LINE_END.sub("\n", text)
    if not text.endswith("\n"):
        text += "\n"
    octets = text.replace("\n", "\r\n").encode()
    if encoding == "base64":
        return encodebytes(octets).replace(b"\n", b"\r\n")
    return b2a_qp(octets, quotetabs=False, istext=True)


@lru_cache(maxsize=1024)
def encoded_header(name: str, value: str) -> bytes:
    """The value of a header without structure: as it is, or as encoded words of at most 75 octets.

    Raises:
        ValueError: the value holds half a character.
    """
    room = _LONGEST_LINE - len(name) - 2
    plain = value.isascii() and value.isprintable() and value == " ".join(value.split())
    if plain and len(value) <= room and "=?" not in value:
        return value.encode()
    header = Header(value, "utf-8", maxlinelen=_LONGEST_LINE, header_name=name)
    return header.encode(splitchars="", linesep="\r\n").encode("ascii")
