"""No file of the project names an index host or a path of somebody's machine."""

from __future__ import annotations

import re
import subprocess

import pytest
from workspace import ROOT

INDEX_HOST = re.compile(r"pyp[i]\.org|pythonhoste[d]|npmj[s]\.|debia[n]\.org|proxy\.golan[g]")
MACHINE_PATH = re.compile(r"(?<![\w./-])/(?:home|root|Users|work|farm)/[\w.]")


def project_files() -> dict[str, str]:
    """Text of every file that is, or would be, under version control, by its path."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    files = (ROOT / name for name in listed.split("\0") if name)
    return {
        str(file.relative_to(ROOT)): file.read_text(encoding="utf-8", errors="replace")
        for file in files
        if file.is_file()
    }


@pytest.mark.parametrize("pattern", [INDEX_HOST, MACHINE_PATH], ids=["index-host", "machine-path"])
def test_files_are_free_of(pattern: re.Pattern[str]) -> None:
    files = project_files()
    assert "pyproject.toml" in files
    found = [
        f"{name}:{number}: {line.strip()}"
        for name, text in files.items()
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]
    assert found == []


def test_lock_stays_out_of_version_control() -> None:
    assert "uv.lock" not in project_files()


@pytest.mark.parametrize(
    ("pattern", "line"),
    [
        (INDEX_HOST, "https://py" + "pi.org/simple"),
        (INDEX_HOST, "files.python" + "hosted.org"),
        (MACHINE_PATH, "cd /ho" + "me/eva/src"),
        (MACHINE_PATH, '"/ro' + 'ot/.cache"'),
    ],
)
def test_patterns_find_what_they_are_for(pattern: re.Pattern[str], line: str) -> None:
    assert pattern.search(line)
