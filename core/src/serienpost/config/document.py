"""A YAML file as data, with the line of every key."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from serienpost.errors import Problem

# The way to a value: keys of maps, positions in lists.
Loc: TypeAlias = tuple[str | int, ...]

# Stands for a value that is not there; null is one that is.
ABSENT = object()


@dataclass(frozen=True, slots=True)
class Document:
    """A file that a user wrote.

    Args:
        file: its path, for messages.
        data: its content; text, whole numbers, floats, true/false, null, lists and maps.
        lines: the line of each key and list item, counted from 1.
        problems: what is wrong with the file as YAML although it can be read.
        texts: the first line of each text that begins below its key (`text: |`).
        is_file: whether there is such a file; a draft of the desk is a row of the ledger.
    """

    file: str
    data: dict[str, Any]
    lines: dict[Loc, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    texts: dict[Loc, int] = field(default_factory=dict)
    is_file: bool = True

    def line(self, loc: Loc) -> int | None:
        """The line of a key, of its nearest parent where it is absent, None without one."""
        for end in range(len(loc), 0, -1):
            if loc[:end] in self.lines:
                return self.lines[loc[:end]]
        return None

    def line_of(self, key: str) -> int | None:
        """Like `line`, for a dotted key: `accounts.mail.port`, `select.0.day`."""
        return self.line(loc_of(self.data, key))

    def text_line_of(self, key: str) -> int | None:
        """Where the text of a dotted key begins."""
        return self.texts.get(loc_of(self.data, key)) or self.line_of(key)

    def has(self, loc: Loc) -> bool:
        """Whether the file itself holds this value."""
        return loc in self.lines


def step_into(data: object, step: str | int) -> object:
    """What stands under a key or at a position, `ABSENT` where nothing does."""
    if isinstance(data, dict):
        return data.get(step, ABSENT)
    if isinstance(data, list) and isinstance(step, int) and step < len(data):
        return data[step]
    return ABSENT


def loc_of(data: object, key: str) -> Loc:
    """The way that a dotted key means in this data."""
    loc: list[str | int] = []
    for part in key.split("."):
        step = int(part) if isinstance(data, list) and part.isdecimal() else part
        data = step_into(data, step)
        loc.append(step)
    return tuple(loc)


def dotted(loc: Loc) -> str:
    """The way to a value as users read it: `accounts.mail.port`."""
    return ".".join(str(part) for part in loc)
