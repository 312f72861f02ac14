"""The workspace as its own files describe it: member folders, projects, the lock.

Run as a script it prints the member folders, one a line.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Member:
    """A separately installable distribution of this workspace."""

    folder: Path
    project: dict[str, Any]
    test_requirements: list[str]

    @property
    def name(self) -> str:
        return str(self.project["name"])

    @property
    def package(self) -> Path:
        """The folder of the import package; a distribution has exactly one."""
        return self.folder / "src" / self.name.replace("-", "_")

    @property
    def dependencies(self) -> set[str]:
        """Normalised names of what an installed member needs, extras left out."""
        return {distribution(requirement) for requirement in self.project["dependencies"]}

    @property
    def extras(self) -> set[str]:
        """Normalised names of what its extras bring; imported only where that is used."""
        extras = self.project.get("optional-dependencies", {}).values()
        return {distribution(requirement) for brought in extras for requirement in brought}


def distribution(requirement: str) -> str:
    """The normalised distribution name at the start of a requirement (PEP 503, PEP 508)."""
    name = re.match(r"[A-Za-z0-9._-]+", requirement)
    if name is None:
        raise ValueError(f"not a requirement: {requirement!r}")
    return normalised(name.group())


def normalised(name: str) -> str:
    """The name as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def root_project() -> dict[str, Any]:
    """The parsed pyproject.toml of the workspace root."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def members() -> list[Member]:
    """All members, in the order of the workspace's member patterns."""
    patterns: list[str] = root_project()["tool"]["uv"]["workspace"]["members"]
    folders = [folder for pattern in patterns for folder in sorted(ROOT.glob(pattern))]
    return [_member(folder) for folder in folders if (folder / "pyproject.toml").is_file()]


def _member(folder: Path) -> Member:
    parsed = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    return Member(folder, parsed["project"], parsed.get("dependency-groups", {}).get("test", []))


if __name__ == "__main__":
    for member in members():
        print(member.folder.relative_to(ROOT))
