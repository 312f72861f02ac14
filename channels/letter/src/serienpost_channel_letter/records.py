"""Letters as the persons' records keep them, printed again without ledger, template or account.

Whether a reprint has as many pages as were recorded is compared in `check.py`.
"""

from __future__ import annotations

import io
import json
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from serienpost import Texts
from serienpost_channel_letter.engine import Defect, LayoutError
from serienpost_channel_letter.jobs import Job
from serienpost_channel_letter.parts import A4, saved
from serienpost_channel_letter.pool import Pool
from serienpost_channel_letter.style import TEXTS, Letter, Style

if TYPE_CHECKING:
    from collections.abc import Sequence

_ = Texts(__name__)

_MEGABYTES, _SECONDS = 2048, 20.0


@dataclass(frozen=True)
class LetterRecord:
    """A letter as a record keeps it: everything that is needed to print it again.

    Args:
        letter: what is laid out, with the pages that it was foretold to have.
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
            name: data.decode() if name in TEXTS else {"base64": b64encode(data).decode()}
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
    def from_text(cls, text: str) -> LetterRecord:
        """The letter of which `to_text` made this.

        Raises:
            ValueError: it is no such text.
        """
        try:
            plain = json.loads(text)
            if plain["serienpost-letter"] != 1:
                raise ValueError(_("a record of another version"))
            files = {
                name: data.encode() if isinstance(data, str) else b64decode(data["base64"])
                for name, data in plain["files"].items()
            }
            letter = Letter(*(plain[k] for k in ("ref", "address", "title", "html", "pages")))
            style = Style(plain["form"], plain["language"], files)
            return cls(letter, style, plain.get("duplex") is True)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(_("not the record of a letter")) from error


def print_records(records: Sequence[str]) -> bytes:
    """One PDF of the letters in these records, in their order.

    Raises:
        LayoutError: one is no record of a letter, or cannot be laid out.
    """
    import pikepdf

    with Pool(1, _MEGABYTES, _SECONDS) as pool, pikepdf.new() as whole:
        for text in records:
            try:
                record = LetterRecord.from_text(text)
            except ValueError as error:
                raise LayoutError(
                    _("an entry cannot be printed: {why}", why=error.args[0]),
                    hint=_("it was not made by this channel"),
                ) from None
            made = pool.do(Job(record.style, [record.letter]))
            (result,) = made.results
            if isinstance(result, Defect):
                what = _("letter {ref}: {why}", ref=record.letter.ref, why=result.text)
                raise LayoutError(what)
            with pikepdf.open(io.BytesIO(made.pdf)) as one:
                whole.pages.extend(one.pages)
                if record.duplex and len(one.pages) % 2:
                    whole.add_blank_page(page_size=A4)
        return saved(whole)
