"""`serienpost.yaml` over a vendor's policy: merged, with the origin of every key."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from serienpost.config.document import Document, Loc, loc_of, step_into
from serienpost.config.reader import scan_yaml
from serienpost.errors import ConfigError, Problem

PRACTICE_FILE = "serienpost.yaml"
POLICY_VARIABLE = "SERIENPOST_POLICY"
POLICY_FILE = Path("/etc/serienpost/policy.yaml")
POLICY_KEYS = ("locked", "required_plugins")


@dataclass(frozen=True)
class Layers:
    """The files that make up a practice's configuration."""

    practice: Document
    policy: Document | None = None

    @cached_property
    def data(self) -> dict[str, Any]:
        """The policy with the practice's file merged over it: map by map, all else replaced."""
        if not self.policy:
            return self.practice.data
        base = {key: value for key, value in self.policy.data.items() if key not in POLICY_KEYS}
        return _merged(base, self.practice.data)

    @property
    def files(self) -> tuple[str, ...]:
        """The paths of the files."""
        return tuple(one.file for one in (self.practice, self.policy) if one)

    def where(self, loc: Loc) -> tuple[str, int | None]:
        """File and line of a key of `data`, of its nearest parent where it is absent."""
        for end in range(len(loc), 0, -1):
            origin = self.origin(loc[:end])
            if origin:
                return origin
        return self.practice.file, None

    def origin(self, loc: Loc) -> tuple[str, int | None] | None:
        """File and line of a key, None where no file holds it."""
        for document in (self.practice, self.policy):
            if document and document.has(loc):
                return document.file, document.line(loc)
        return None

    def place(self, key: str) -> tuple[str | None, int | None]:
        """File and line of a dotted key, (None, None) where no file holds it."""
        return self.origin(loc_of(self.data, key)) or (None, None)

    def changed(self, key: str) -> bool:
        """Whether merging gave a dotted key another value than the policy alone gives it."""
        if not self.policy:
            return False
        loc = loc_of(self.data, key)
        return bool(_at(self.data, loc) != _at(self.policy.data, loc))


def read_layers(folder: Path) -> Layers:
    """Read the policy, if there is one, and the practice's file.

    Raises:
        ConfigError: `serienpost.yaml` is missing, or a file is not readable at all.
    """
    path = folder / PRACTICE_FILE
    if not path.is_file():
        raise ConfigError(
            Problem(
                f"there is no {PRACTICE_FILE} in {folder}",
                "`serienpost init DIR` makes a practice folder, -C DIR names another",
            )
        )
    problems: list[Problem] = []
    documents: list[Document] = []
    policy = _policy_path()
    for file in (path, *([policy] if policy else [])):
        try:
            documents.append(scan_yaml(file))
        except ConfigError as error:
            problems.extend(error.problems)
    if problems:
        found = [problem for document in documents for problem in document.problems]
        raise ConfigError(*problems, *found)
    return Layers(*documents)


def _policy_path() -> Path | None:
    named = os.environ.get(POLICY_VARIABLE)
    if named:
        return Path(named)
    return POLICY_FILE if POLICY_FILE.is_file() else None


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
