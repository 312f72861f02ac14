"""A file that a user names replaces an earlier one of its kind, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from serienpost.errors import SerienpostError
from serienpost.files import private_file, refuse_other, spreadsheet_cell, write_private

if TYPE_CHECKING:
    from pathlib import Path


def _write(path: Path, text: str) -> None:
    with private_file(path) as file:
        file.write(text)


def test_an_earlier_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "liste.csv"
    path.touch()
    _write(path, "row;name\n1;Eva\n")
    _write(path, "row;name\n2;Ada\n")
    assert path.read_text() == "row;name\n2;Ada\n"
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("there", ["practice: {id: x}\n", "SQLite format 3\0", "row;other\n"])
def test_another_file_stays(tmp_path: Path, there: str) -> None:
    path = tmp_path / "serienpost.yaml"
    path.write_text(there)
    with pytest.raises(SerienpostError, match="another kind of file"):
        _write(path, "row;name\n1;Eva\n")
    assert path.read_text() == there
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(SerienpostError, match="another kind of file"):
        refuse_other(path, b"%PDF-")


def test_what_somebody_else_put_there_is_not_written_to(tmp_path: Path) -> None:
    """Neither a link in place of the file nor one under a name that could be foreseen."""
    theirs = tmp_path / "theirs.csv"
    theirs.write_text("row;name\n")
    path = tmp_path / "liste.csv"
    for name in ("liste.csv", ".liste.csv.part"):
        (tmp_path / name).symlink_to(theirs)
    _write(path, "row;name\n1;Eva\n")
    assert not path.is_symlink()
    write_private(path, b"row;name\n2;Ada\n")
    assert theirs.read_text() == "row;name\n"


def test_two_who_write_the_same_file_do_not_meet(tmp_path: Path) -> None:
    path = tmp_path / "liste.csv"
    with private_file(path) as first:
        first.write("a\n1\n")
        with private_file(path) as second:
            second.write("a\n2\n")
    assert path.read_text() == "a\n1\n"
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(SerienpostError, match="make the folder"):
        _write(tmp_path / "fehlt" / "x.csv", "a\n")


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1", "'=1"),
        ("-2", "'-2"),
        ("@x", "'@x"),
        (None, ""),
        ("", ""),
        (3, "3"),
        ("a\x1b[2Jb", "a\ufffd[2Jb"),
        ("\u202ea", "\ufffda"),
    ],
)
def test_no_cell_is_a_formula(value: object, cell: str) -> None:
    assert spreadsheet_cell(value) == cell
