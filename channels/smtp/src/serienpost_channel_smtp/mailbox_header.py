"""Who writes and where answers go, as a header holds it: written, and read again.

Nothing here rests on how the `email` package writes addresses: what it makes of quotes, long names
and encoded words differs by version of Python.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import a2b_qp
from functools import lru_cache

from serienpost import Mailbox
from serienpost_channel_smtp.headers import is_address
from serienpost_channel_smtp.mime_template import LONGEST_LINE, encoded_words

# RFC 5322, 3.2.3: words that stand for themselves in a name.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_ATOMS = re.compile(rf"{_ATOM}(?: {_ATOM})*")
_PRINTABLE = re.compile("[ -~]+")
_TO_ESCAPE = re.compile(r'(["\\])')
_QUOTED = re.compile(r'"((?:[ !#-\[\]-~]|\\[ -~])*)"')
# RFC 2047, 2: an encoded word has at most 75 octets.
_WORD = re.compile(r"=\?utf-8\?([bq])\?([!->@-~]+)\?=")
_LONGEST_WORD = 75
_NAMED = re.compile(r"(.+) <([^<>\s]+)>")
_FOLD = re.compile(r"\r\n(?= )")


@lru_cache(maxsize=64)
def written_mailbox(header: str, mailbox: Mailbox) -> bytes:
    """The value of this header: the address, or the name and `<address>` (RFC 5322, 3.4).

    A name stands in quotes unless it is words of letters and digits; one that is not ASCII, or that
    no line holds, is encoded (RFC 2047). Lines have at most 76 octets where the address lets them.
    """
    if not mailbox.name:
        return mailbox.address.encode("ascii")
    room = LONGEST_LINE - len(header) - 2
    phrase = _folded(_plain_phrase(mailbox.name), room)
    if phrase is None:
        phrase = encoded_words(header, mailbox.name)
    before, _, last = phrase.rpartition("\r\n")
    used = len(last) + (0 if before else len(header) + 2)
    gap = " " if used + len(mailbox.address) + 3 <= LONGEST_LINE else "\r\n "
    return f"{phrase}{gap}<{mailbox.address}>".encode("ascii")


def _plain_phrase(name: str) -> str | None:
    """The name as it stands in a header, None where it must be encoded."""
    if not _PRINTABLE.fullmatch(name) or name != " ".join(name.split()) or "=?" in name:
        return None
    if _ATOMS.fullmatch(name):
        return name
    escaped = _TO_ESCAPE.sub(r"\\\1", name)
    return f'"{escaped}"'


def _folded(phrase: str | None, room: int) -> str | None:
    """The phrase with line ends before blanks, None where a line would be too long."""
    lines = [""]
    for word in phrase.split(" ") if phrase else ():
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if len(longer) <= room:
            lines[-1] = longer
        else:
            lines.append(word)
            room = LONGEST_LINE - 1
        if len(lines[-1]) > room:
            return None
    return "\r\n ".join(lines) if phrase and lines[0] else None


def read_mailbox(value: bytes) -> Mailbox:
    """Read what `written_mailbox` wrote, as strictly as RFC 5322 and RFC 2047 have it.

    Raises:
        ValueError: it is not exactly one mailbox.
    """
    text = _FOLD.sub("", value.decode("ascii"))
    named = _NAMED.fullmatch(text)
    name, address = (_name(named[1]), named[2]) if named else ("", text)
    if not is_address(address):
        raise ValueError("mailbox")
    return Mailbox(name, address)


def _name(phrase: str) -> str:
    if quoted := _QUOTED.fullmatch(phrase):
        return re.sub(r"\\(.)", r"\1", quoted[1])
    words = phrase.split(" ")
    if all(_WORD.fullmatch(word) and len(word) <= _LONGEST_WORD for word in words):
        return "".join(map(_decoded, words))
    if _ATOMS.fullmatch(phrase) and "=?" not in phrase:
        return phrase
    raise ValueError("name")


def _decoded(word: str) -> str:
    found = _WORD.fullmatch(word)
    assert found is not None  # noqa: S101  # it was looked at before
    if found[1] == "b":
        return b64decode(found[2], validate=True).decode()
    return a2b_qp(found[2].replace("_", " ")).decode()
