"""A file that a user names replaces an earlier one of its kind, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from serienpost.errors import SerienpostError
from serienpost.files import private_file, refuse_other, spreadsheet_cell

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


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(SerienpostError, match="make the folder"):
        _write(tmp_path / "fehlt" / "x.csv", "a\n")


@pytest.mark.parametrize(
    ("value", "cell"), [("=1", "'=1"), ("-2", "'-2"), ("@x", "'@x"), (None, ""), ("", ""), (3, "3")]
)
def test_no_cell_is_a_formula(value: object, cell: str) -> None:
    assert spreadsheet_cell(value) == cell
