"""Letters of several parts in one file, held against the made-up people by other programs."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from letter_load import check, check_letter, check_size, make_practice, pages_of
from null_practice import prepared, run

if TYPE_CHECKING:
    from pathlib import Path

COUNT = 60
TOOLS = ("qpdf", "pdfinfo", "pdftotext")


@pytest.mark.skipif(
    not all(map(shutil.which, TOOLS)), reason="needs Debian's qpdf and poppler-utils"
)
def test_each_letter_is_in_the_file_once(tmp_path: Path) -> None:
    folder = tmp_path / "praxis"
    make_practice(folder, COUNT, part=25)
    run_id, _ = prepared(folder)
    run(folder, "send", run_id, "--yes")
    path = folder / "briefe" / f"{run_id}.pdf"
    check_size(path)
    check(folder, run_id, COUNT, previews=2)
    first, second, *_ = pages_of(path)
    for wrong in ([second], [first, second], [second, first], [first.replace("Sonja", "Eva")]):
        with pytest.raises(AssertionError):
            check_letter(wrong, 1)
