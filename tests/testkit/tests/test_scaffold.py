"""What `new-plugin` writes: names, refusals, and files that are right as they are."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from serienpost import SerienpostError
from serienpost.cli.group import cli
from serienpost_testkit.catalogues import Package
from serienpost_testkit.scaffold.writing import KINDS, Names, write_plugin

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("kind", KINDS)
def test_a_package_has_the_common_shape(kind: str, tmp_path: Path) -> None:
    written = write_plugin(Names(kind, "pigeon-post"), tmp_path)
    folder = tmp_path / f"serienpost-{kind}-pigeon-post"
    package = f"serienpost_{kind}_pigeon_post"
    project = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["name"] == folder.name
    assert project["entry-points"]["serienpost"] == {folder.name: package}
    assert {"README.md", f"src/{package}/py.typed", "tests/test_contract.py"} <= {
        str(path.relative_to(folder)) for path in written
    }
    for path in (one for one in written if one.suffix != ".mo"):
        text = path.read_text("utf-8")
        assert "$" not in text
        if path.suffix == ".py":
            compile(text, str(path), "exec")


@pytest.mark.parametrize("kind", KINDS)
def test_a_package_brings_its_catalogue(kind: str, tmp_path: Path) -> None:
    written = write_plugin(Names(kind, "pigeon"), tmp_path)
    package = Package(tmp_path / f"serienpost-{kind}-pigeon" / "src" / f"serienpost_{kind}_pigeon")
    assert package.faults() == []
    has_texts = any("Texts" in p.read_text("utf-8") for p in written if p.suffix == ".py")
    assert has_texts == (len(package.template) > 0) == (package.path("de") in written)


@pytest.mark.parametrize("name", ["Pigeon", "2post", "a--b", "../a", "a_b", "", "-x", "a-"])
def test_a_name_that_cannot_be_used_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(SerienpostError, match="cannot be the name"):
        write_plugin(Names("macros", name), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    there = tmp_path / "serienpost-macros-club"
    there.mkdir()
    with pytest.raises(SerienpostError, match="is there already"):
        write_plugin(Names("macros", "club"), tmp_path)
    assert list(there.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SerienpostError, match="cannot be written"):
        write_plugin(Names("macros", "club"), tmp_path / "file")


def test_the_command_is_found_by_its_name(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        cli, ["new-plugin", "macros", "club", "--out", str(tmp_path)], standalone_mode=False
    )
    reply = result.return_value
    assert reply.data["distribution"] == "serienpost-macros-club"
    assert [path for path in reply.data["files"] if not (tmp_path / path).is_file()] == []
    assert json.dumps(reply.data)
