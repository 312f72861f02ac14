"""The contract that every channel passes."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import pdfplumber
import pikepdf
import pytest

from serienpost_channel_letter.channel import LetterChannel
from serienpost_testkit.suites import Arrived, ChannelSuite

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from serienpost import PracticeContext

NOBODY = "a letter is a file; nobody else takes part"


class TestLetter(ChannelSuite):
    practice_keys: ClassVar[dict[str, object]] = {
        "plugins": [
            "serienpost-testkit",
            "serienpost-channel-letter",
            "serienpost-macros-practice",
        ]
    }
    impossible: ClassVar[dict[str, str]] = dict.fromkeys(
        ("connection", "quota", "recipient", "later", "lost_request"), NOBODY
    ) | {
        "message": "a letter that fails the print check does so in `forecast` already",
        "lost_answer": "the file is there or not",
        "garbled_answer": "the answer of a worker process is ours",
    }

    @pytest.fixture
    def channel(self) -> LetterChannel:
        return LetterChannel()

    @pytest.fixture
    def account(self) -> dict[str, object]:
        return {"folder": "briefe", "processes": 1}

    @pytest.fixture
    def play(self, context: PracticeContext) -> Callable[[str | None], None]:
        """The folder for the files cannot be used, as with a full disk."""

        def fail(defect: str | None) -> None:
            folder = context.path("briefe")
            if defect:
                folder.write_text("not a folder")
            elif folder.is_file():
                folder.unlink()

        return fail

    @pytest.fixture
    def arrived(self, context: PracticeContext) -> Callable[[], Sequence[Arrived]]:
        def read() -> list[Arrived]:
            folder = context.path("briefe")
            paths = sorted(folder.rglob("*.pdf")) if folder.is_dir() else []
            return [one for path in paths for one in _letters(path)]

        return read


def _letters(path: Path) -> list[Arrived]:
    """What stands on the pages, by the reference that each bears."""
    with pikepdf.open(path) as pdf:
        refs = [str(page.obj["/SerienpostRef"]) for page in pdf.pages]
    with pdfplumber.open(path) as pdf:
        return [
            Arrived(
                ref,
                address=_at(page, 62, 97),
                subject=" ".join(_at(page, 98, 103).split()),
                text=_at(page, 109, 275),
            )
            for ref, page in zip(refs, pdf.pages, strict=True)
        ]


def _at(page: pdfplumber.page.Page, top: float, bottom: float) -> str:
    """The text between two heights, in millimetres; left of the information block."""
    right = 120 if bottom <= 100 else 200
    found = page.crop(tuple(mm * 72 / 25.4 for mm in (20, top, right, bottom))).extract_text()
    return found or ""
