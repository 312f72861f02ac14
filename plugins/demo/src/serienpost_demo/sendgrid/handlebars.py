"""The part of Handlebars that SendGrid documents, rendered as it does, for tests and the demo."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    # What names are looked up in: an object, or inside `each` any value.
    Data = Any

_TAG = re.compile(
    r"\{\{!--.*?--\}\}|\{\{!.*?\}\}|\{\{\{\s*(?P<raw>.*?)\s*\}\}\}|\{\{\s*(?P<tag>.*?)\s*\}\}",
    re.DOTALL,
)
_WORD = re.compile(r"\"[^\"]*\"|'[^']*'|\(.*?\)|[^\s()\"']+")
_ENTITIES = {
    "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;",
    "'": "&#x27;", "`": "&#x60;", "=": "&#x3D;",
}  # fmt: skip
_COMPARISONS = frozenset({"equals", "notEquals", "greaterThan", "lessThan"})
_SPECIAL = re.compile(r"[&<>\"'`=]")


class HandlebarsError(Exception):
    """The template cannot be rendered."""


def render(source: str, data: Mapping[str, Any]) -> str:
    """Fill in a template.

    Raises:
        HandlebarsError: a block is not closed, or a helper is not known.
    """
    pieces = list(_pieces(source))
    text, rest = _run(pieces, 0, data, data)
    if rest != len(pieces):
        raise HandlebarsError(f"{pieces[rest]} closes nothing")
    return text


def escaped(text: str) -> str:
    """Text as Handlebars writes it into HTML."""
    return _SPECIAL.sub(lambda found: _ENTITIES[found[0]], text)


def _pieces(source: str) -> Iterator[tuple[str, str]]:
    """Kind (`text`, `raw`, `tag`) and what is inside."""
    end = 0
    for found in _TAG.finditer(source):
        yield "text", source[end : found.start()]
        end = found.end()
        if found["raw"] is not None:
            yield "raw", found["raw"]
        elif found["tag"] is not None:
            yield "tag", found["tag"]
    yield "text", source[end:]


def _run(
    pieces: list[tuple[str, str]],
    at: int,
    data: Data,
    root: Mapping[str, Any],
) -> tuple[str, int]:
    """Render until an `else` or the end of the block; returns the text and where that is."""
    out = []
    while at < len(pieces):
        kind, inner = pieces[at]
        if kind == "text":
            out.append(inner)
            at += 1
        elif inner[0] == "/" or inner.split()[0] == "else":
            break
        elif inner[0] == "#":
            text, at = _block(pieces, at, inner[1:], data, root)
            out.append(text)
        else:
            raw = kind == "raw" or inner[0] == "&"
            value = _value(inner.lstrip("& "), data, root)
            out.append(value if raw else escaped(value))
            at += 1
    return "".join(out), at


def _block(
    pieces: list[tuple[str, str]],
    at: int,
    head: str,
    data: Data,
    root: Mapping[str, Any],
) -> tuple[str, int]:
    helper, *words = _WORD.findall(head)
    if helper == "each":
        return _each(pieces, at, _look_up(words[0], data, root), root)
    shown, done = "", False
    holds = _holds(helper, words, data, root)
    while True:
        text, at = _run(pieces, at + 1, data, root)
        if holds and not done:
            shown, done = text, True
        if at >= len(pieces):
            raise HandlebarsError(f"{helper} is not closed")
        inner = pieces[at][1]
        if inner[0] == "/":
            return shown, at + 1
        _, *rest = _WORD.findall(inner)
        holds = _holds(rest[0], rest[1:], data, root) if rest else True


def _each(
    pieces: list[tuple[str, str]],
    at: int,
    values: Data,
    root: Mapping[str, Any],
) -> tuple[str, int]:
    out, end = [], at
    for value in values or []:
        text, end = _run(pieces, at + 1, value, root)
        out.append(text)
    if end == at:
        _, end = _run(pieces, at + 1, {}, root)
    return "".join(out), end + 1


def _holds(helper: str, words: list[str], data: Data, root: Mapping[str, Any]) -> bool:
    values = [_look_up(word, data, root) for word in words]
    truths = [value not in (None, "", 0, False) for value in values]
    if helper in ("if", "and"):
        return all(truths)
    if helper == "or":
        return any(truths)
    if helper == "unless":
        return not truths[0]
    if helper not in _COMPARISONS or len(values) != 2:  # left and right
        raise HandlebarsError(f"{helper} is not a helper, or not with these words")
    left, right = ("" if value is None else str(value) for value in values)
    if helper in ("equals", "notEquals"):
        return (left == right) == (helper == "equals")
    first, second = (left, right) if helper == "greaterThan" else (right, left)
    return _number(first) > _number(second)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _value(inner: str, data: Data, root: Mapping[str, Any]) -> str:
    words = _WORD.findall(inner)
    if words[0] == "insert":
        found = _look_up(words[1], data, root)
        if found in (None, "") and len(words) > 2:
            return str(words[2]).strip("\"'").removeprefix("default=")
    elif len(words) == 1:
        found = _look_up(words[0], data, root)
    else:
        raise HandlebarsError(f"{words[0]} is not a helper")
    return "" if found is None else str(found)


def _look_up(word: str, data: Data, root: Mapping[str, Any]) -> Data:
    if word[0] in "\"'":
        return word[1:-1]
    if word[0] == "(":
        helper, name = _WORD.findall(word[1:-1])
        if helper != "length":
            raise HandlebarsError(f"{helper} is not a helper")
        return len(_look_up(name, data, root) or "")
    if re.fullmatch(r"-?\d+(\.\d+)?", word):
        return float(word) if "." in word else int(word)
    if word == "this":
        return data
    if word.startswith("@root."):
        word, data = word.removeprefix("@root."), root
    for name in word.split("."):
        data = data.get(name) if isinstance(data, dict) else None
    return data
