"""Bring the catalogues of all members up to the code and compile them (`make texts`).

What is left to translate is told, and anything that stands wrong in a catalogue; `--check` changes
nothing and also tells what would be changed.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

from workspace import members

from serienpost_testkit.catalogues import Package

# Member -> packages whose texts it translates too, because they know only English.
ALSO = {"serienpost": ("click",)}


def package_of(name: str, folder: Path) -> Package:
    """A member's package with what it translates."""
    found = (find_spec(other) for other in ALSO.get(name, ()))
    origins = [Path(spec.origin).parent for spec in found if spec and spec.origin]
    return Package(folder, tuple(origins))


def main(*, check: bool) -> list[str]:
    """Update the catalogues; returns what is left to do, a line each."""
    left = []
    for member in members():
        package = package_of(member.name, member.package)
        for language in package.languages if not check else ():
            package.write(language)
        left += package.faults()
    return left


if __name__ == "__main__":
    found = main(check="--check" in sys.argv)
    print(*found, sep="\n", end="\n" if found else "")
    sys.exit(1 if found else 0)
