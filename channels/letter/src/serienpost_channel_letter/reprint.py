"""Letters printed again from their records, without ledger, template or account."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from serienpost_channel_letter.engine import Fault, LayoutError
from serienpost_channel_letter.jobs import Job
from serienpost_channel_letter.parts import A4, saved
from serienpost_channel_letter.pool import Pool
from serienpost_channel_letter.style import Record

if TYPE_CHECKING:
    from collections.abc import Sequence

_MEGABYTES, _SECONDS = 2048, 20.0


def print_records(records: Sequence[str]) -> bytes:
    """One PDF of the letters in these records, in their order.

    Raises:
        LayoutError: one is no record of a letter, or cannot be laid out.
    """
    import pikepdf

    with Pool(1, _MEGABYTES, _SECONDS) as pool, pikepdf.new() as whole:
        for text in records:
            try:
                record = Record.from_text(text)
            except ValueError as error:
                raise LayoutError(
                    f"an entry cannot be printed: {error}", hint="it was not made by this channel"
                ) from None
            sheets = pool.do(Job(record.style, [record.letter]))
            (result,) = sheets.results
            if isinstance(result, Fault):
                raise LayoutError(f"letter {record.letter.ref}: {result.text}")
            with pikepdf.open(io.BytesIO(sheets.pdf)) as one:
                whole.pages.extend(one.pages)
                if record.duplex and len(one.pages) % 2:
                    whole.add_blank_page(page_size=A4)
        return saved(whole)
