"""Reading YAML without surprises: text stays text, and every mistake has its line.

YAML 1.1 turns `no` into false, `20:00` into 1200 and `01067` into 567. Here only `true`, `false`,
`null`, whole numbers and plain decimal numbers have a meaning; everything else is text.
"""

from __future__ import annotations

import re
from stat import S_ISREG
from typing import TYPE_CHECKING

import yaml

from serienpost.config.document import Document
from serienpost.config.nodes import Composer, UnreadableError, Values, quoted_hint
from serienpost.errors import ConfigError, Problem
from serienpost.translation import Texts
from serienpost.yaml_faults import yaml_fault

if TYPE_CHECKING:
    from pathlib import Path

_ = Texts(__name__)

MAX_BYTES = 1024 * 1024
# A value that begins with a sign of YAML and goes on as only a text does.
_BARE = re.compile(
    r"[ ]*(?:-[ ]+)?(?:(?P<key>[^\W\d][\w.-]*):[ ]+)?"
    r"(?P<begin>\{[{%#]|[%@`]|[{[](?=[^\]}]*[\]}][ ]*[^\s#,\]}]))"
)
# `sender: "Praxis @ Ring" <praxis@example.org>`
_QUOTES_END_EARLY = re.compile(r"[ ]*(?:-[ ]+)?(?:[^\W\d][\w.-]*:[ ]+)?\"[^\"]*\"[ ]*[^\s\"#:,\]}]")
_WRITE_LINES = _("write `key: value` lines")


def read_yaml(path: Path) -> Document:
    """Read a file that a user wrote.

    Raises:
        ConfigError: everything that is wrong with the file as YAML, with its lines.
    """
    document = scan_yaml(path)
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
        if not S_ISREG(path.stat().st_mode):  # a pipe would be waited for
            raise ConfigError(Problem(_("is no file"), file=file))
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise ConfigError(Problem(_("there is no such file"), file=file)) from None
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise ConfigError(Problem(_("cannot be read: {why}", why=why), file=file)) from error
    if len(raw) > MAX_BYTES:
        raise ConfigError(Problem(_("is larger than 1 MiB"), _("split it or shorten it"), file))
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            Problem(_("is not UTF-8 text"), _("save the file as UTF-8"), file, line)
        ) from None
    return scan_text(text, file)


def scan_text(text: str, file: str, first_line: int = 1) -> Document:
    """Like `scan_yaml`, for a text."""
    values = Values(file, first_line)
    try:
        composer = Composer(text)
        node = composer.get_single_node()
    except (UnreadableError, yaml.YAMLError, ValueError, OverflowError) as error:
        raise ConfigError(_syntax_problem(error, text, values)) from None
    for mark in composer.tagged:
        values.problem(_("tags (!...) are not allowed"), _("write the plain value"), mark)
    if node is None:
        raise ConfigError(Problem(_("is empty"), _WRITE_LINES, file, first_line))
    data = values.value(node, ())
    if not isinstance(data, dict):
        line = values.line(node.start_mark)
        raise ConfigError(Problem(_("must be a map"), _WRITE_LINES, file, line))
    problems = sorted(values.problems, key=lambda problem: problem.line or 0)
    return Document(file, data, values.lines, tuple(problems), values.texts)


def _bare_value(text: str, error: yaml.MarkedYAMLError) -> tuple[int, str, str] | None:
    """Line from 0, key and first sign of a text without quotes that YAML takes for something else:
    on the line where it stumbled, or on the line where what it could not end began."""
    lines = text.splitlines()
    for mark in (error.problem_mark, error.context_mark):
        for number in (mark.line, mark.line - 1) if mark else ():
            found = _BARE.match(lines[number]) if 0 <= number < len(lines) else None
            if found:
                return number, found["key"] or "", found["begin"]
    return None


def _syntax_problem(error: Exception, text: str, values: Values) -> Problem:
    if isinstance(error, UnreadableError):
        return Problem(error.message, error.hint, values.file, values.line(error.mark))
    if isinstance(error, yaml.reader.ReaderError):
        line = text.count("\n", 0, error.position) + values.first_line
        return Problem(
            _("holds a control character"),
            _("remove it, or write it as an escape"),
            values.file,
            line,
        )
    if not isinstance(error, yaml.MarkedYAMLError):
        return Problem(_("is not valid YAML"), _("check escapes such as \\U..."), values.file)
    mark = error.problem_mark or error.context_mark
    bare = _bare_value(text, error)
    if bare is not None:
        number, key, begin = bare
        message = _("a text that begins with {begin} must stand in quotes", begin=begin)
        line = values.first_line + number
        return Problem(message, quoted_hint(key, begin), values.file, line, key or None)
    found = error.problem or ""
    where = values.line(mark)
    if "'\\t'" in found:
        return Problem(
            _("a tab stands where only spaces may"),
            _("replace tabs by spaces"),
            values.file,
            where,
        )
    message = _("is not valid YAML: {why}", why=yaml_fault(found))
    hint: str | None = None
    lines = text.splitlines()
    if mark and mark.line < len(lines) and _QUOTES_END_EARLY.match(lines[mark.line]):
        message = _("a text goes on behind its closing quote")
        hint = _("""put the whole in single quotes: '"..." ...'""")
    elif "mapping values are not allowed" in found:
        hint = _("write text with a colon in quotes, or check the indentation")
    elif "cannot start any token" in found or "undefined" in found:
        hint = _("write the text in quotes")
    elif "expected a single document" in found:
        hint = _("only one document per file: remove the line ---")
    return Problem(message, hint, values.file, where)
