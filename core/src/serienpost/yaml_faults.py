"""What is wrong with a text as YAML, in words for people."""

from __future__ import annotations

import re

from serienpost.translation import Texts

_ = Texts(__name__)

_QUOTED = re.compile(r" (['\"])[^<'\"]{2,}\1")
# What the library says of common mistakes.
_WORDS = {
    "mapping values are not allowed": _("a colon stands where none may"),
    "sequence entries are not allowed": _("an entry with - stands where none may"),
    "could not find expected ':'": _("a key has no colon behind it"),
    "expected <block end>": _(
        "this does not fit what stands above; check the indentation and the quotes"
    ),
    "expected ',' or ']'": _("a list in brackets lacks a comma or its end ]"),
    "expected ',' or '}'": _("a map in braces lacks a comma or its end }"),
    "expected the node content": _("a value is missing"),
    "unexpected end of stream": _("a text in quotes has no end"),
    "cannot start any token": _("no text without quotes begins with this character"),
    "unknown escape character": _("there is no such escape with \\"),
    "found undefined alias": _("an alias (*) names nothing"),
    "expected a single document": _("there is more than one document in it"),
}


def yaml_fault(problem: str) -> str:
    """What the library says, in our words where it is a common mistake; never with a value."""
    for words, sentence in _WORDS.items():
        if words in problem:
            return sentence
    return _QUOTED.sub("", problem) or _("it cannot be read")
