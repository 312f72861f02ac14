"""What SendGrid will make of a template that `Reading` found nothing wrong in, to be looked at."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from serienpost_channel_sendgrid.handlebars import TAG, WORD

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Value = str | float | bool | None

_LITERALS: Final[dict[str, bool | None]] = {
    "true": True, "false": False, "null": None, "undefined": None,
}  # fmt: skip
# What Handlebars escapes in `{{x}}`.
_ESCAPES: Final[dict[str, str]] = {
    "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;",
    "'": "&#x27;", "`": "&#x60;", "=": "&#x3D;",
}  # fmt: skip


@dataclass(slots=True)
class _Block:
    """An open block: whether what is around it shows, one of its branches did, this one does."""

    around: bool
    taken: bool
    shows: bool


def render(source: str, data: Mapping[str, str]) -> str:
    """One part of a template, filled in."""
    out: list[str] = []
    blocks: list[_Block] = []
    end = 0
    for found in TAG.finditer(source):
        shows = not blocks or blocks[-1].shows
        if shows:
            out.append(source[end : found.start()])
        end = found.end()
        raw, tag = found["raw"], found["tag"]
        if raw is None and tag is None:
            # A comment, or braces that stand for themselves.
            out.append(found[0][1:] if shows and found[0].startswith("\\") else "")
            continue
        inner = (raw if raw is not None else tag).strip("~ \t\r\n")
        if inner[0] == "#":
            holds = _holds(WORD.findall(inner[1:]), data)
            blocks.append(_Block(shows, holds, shows and holds))
        elif inner[0] == "/":
            blocks.pop()
        elif inner.split()[0] == "else":
            block, test = blocks[-1], WORD.findall(inner)[1:]
            holds = not block.taken and (not test or _holds(test, data))
            block.shows, block.taken = block.around and holds, block.taken or holds
        elif shows:
            value = _shown(WORD.findall(inner.removeprefix("&")), data)
            out.append(value if raw is not None or inner[0] == "&" else _escaped(value))
    return "".join([*out, source[end:]])


def _holds(words: Sequence[str], data: Mapping[str, str]) -> bool:
    helper, values = words[0], list(_values(words[1:], data))
    if helper in ("if", "and"):
        return all(values)
    if helper == "or":
        return any(values)
    if helper == "unless":
        return not all(values)
    first, second = (*values, None, None)[:2]
    if helper in ("equals", "notEquals"):
        return (_text(first) == _text(second)) == (helper == "equals")
    if helper == "lessThan":
        first, second = second, first
    return _number(first) > _number(second)


def _shown(words: Sequence[str], data: Mapping[str, str]) -> str:
    if words[0] != "insert" or len(words) == 1:
        return _text(next(_values(words, data)))
    found = data.get(_name(words[1]), "")
    if found or len(words) == 2:
        return found
    return " ".join(words[2:]).strip("\"'").removeprefix("default=").strip("\"'")


def _values(words: Sequence[str], data: Mapping[str, str]) -> Iterator[Value]:
    """What the words of a test stand for; `(length x)` is one."""
    at = 0
    while at < len(words):
        word = words[at]
        if word == "(":
            yield len(data.get(_name(words[at + 2]), ""))
            at += 4
            continue
        at += 1
        if word[0] in "\"'":
            yield word[1:-1]
        elif word in _LITERALS:
            yield _LITERALS[word]
        elif re.fullmatch(r"-?\d+(\.\d+)?", word):
            yield float(word)
        else:
            yield data.get(_name(word))


def _escaped(text: str) -> str:
    return "".join(_ESCAPES.get(sign, sign) for sign in text)


def _name(word: str) -> str:
    return word.removeprefix("@root.").removeprefix("this.")


def _text(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _number(value: Value) -> float:
    try:
        return float(value or 0)
    except ValueError:
        return float("nan")
