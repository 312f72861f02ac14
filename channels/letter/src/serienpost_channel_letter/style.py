"""What is the same for all letters of a run, as a layout engine gets it."""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from serienpost import Content

LETTER_SHEET = "din5008.css"
OWN_SHEET = "letter.css"
FRAME = "rahmen.html"
FRAME_SHEET = "rahmen.css"
PROOF = "probedruck.css"
BACKGROUND = "briefpapier.pdf"
_TEXTS = frozenset({LETTER_SHEET, OWN_SHEET, FRAME, FRAME_SHEET, PROOF})


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
        said = dict(content.headers)
        files = {one.filename: one.data for one in content.attachments}
        return cls(said["Form"], said["Language"], files)

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


@dataclass(frozen=True)
class Record:
    """A letter as a record keeps it: everything that is needed to print it again.

    Args:
        letter: what is laid out.
        style: how it looks.
        duplex: padded to whole sheets.
    """

    letter: Letter
    style: Style = field(repr=False)
    duplex: bool = False

    def to_text(self) -> str:
        """As JSON: images in base64, the rest as it is."""
        style, letter = self.style, self.letter
        files = {
            name: data.decode() if name in _TEXTS else {"base64": b64encode(data).decode()}
            for name, data in sorted(style.files.items())
        }
        plain = {
            "serienpost-letter": 1,
            "ref": letter.ref,
            "address": letter.address,
            "title": letter.title,
            "html": letter.html,
            "pages": letter.pages,
            "form": style.form,
            "language": style.language,
            "duplex": self.duplex,
            "files": files,
        }
        return json.dumps(plain, ensure_ascii=False)

    @classmethod
    def from_text(cls, text: str) -> Record:
        """The letter of which `to_text` made this.

        Raises:
            ValueError: it is no such text.
        """
        try:
            plain = json.loads(text)
            if plain["serienpost-letter"] != 1:
                raise ValueError("a record of another version")
            files = {
                name: data.encode() if isinstance(data, str) else b64decode(data["base64"])
                for name, data in plain["files"].items()
            }
            letter = Letter(*(plain[k] for k in ("ref", "address", "title", "html", "pages")))
            style = Style(plain["form"], plain["language"], files)
            return cls(letter, style, plain.get("duplex") is True)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError("not the record of a letter") from error
