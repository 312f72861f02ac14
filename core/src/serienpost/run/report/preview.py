"""What would leave (or left), as files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from serienpost.contracts.content import Refused
from serienpost.errors import LedgerError, SerienpostError
from serienpost.ledger.rows import OUTGOING, Outgoing
from serienpost.ledger.runs import allow_command, find_rows, find_run
from serienpost.ledger.schema import message
from serienpost.run.prepare.plan import from_json
from serienpost.run.prepare.renderer import message_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from serienpost.ledger.store import Ledger
    from serienpost.run.prepare.renderer import RunRenderer


# The folder in the practice folder for the files that people look at.
PREVIEWS = "vorschau"

# What separates the parts of a name, or is more than a sign in one.
_UNSAFE = re.compile(r"[^\w-]|_")


def file_name(row_id: str) -> str:
    """How the files of a row are called, before the point of their suffix: `patient-17_termin-99`.
    Other rows have other names, whatever signs the keys of the practice hold."""
    parts = (part.split(":", maxsplit=1) for part in row_id.split("/"))
    return "_".join("-".join(map(_quoted, part)) for part in parts)


def _quoted(text: str) -> str:
    return _UNSAFE.sub(
        lambda found: "".join(f"%{one:02X}" for one in found[0].encode("utf-8", "surrogatepass")),
        text,
    )


def preview(
    renderer: RunRenderer, ledger: Ledger, run_id: str, row_id: str | None, *, every: bool
) -> Iterator[tuple[str, dict[str, bytes]]]:
    """What would leave (or left): row id and files by suffix. Writes nothing to the ledger.

    Args:
        renderer: the run's frozen header and files.
        ledger: the practice's ledger.
        run_id: the run.
        row_id: one row or person; None for the first marked row, with `every` for all.
        every: all marked rows.

    Raises:
        LedgerError: there is no such row, or it has no content.
    """
    c = message.c
    with ledger.read() as tx:
        allow_command(find_run(tx, run_id), "preview")
        marked = tx.select(message, *OUTGOING).where(c.run == run_id, c.macro_values.is_not(None))
        marked = marked.order_by(c.no)
        if row_id:
            marked = marked.where(c.no.in_([row.no for row in find_rows(tx, run_id, row_id)]))
        elif not every:
            marked = marked.limit(1)
        is_empty = True
        for row in tx.stream(marked):
            is_empty = False
            yield row.row_id, _files(renderer, Outgoing._make(row))
        if row_id and is_empty:
            raise LedgerError(f"{row_id} is not marked; there is nothing to preview")


def _files(renderer: RunRenderer, row: Outgoing) -> dict[str, bytes]:
    content = renderer.content(from_json(row.macro_values), row.address)
    if isinstance(content, Refused) or not renderer.is_same(content, row.content_hash):
        raise SerienpostError(
            f"row {row.row_id} would now read differently than reviewed",
            hint="prepare the mailing again",
        )
    return dict(renderer.channel.preview(renderer.account, message_of(row, content)))
