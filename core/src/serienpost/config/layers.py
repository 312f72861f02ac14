"""`serienpost.yaml` over the policies: merged, with the origin of every key.

The policy of the machine holds wherever there is one; the policy that the environment names stands
above it and can only add to it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

from serienpost.config.document import ABSENT, Document, Loc, loc_of, step_into
from serienpost.config.reader import scan_yaml
from serienpost.errors import ConfigError, Problem
from serienpost.translation import Texts

_ = Texts(__name__)

PRACTICE_FILE = "serienpost.yaml"
POLICY_VARIABLE = "SERIENPOST_POLICY"
POLICY_FILE = Path("/etc/serienpost/policy.yaml")
POLICY_KEYS = ("locked", "required_plugins")

# A file and, where it is there, what tells its versions apart.
Stamp: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True)
class Layers:
    """The files that make up a practice's configuration.

    Args:
        practice: `serienpost.yaml`.
        policies: those that stand below it, the lowest first.
        stamps: of the files just before they were read.
    """

    practice: Document
    policies: tuple[Document, ...] = ()
    stamps: tuple[Stamp, ...] = ()

    @cached_property
    def data(self) -> dict[str, Any]:
        """The policies with the practice's file merged over them: map by map, all else replaced."""
        return self._steps[-1]

    @cached_property
    def _steps(self) -> list[dict[str, Any]]:
        """What holds after each policy, and at last after the practice's file."""
        steps: list[dict[str, Any]] = []
        for policy in self.policies:
            own = {key: value for key, value in policy.data.items() if key not in POLICY_KEYS}
            steps.append(_merged(steps[-1] if steps else {}, own))
        steps.append(_merged(steps[-1] if steps else {}, self.practice.data))
        return steps

    @property
    def files(self) -> tuple[str, ...]:
        """The paths of the files."""
        return tuple(one.file for one in (self.practice, *self.policies))

    def where(self, loc: Loc) -> tuple[str, int | None]:
        """File and line of a key of `data`, of its nearest parent where it is absent."""
        for end in range(len(loc), 0, -1):
            origin = self.origin(loc[:end])
            if origin:
                return origin
        return self.practice.file, None

    def origin(self, loc: Loc) -> tuple[str, int | None] | None:
        """File and line of a key, None where no file holds it."""
        for document in (self.practice, *reversed(self.policies)):
            if document.has(loc):
                return document.file, document.line(loc)
        return None

    def place(self, key: str) -> tuple[str | None, int | None]:
        """File and line of a dotted key, (None, None) where no file holds it."""
        return self.origin(loc_of(self.data, key)) or (None, None)

    def changed_by(self, key: str, policy: Document) -> Document | None:
        """The file above a policy that gives a dotted key another value than it has there; None
        where each leaves it as it is."""
        first = self.policies.index(policy)
        held = _at(self._steps[first], loc_of(self._steps[first], key))
        above = (*self.policies, self.practice)[first + 1 :]
        for document, data in zip(above, self._steps[first + 1 :], strict=True):
            if _at(data, loc_of(data, key)) != held:
                return document
        return None

    def demands(self) -> dict[str, Any]:
        """What checked policies demand: each locked key with its value, the required plugins."""
        locked = {key for policy in self.policies for key in policy.data.get("locked", ())}
        values = {key: _at(self.data, loc_of(self.data, key)) for key in locked}
        plugins = {p for each in self.policies for p in each.data.get("required_plugins", ())}
        return {
            "required_plugins": sorted(plugins),
            **{key: None if value is ABSENT else value for key, value in values.items()},
        }


def read_layers(folder: Path) -> Layers:
    """Read the policy, if there is one, and the practice's file.

    Raises:
        ConfigError: `serienpost.yaml` is missing, or a file is not readable at all.
    """
    path = folder / PRACTICE_FILE
    if not path.is_file():
        raise ConfigError(
            Problem(
                _("there is no {file} in {folder}", file=PRACTICE_FILE, folder=str(folder)),
                _("`serienpost init DIR` makes a practice folder, -C DIR names another"),
            )
        )
    stamps = stamps_of(folder)
    problems: list[Problem] = []
    documents: list[Document] = []
    for file in (path, *_policy_paths()):
        try:
            documents.append(scan_yaml(file))
        except ConfigError as error:
            problems.extend(error.problems)
    if problems:
        found = [problem for document in documents for problem in document.problems]
        raise ConfigError(*problems, *found)
    return Layers(documents[0], tuple(documents[1:]), stamps)


def stamps_of(folder: Path) -> tuple[Stamp, ...]:
    """What tells whether a file of the configuration came, went or was written anew."""
    return tuple(_stamp(file) for file in (folder / PRACTICE_FILE, *_policy_paths()))


def _policy_paths() -> list[Path]:
    """The policy of the machine, if there is one, then the one that the environment names."""
    paths = [POLICY_FILE] if _is_there(POLICY_FILE) else []
    named = os.environ.get(POLICY_VARIABLE)
    if named and not (paths and os.path.realpath(paths[0]) == os.path.realpath(named)):
        paths.append(Path(named))
    return paths


def _is_there(policy: Path) -> bool:
    """Whether something has this name. What cannot be read, such as a link that leads nowhere or a
    folder that is closed, is no absence."""
    try:
        policy.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def _stamp(file: Path) -> Stamp:
    try:
        found = file.stat()
    except OSError:
        return (str(file),)
    # The time of the last change as well: programs that copy set back that of the last write.
    return (str(file), found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for key, value in over.items():
        below = result.get(key)
        if isinstance(below, dict) and isinstance(value, dict):
            result[key] = _merged(below, value)
        else:
            result[key] = value
    return result


def _at(data: object, loc: Loc) -> object:
    for step in loc:
        data = step_into(data, step)
    return data
