"""The pins in pyproject.toml are the lock that is under version control."""

from __future__ import annotations

import tomllib

from pin import locked_pins, with_pins
from workspace import ROOT, root_project


def test_every_locked_package_is_pinned_at_its_version() -> None:
    assert root_project()["tool"]["uv"]["constraint-dependencies"] == locked_pins(), (
        "pyproject.toml and uv.lock differ: run `make pins` and commit pyproject.toml"
    )


def test_build_backend_is_pinned() -> None:
    pinned = root_project()["tool"]["uv"]["build-constraint-dependencies"]
    assert any(pin.startswith("hatchling==") for pin in pinned)


def test_writing_pins_changes_nothing_else() -> None:
    before = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    after = with_pins(before, ["backend==1"], ["one==1 ; python_full_version < '3.12'", "two==2"])
    old, new = tomllib.loads(before), tomllib.loads(after)
    assert new["tool"]["uv"].pop("build-constraint-dependencies") == ["backend==1"]
    assert new["tool"]["uv"].pop("constraint-dependencies") == [
        "one==1 ; python_full_version < '3.12'",
        "two==2",
    ]
    del old["tool"]["uv"]["build-constraint-dependencies"]
    del old["tool"]["uv"]["constraint-dependencies"]
    assert new == old
