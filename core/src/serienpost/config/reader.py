"""Reading YAML without surprises: text stays text, and every mistake has its line.

YAML 1.1 turns `no` into false, `20:00` into 1200 and `01067` into 567. Here only `true`, `false`,
`null`, whole numbers and plain decimal numbers have a meaning; everything else is text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol

import yaml

from serienpost.config.document import Document, Loc, dotted
from serienpost.errors import ConfigError, Problem

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES = 1024 * 1024
MAX_ALIASES = 10
MAX_DEPTH = 50
_MAX_DIGITS = 18

_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)\Z")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+\Z")
_LEADING_ZERO = re.compile(r"-?0[0-9]+(\.[0-9]*)?\Z")
_UNFIT = re.compile("[\x00\ud800-\udfff]")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "": None}


class _Place(Protocol):
    """Where in a text something stands; lines count from 0."""

    @property
    def line(self) -> int: ...


class _UnreadableError(Exception):
    """Composing cannot go on."""

    def __init__(self, message: str, hint: str, mark: _Place | None) -> None:
        super().__init__(message)
        self.message, self.hint, self.mark = message, hint, mark


class _Composer(yaml.SafeLoader):
    """Builds the tree of nodes only; no value is constructed by the library."""

    yaml_implicit_resolvers = {}  # noqa: RUF012  # the library looks it up on the class

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.tagged: list[_Place | None] = []
        self._aliases = 0
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: object) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent):
            self._aliases += 1
            if self._aliases > MAX_ALIASES:
                raise _UnreadableError("too many aliases", "write the values out", event.start_mark)
        elif event.tag is not None:
            self.tagged.append(event.start_mark)
        if self._depth >= MAX_DEPTH:
            raise _UnreadableError("nested too deeply", "use fewer levels", event.start_mark)
        self._depth += 1
        node: yaml.Node | None = super().compose_node(parent, index)  # type: ignore[arg-type]
        self._depth -= 1
        return node


class _Values:
    """Turns nodes into plain values and notes lines and problems on the way."""

    def __init__(self, file: str, first_line: int) -> None:
        self.file = file
        self.first_line = first_line
        self.lines: dict[Loc, int] = {}
        self.problems: list[Problem] = []
        self._done: dict[int, object] = {}
        self._open: set[int] = set()

    def line(self, mark: _Place | None) -> int:
        return self.first_line + (mark.line if mark else 0)

    def problem(self, message: str, hint: str, mark: _Place | None, loc: Loc = ()) -> None:
        key = dotted(loc) or None
        self.problems.append(Problem(message, hint, self.file, self.line(mark), key))

    def value(self, node: yaml.Node, loc: Loc) -> object:
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, loc)
        if id(node) in self._open:
            self.problem("an alias refers to itself", "write it out", node.start_mark, loc)
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
                    f"is given twice, first on line {first}",
                    "remove one of the two",
                    key_node.start_mark,
                    here,
                )
                continue
            self.lines[here] = self.line(key_node.start_mark)
            result[key] = self.value(value_node, here)
        return result

    def _key(self, node: yaml.Node, loc: Loc) -> str | int | None:
        key = self._scalar(node, loc) if isinstance(node, yaml.ScalarNode) else None
        if isinstance(key, str) or type(key) is int:
            return key
        self.problem("a key must be text", "write it in quotes", node.start_mark, loc)
        return None

    def _scalar(self, node: yaml.ScalarNode, loc: Loc) -> object:
        text = str(node.value)
        if _UNFIT.search(text):
            self.problem(
                "holds a character that is not text", "remove the escape", node.start_mark, loc
            )
        if node.style is not None:
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _LEADING_ZERO.match(text):
            self.problem(
                "a number cannot start with 0",
                f'if it is text, write it in quotes: "{text}"',
                node.start_mark,
                loc,
            )
            return text
        is_integer = _INTEGER.match(text)
        if not is_integer and not _DECIMAL.match(text):
            return text
        if len(text) > _MAX_DIGITS:
            self.problem(
                "the number is too long", "if it is text, write it in quotes", node.start_mark, loc
            )
            return text
        return int(text) if is_integer else float(text)


def read_yaml(path: Path) -> Document:
    """Read a file that a user wrote.

    Raises:
        ConfigError: everything that is wrong with the file as YAML, with its lines.
    """
    document = scan_yaml(path)
    if document.problems:
        raise ConfigError(*document.problems)
    return document


def read_yaml_text(text: str, file: str, first_line: int = 1) -> Document:
    """Like `read_yaml`, for a part of a file that begins on `first_line`."""
    document = scan_text(text, file, first_line)
    if document.problems:
        raise ConfigError(*document.problems)
    return document


def scan_yaml(path: Path) -> Document:
    """Like `read_yaml`, but mistakes that leave the file readable stand in `problems`.

    Raises:
        ConfigError: the file is missing, too large, not UTF-8, not YAML, or not a map.
    """
    file = str(path)
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise ConfigError(Problem("there is no such file", file=file)) from None
    except OSError as error:
        raise ConfigError(Problem(f"cannot be read: {error.strerror}", file=file)) from error
    if len(raw) > MAX_BYTES:
        raise ConfigError(Problem("is larger than 1 MiB", "split it or shorten it", file))
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            Problem("is not UTF-8 text", "save the file as UTF-8", file, line)
        ) from None
    return scan_text(text, file)


def scan_text(text: str, file: str, first_line: int = 1) -> Document:
    """Like `scan_yaml`, for a text."""
    values = _Values(file, first_line)
    try:
        composer = _Composer(text)
        node = composer.get_single_node()
    except (_UnreadableError, yaml.YAMLError, ValueError, OverflowError) as error:
        raise ConfigError(_syntax_problem(error, text, values)) from None
    for mark in composer.tagged:
        values.problem("tags (!...) are not allowed", "write the plain value", mark)
    if node is None:
        raise ConfigError(Problem("is empty", "write `key: value` lines", file, first_line))
    data = values.value(node, ())
    if not isinstance(data, dict):
        line = values.line(node.start_mark)
        raise ConfigError(Problem("must be a map", "write `key: value` lines", file, line))
    problems = sorted(values.problems, key=lambda problem: problem.line or 0)
    return Document(file, data, values.lines, tuple(problems))


def _syntax_problem(error: Exception, text: str, values: _Values) -> Problem:
    if isinstance(error, _UnreadableError):
        return Problem(error.message, error.hint, values.file, values.line(error.mark))
    if isinstance(error, yaml.reader.ReaderError):
        line = text.count("\n", 0, error.position) + values.first_line
        return Problem(
            "holds a control character", "remove it, or write it as an escape", values.file, line
        )
    if not isinstance(error, yaml.MarkedYAMLError):
        return Problem("is not valid YAML", "check escapes such as \\U...", values.file)
    mark = error.problem_mark or error.context_mark
    found = error.problem or "cannot be read"
    message, hint = f"is not valid YAML: {found}", None
    if "'\\t'" in found:
        message, hint = "a tab stands where only spaces may", "replace tabs by spaces"
    elif "mapping values are not allowed" in found:
        hint = "write text with a colon in quotes, or check the indentation"
    elif "cannot start any token" in found:
        hint = "write the text in quotes"
    elif "expected a single document" in found:
        hint = "only one document per file: remove the line ---"
    return Problem(message, hint, values.file, values.line(mark))
