"""Writes the files of a new plugin."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING

from serienpost import ConfigError, Texts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable
    from pathlib import Path

_ = Texts(__name__)

# What a package can be scaffolded for.
KINDS = ("channel", "source", "consent", "macros")

_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*\Z")
_SUFFIX = ".tmpl"


@dataclass(frozen=True, slots=True)
class Names:
    """How things of a new plugin are called.

    Args:
        kind: one of `KINDS`.
        name: as users write it in their files, `pigeon-post`.
    """

    kind: str
    name: str

    @property
    def distribution(self) -> str:
        return f"serienpost-{self.kind}-{self.name}"

    def placeholders(self) -> dict[str, str]:
        """What stands for what in the files."""
        words = self.name.split("-")
        return {
            "name": self.name,
            "distribution": self.distribution,
            "package": self.distribution.replace("-", "_"),
            "module": "_".join(words),
            "Name": "".join(word.capitalize() for word in words),
            "NAME": "_".join(words).upper(),
        }


def write_plugin(names: Names, folder: Path) -> list[Path]:
    """Write all files of the package below `folder`; returns their paths.

    Raises:
        ConfigError: the name cannot be used, or something is there already.
    """
    if not _NAME.match(names.name):
        raise ConfigError(
            _("{name} cannot be the name of a plugin", name=names.name),
            hint=_("use a-z, 0-9 and single hyphens, a letter first"),
        )
    target = folder / names.distribution
    if target.exists():
        raise ConfigError(
            _("{folder} is there already", folder=str(target)),
            hint=_("take another name or --out"),
        )
    placeholders = names.placeholders()
    written = []
    try:
        for path, source in _templates(files(__package__) / "files" / names.kind):
            file = target / Template(path).substitute(placeholders)
            file.parent.mkdir(parents=True, exist_ok=True)
            text = Template(source.read_text("utf-8")).substitute(placeholders)
            file.write_text(text, encoding="utf-8")
            written.append(file)
        written += _compiled(target / "src" / placeholders["package"])
    except OSError as error:
        raise ConfigError(
            _(
                "{folder} cannot be written: {cause}",
                folder=str(target),
                cause=error.strerror or type(error).__name__,
            ),
            hint=_("choose a folder with --out"),
        ) from error
    return written


def _compiled(package: Path) -> list[Path]:
    """Compile the package's catalogues, where it has any; returns what is new."""
    from serienpost_testkit.catalogues import Package

    made = Package(package)
    for language in made.languages:
        made.write(language)
    return [made.path(language).with_suffix(".mo") for language in made.languages]


def _templates(folder: Traversable) -> Iterator[tuple[str, Traversable]]:
    """Path in the package, and the template; `+` in a template's name is a slash of the path."""
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.name.endswith(_SUFFIX):
            yield entry.name.removesuffix(_SUFFIX).replace("+", "/"), entry
