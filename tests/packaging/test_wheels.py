"""What a practice installs is complete: wheels hold exactly the files of their source folder."""

from __future__ import annotations

import subprocess
import zipfile
from typing import TYPE_CHECKING

import pytest
from workspace import ROOT, Member, members

if TYPE_CHECKING:
    from pathlib import Path

MEMBERS = members()


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel of every member, built as for a release."""
    out = tmp_path_factory.mktemp("wheels")
    built = subprocess.run(
        [ROOT / "scripts" / "uv", "build", "--all-packages", "--wheel", "--out-dir", out],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stderr
    return out


@pytest.mark.parametrize("member", MEMBERS, ids=lambda member: member.name)
def test_wheel_holds_the_whole_package(member: Member, wheels: Path) -> None:
    stem = f"{member.package.name}-{member.project['version']}"
    with zipfile.ZipFile(wheels / f"{stem}-py3-none-any.whl") as wheel:
        names = set(wheel.namelist())
    in_source = {
        str(file.relative_to(member.folder / "src"))
        for file in member.package.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    in_wheel = {name for name in names if not name.startswith(f"{stem}.dist-info/")}
    assert f"{member.package.name}/py.typed" in in_wheel
    assert in_wheel == in_source


def test_every_member_is_built(wheels: Path) -> None:
    assert len(list(wheels.glob("*.whl"))) == len(MEMBERS)
