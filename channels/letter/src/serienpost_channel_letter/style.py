"""What is the same for all letters of a run, as a layout engine gets it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from serienpost import Content

LETTER_SHEET = "din5008.css"
OWN_SHEET = "letter.css"
FRAME = "rahmen.html"
FRAME_SHEET = "rahmen.css"
PROOF = "probedruck.css"
BACKGROUND = "briefpapier.pdf"
# Attribute of the parts of the frame that must fit into their place; its value is their name.
MEASURED = "data-zone"
TEXTS = frozenset({LETTER_SHEET, OWN_SHEET, FRAME, FRAME_SHEET, PROOF})


@dataclass(frozen=True)
class Style:
    """Style sheets, frame and images of letters that look the same.

    Args:
        form: `A` or `B` of DIN 5008.
        language: of the letters, for the document.
        files: by name: the texts named above, `briefpapier.pdf`, images.
    """

    form: str
    language: str
    files: Mapping[str, bytes]

    @classmethod
    def of(cls, content: Content) -> Style:
        """The style that a letter was composed with."""
        layout = dict(content.layout)
        files = {one.filename: one.data for one in content.attachments}
        return cls(layout["form"], layout["language"], files)

    @cached_property
    def digest(self) -> str:
        """The same for the same style."""
        made = hashlib.sha256(f"{self.form} {self.language}".encode())
        for name, data in sorted(self.files.items()):
            made.update(f"\0{name}\0{len(data)}\0".encode() + data)
        return made.hexdigest()

    def text(self, name: str) -> str:
        """One of the texts, empty where there is none."""
        return self.files.get(name, b"").decode("utf-8")

    @property
    def sheet(self) -> str:
        """The letter's style sheet with the template's own rules after ours."""
        return f"{self.text(LETTER_SHEET)}\n{self.text(OWN_SHEET)}"


def by_style(contents: Sequence[Content]) -> list[list[int]]:
    """The positions of letters that look the same, such as those in one language; each group is
    laid out by itself."""
    known: dict[tuple[object, ...], list[int]] = {}
    looks: list[tuple[object, list[int]]] = []
    for position, one in enumerate(contents):
        key = (id(one.attachments), *one.layout[:2])
        if key not in known:
            look = (one.attachments, one.layout[:2])
            alike = next((group for other, group in looks if other == look), [])
            if not alike:
                looks.append((look, alike))
            known[key] = alike
        known[key].append(position)
    return [group for _, group in looks]


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter to be laid out.

    Args:
        ref: its reference, the marker on each of its pages.
        address: the lines that must stand in the window.
        title: for the document.
        html: the letter.
        pages: how many pages were foretold; None where nothing was.
    """

    ref: str
    address: str
    title: str
    html: str
    pages: int | None = None
