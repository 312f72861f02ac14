"""The block between two `---` lines at the top of a template file."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from serienpost.errors import Problem, TemplateError
from serienpost.translation import Texts
from serienpost.yaml_faults import yaml_fault

if TYPE_CHECKING:
    from yaml import MappingNode, Node

_ = Texts(__name__)

KEYS = ("subject", "purposes", "language")
_BLOCK = re.compile(r"---[ \t]*\n(.*?)^---[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """What stands above a text, the text, and the lines where subject and text begin."""

    subject: str | None
    subject_line: int
    purposes: tuple[str, ...]
    language: str
    text: str
    text_line: int


def split(source: str, file: str, language: str = "de") -> FrontMatter:
    """Take a template file apart. Every value is text as written: `20:00` stays `20:00`.

    Args:
        source: what stands in the file.
        file: its name, for problems.
        language: of the text where the file does not say one.

    Raises:
        TemplateError: the block is not YAML, has unknown or repeated keys or wrong values.
    """
    found = _BLOCK.match(source)
    if found is None:
        if re.match(r"---[ \t]*\n", source):
            raise TemplateError(
                Problem(_("the block at the top has no end"), _("add a line ---"), file, 1)
            )
        return FrontMatter(None, 1, (), language, source, 1)
    reader = _Reader(file, language)
    reader.read(found[1])
    if reader.problems:
        raise TemplateError(*reader.problems)
    return FrontMatter(
        subject=reader.subject,
        subject_line=reader.subject_line,
        purposes=reader.purposes,
        language=reader.language,
        text=source[found.end() :],
        text_line=source.count("\n", 0, found.end()) + 1,
    )


def with_subject(source: str, subject: str) -> str:
    """A template file with another subject, all else as it is written; with an empty one none.

    Args:
        source: what stands in the file, of which `split` takes the block apart.
        subject: one line.
    """
    import yaml

    written = f"subject: {json.dumps(subject, ensure_ascii=False)}" if subject else ""
    found = _BLOCK.match(source)
    if found is None:
        return f"---\n{written}\n---\n{source}" if subject else source
    block = found[1]
    root = yaml.compose(block, yaml.SafeLoader)
    entries = root.value if isinstance(root, yaml.MappingNode) else []
    places = [
        (key.start_mark.index, value.end_mark.index)
        for key, value in entries
        if key.value == "subject"
    ]
    begin, end = places[0] if places else (0, 0)
    # A text over several lines ends where the next key begins.
    if written and (not places or block[end - 1] == "\n"):
        written += "\n"
    rest = block[end:] if written else block[end:].removeprefix("\n")
    return f"{source[: found.start(1)]}{block[:begin]}{written}{rest}{source[found.end(1) :]}"


class _Reader:
    def __init__(self, file: str, language: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.subject: str | None = None
        self.subject_line = 1
        self.purposes: tuple[str, ...] = ()
        self.language = language

    def refuse(self, line: int, what: str, hint: str | None = None, key: str | None = None) -> None:
        self.problems.append(Problem(what, hint, self.file, line, key))

    def read(self, block: str) -> None:
        import yaml

        try:
            root = yaml.compose(block, yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 2 if error.problem_mark else 1
            hint = _("put a text with : # { or [ between quotes")
            what = _("the block at the top is not YAML: {why}", why=yaml_fault(error.problem or ""))
            self.refuse(line, what, hint)
            return
        except yaml.YAMLError:
            self.refuse(1, _("the block at the top is not YAML"), _("delete unusual characters"))
            return
        if root is None:
            return
        if not isinstance(root, yaml.MappingNode):
            self.refuse(2, _("the block at the top is no list of keys"), "subject: ...")
            return
        self._entries(root)

    def _entries(self, root: MappingNode) -> None:
        known = set()
        for key_node, value in root.value:
            key, line = str(key_node.value), _line(key_node)
            if key not in KEYS:
                near = get_close_matches(key, KEYS, n=1)
                meant = _("did you mean {name}?", name=near[0]) if near else None
                hint = meant or _("the keys are {names}", names=KEYS)
                self.refuse(line, _("there is no such key"), hint, key)
            elif key in known:
                self.refuse(line, _("the key stands twice"), _("keep one of the two"), key)
            else:
                self._entry(key, value)
            known.add(key)

    def _entry(self, key: str, value: Node) -> None:
        import yaml

        if key == "purposes" and isinstance(value, yaml.SequenceNode):
            if all(isinstance(entry, yaml.ScalarNode) and entry.value for entry in value.value):
                self.purposes = tuple(entry.value for entry in value.value)
            else:
                self.refuse(_line(value), _("must be a list of purposes"), "[information]", key)
        elif not isinstance(value, yaml.ScalarNode) or not value.value:
            self.refuse(_line(value), _("must be a text"), _("put it between quotes"), key)
        elif key == "purposes":
            self.purposes = (value.value,)
        elif key == "subject":
            self.subject, self.subject_line = value.value, _line(value)
        else:
            self._language(value.value, _line(value))

    def _language(self, language: str, line: int) -> None:
        from babel import Locale, UnknownLocaleError

        try:
            Locale.parse(language, sep="-" if "-" in language else "_")
        except (UnknownLocaleError, ValueError):
            self.refuse(line, _("is no language"), _("write de, en, fr ..."), "language")
        else:
            self.language = language


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 2
