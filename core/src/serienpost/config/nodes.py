"""From the nodes of a YAML file to plain values, with lines and problems."""

from __future__ import annotations

import re
from typing import Protocol

import yaml

from serienpost.config.document import Loc, dotted
from serienpost.errors import Problem
from serienpost.text import NOT_STORABLE
from serienpost.translation import Texts

_ = Texts(__name__)

MAX_ALIASES = 10
MAX_DEPTH = 50
_MAX_DIGITS = 18

_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)\Z")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+\Z")
_LEADING_ZERO = re.compile(r"-?0[0-9]+(\.[0-9]*)?\Z")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "": None}


class Place(Protocol):
    """Where in a text something stands; lines count from 0."""

    @property
    def line(self) -> int: ...


class UnreadableError(Exception):
    """Composing cannot go on."""

    def __init__(self, message: str, hint: str, mark: Place | None) -> None:
        super().__init__(message)
        self.message, self.hint, self.mark = message, hint, mark


class Composer(yaml.SafeLoader):
    """Builds the tree of nodes only; no value is constructed by the library."""

    yaml_implicit_resolvers = {}  # noqa: RUF012  # the library looks it up on the class

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.tagged: list[Place | None] = []
        self._aliases = 0
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: object) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent):
            self._aliases += 1
            if self._aliases > MAX_ALIASES:
                raise UnreadableError(
                    _("too many aliases"), _("write the values out"), event.start_mark
                )
        elif event.tag is not None:
            self.tagged.append(event.start_mark)
        if self._depth >= MAX_DEPTH:
            raise UnreadableError(_("nested too deeply"), _("use fewer levels"), event.start_mark)
        self._depth += 1
        node: yaml.Node | None = super().compose_node(parent, index)  # type: ignore[arg-type]
        self._depth -= 1
        return node


def _is_bare_tag(node: yaml.MappingNode) -> bool:
    """Whether this is `{{Praxis}}` without quotes: to YAML a map whose key is a map."""
    return bool(node.flow_style) and any(
        isinstance(k, yaml.MappingNode) for k, _value in node.value
    )


def quoted_hint(key: str, begin: str) -> str:
    """How a text is written that YAML would take for something else."""
    close = {"{{": "}}", "{%": "%}", "{#": "#}", "{": "}", "[": "]"}.get(begin, "")
    text = f'"{begin}...{close} ..."'
    return f"{key}: {text}" if key else text


class Values:
    """Turns nodes into plain values and notes lines and problems on the way."""

    def __init__(self, file: str, first_line: int) -> None:
        self.file = file
        self.first_line = first_line
        self.lines: dict[Loc, int] = {}
        self.texts: dict[Loc, int] = {}
        self.problems: list[Problem] = []
        self._done: dict[int, object] = {}
        self._open: set[int] = set()

    def line(self, mark: Place | None) -> int:
        return self.first_line + (mark.line if mark else 0)

    def problem(self, message: str, hint: str, mark: Place | None, loc: Loc = ()) -> None:
        key = dotted(loc) or None
        self.problems.append(Problem(message, hint, self.file, self.line(mark), key))

    def value(self, node: yaml.Node, loc: Loc) -> object:
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, loc)
        if isinstance(node, yaml.MappingNode) and _is_bare_tag(node):
            hint = quoted_hint(str(loc[-1]) if loc else "", "{{")
            mark = node.start_mark
            message = _("a text that begins with {begin} must stand in quotes", begin="{{")
            self.problem(message, hint, mark, loc)
            return "{{...}}"
        if id(node) in self._open:
            self.problem(_("an alias refers to itself"), _("write it out"), node.start_mark, loc)
            return None
        if id(node) not in self._done:
            self._open.add(id(node))
            built = (
                self._map(node, loc)
                if isinstance(node, yaml.MappingNode)
                else self._list(node, loc)
            )
            self._open.discard(id(node))
            self._done[id(node)] = built
        return self._done[id(node)]

    def _list(self, node: yaml.Node, loc: Loc) -> list[object]:
        items = []
        for index, item in enumerate(node.value):
            self.lines.setdefault((*loc, index), self.line(item.start_mark))
            items.append(self.value(item, (*loc, index)))
        return items

    def _map(self, node: yaml.Node, loc: Loc) -> dict[str | int, object]:
        result: dict[str | int, object] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node, loc)
            if key is None:
                continue
            here = (*loc, key)
            if key in result:
                first = self.lines[here]
                self.problem(
                    _("is given twice, first on line {line}", line=first),
                    _("remove one of the two"),
                    key_node.start_mark,
                    here,
                )
                continue
            self.lines[here] = self.line(key_node.start_mark)
            if isinstance(value_node, yaml.ScalarNode) and value_node.style in ("|", ">"):
                self.texts[here] = self.line(value_node.start_mark) + 1
            result[key] = self.value(value_node, here)
        return result

    def _key(self, node: yaml.Node, loc: Loc) -> str | int | None:
        key = self._scalar(node, loc) if isinstance(node, yaml.ScalarNode) else None
        if isinstance(key, str) or type(key) is int:
            return key
        self.problem(_("a key must be text"), _("write it in quotes"), node.start_mark, loc)
        return None

    def _scalar(self, node: yaml.ScalarNode, loc: Loc) -> object:
        text = str(node.value)
        if NOT_STORABLE.search(text):
            self.problem(
                _("holds a character that is not text"),
                _("remove the escape"),
                node.start_mark,
                loc,
            )
        if node.style is not None:
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _LEADING_ZERO.match(text):
            self.problem(
                _("a number cannot start with 0"),
                _("if it is text, write it in quotes"),
                node.start_mark,
                loc,
            )
            return text
        is_integer = _INTEGER.match(text)
        if not is_integer and not _DECIMAL.match(text):
            return text
        if len(text) > _MAX_DIGITS:
            self.problem(
                _("the number is too long"),
                _("if it is text, write it in quotes"),
                node.start_mark,
                loc,
            )
            return text
        return int(text) if is_integer else float(text)
