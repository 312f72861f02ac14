"""Resolve all third-party versions anew and pin them in the root pyproject.toml (`make pins`).

uv.lock names index hosts and machine-dependent file addresses, so it stays out of version control;
the pins between the marker comments take its place.
"""

from __future__ import annotations

import subprocess
import tomllib
from typing import Any

from workspace import ROOT

PYPROJECT = ROOT / "pyproject.toml"
UV = ROOT / "scripts" / "uv"
BEGIN = "# pins: written by `make pins`"
END = "# end of pins"


def locked_pins() -> list[str]:
    """One requirement per third-party package in uv.lock, with a marker where versions fork."""
    lock: dict[str, Any] = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
    packages = sorted(lock["package"], key=lambda package: (package["name"], package["version"]))
    return [_pin(package) for package in packages if "registry" in package["source"]]


def _pin(package: dict[str, Any]) -> str:
    markers: list[str] = package.get("resolution-markers", [])
    joined = " or ".join(f"({marker})" if len(markers) > 1 else marker for marker in markers)
    pin = f"{package['name']}=={package['version']}"
    return f"{pin} ; {joined}" if joined else pin


def build_pins() -> list[str]:
    """The build backend and what it needs itself; the lock does not cover build requirements."""
    resolved = _uv(
        "pip", "compile", "--quiet", "--no-header", "--no-annotate", "-", given="hatchling"
    )
    return sorted(resolved.split("\n")[:-1])


def with_pins(text: str, build: list[str], run: list[str]) -> str:
    """The pyproject text with the lines between the markers replaced."""
    before, _, rest = text.partition(f"{BEGIN}\n")
    _, _, after = rest.partition(f"{END}\n")
    pins = _array("build-constraint-dependencies", build) + _array("constraint-dependencies", run)
    return f"{before}{BEGIN}\n{pins}{END}\n{after}"


def _array(key: str, pins: list[str]) -> str:
    lines = "".join(f'    "{pin}",\n' for pin in pins)
    return f"{key} = [\n{lines}]\n"


def _uv(*arguments: str, given: str = "") -> str:
    done = subprocess.run(
        [UV, *arguments], cwd=ROOT, input=given, text=True, check=True, stdout=subprocess.PIPE
    )
    return done.stdout


def main() -> None:
    old = PYPROJECT.read_text(encoding="utf-8")
    if old.count(f"{BEGIN}\n") != 1 or old.count(f"{END}\n") != 1:
        raise SystemExit(f"pin: pyproject.toml needs the lines {BEGIN!r} and {END!r} once each")
    try:
        PYPROJECT.write_text(with_pins(old, [], []), encoding="utf-8")
        _uv("lock", "--upgrade")
        new = with_pins(old, build_pins(), locked_pins())
        PYPROJECT.write_text(new, encoding="utf-8")
        _uv("lock")
    except BaseException:
        PYPROJECT.write_text(old, encoding="utf-8")
        raise


if __name__ == "__main__":
    main()
